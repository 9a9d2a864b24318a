// Package control is the front for programs on the same machine: HTTP with JSON over a Unix
// socket, as docs/control.md describes it. The user and the groups of the calling process
// identify the requester.
package control
