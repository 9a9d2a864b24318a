// Package server holds what the implementations of a server share: it classifies the
// errors of the stream and of the server, and repeats requests whose stream was lost.
package server
