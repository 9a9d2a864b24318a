package framing

import (
	"crypto/tls"
	"net"
)

// Stepwise is a connection that gives a reader one byte at a time, so that a
// decoder reads no further than it must: what comes right behind a negotiation is
// left on the connection.
type Stepwise struct{ net.Conn }

// Read implements io.Reader.
func (s Stepwise) Read(p []byte) (int, error) { return s.Conn.Read(p[:min(1, len(p))]) }

// ConnectionState is that of TLS, zero where there is none.
func (s Stepwise) ConnectionState() tls.ConnectionState {
	if c, ok := s.Conn.(*tls.Conn); ok {
		return c.ConnectionState()
	}
	return tls.ConnectionState{}
}
