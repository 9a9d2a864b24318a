// Package control is the front of the command namespace for programs of the
// same machine: HTTP with JSON inside on a Unix socket, as docs/control.md
// describes it. Who calls is known by whose process it is.
package control
