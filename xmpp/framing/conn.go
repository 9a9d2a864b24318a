package framing

import (
	"crypto/tls"
	"net"
)

// OneByteConn is a connection that returns one byte a read. So even a buffered decoder
// reads no further than it must, and the bytes after a negotiation remain on the
// connection.
type OneByteConn struct{ net.Conn }

// Read implements io.Reader.
func (c OneByteConn) Read(p []byte) (int, error) { return c.Conn.Read(p[:min(1, len(p))]) }

// ConnectionState returns the state of the TLS connection, or zero without TLS.
func (c OneByteConn) ConnectionState() tls.ConnectionState {
	if secure, ok := c.Conn.(*tls.Conn); ok {
		return secure.ConnectionState()
	}
	return tls.ConnectionState{}
}
