// Package client is the stream of an XMPP client (RFC 6120): it finds an account's
// server, encrypts the connection, logs in, and sends and receives stanzas.
package client
