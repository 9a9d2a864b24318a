package component

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"

	xep0114 "mellium.im/xmpp/component"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stream"

	"emanagement/xmpp/framing"
)

// negotiate makes the handshake of XEP-0114 §3 on a fresh connection.
func negotiate(ctx context.Context, conn net.Conn, domain jid.JID, secret []byte) error {
	// The library does not keep the context's deadline, so the connection is closed
	// then. The library gets a context without an end: it may interrupt the connection
	// at that end even when the handshake is long done.
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	recorded := &prefixConn{Conn: conn}
	_, err := xep0114.NewSession(context.WithoutCancel(ctx), domain, secret, framing.OneByteConn{Conn: recorded})
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ErrNoHandshake
	}
	if wrong := recorded.protocolError(); wrong != nil {
		return wrong
	}
	se, ok := errors.AsType[stream.Error](err)
	if !ok {
		return fmt.Errorf("handshake: %w", err)
	}
	switch se.Err {
	case "not-authorized":
		return &permanentError{fmt.Errorf("%s: %w: the server knows no component of this name with this secret", domain, ErrNotAuthorized)}
	case "conflict":
		return &permanentError{fmt.Errorf("%s: %w: the server already has a host or a component of this name", domain, ErrConflict)}
	case "invalid-namespace":
		return &permanentError{fmt.Errorf("%s: handshake: %s %w", domain, conn.RemoteAddr(), ErrNoComponents)}
	case "host-unknown", "improper-addressing":
		return &permanentError{fmt.Errorf("%s: handshake: the server refuses: %w", domain, err)}
	}
	return fmt.Errorf("%s: handshake: the server refuses: %w", domain, err)
}

// prefixConn keeps the first bytes that the peer sends.
type prefixConn struct {
	net.Conn
	prefix []byte
}

func (c *prefixConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if len(c.prefix) < 8 {
		c.prefix = append(c.prefix, p[:n]...)
	}
	return n, err
}

// protocolError returns an error if the peer speaks no protocol, or another one than
// XMPP.
func (c *prefixConn) protocolError() error {
	addr := c.RemoteAddr()
	switch {
	case len(c.prefix) == 0:
		return fmt.Errorf("%s: %w", addr, ErrNoStream)
	case c.prefix[0] == 0x15 || c.prefix[0] == 0x16: // records of TLS (RFC 8446 §5.1)
		return &permanentError{fmt.Errorf("%s: %w", addr, ErrSpeaksTLS)}
	case bytes.HasPrefix(c.prefix, []byte("HTTP/")):
		return fmt.Errorf("%s: %w", addr, ErrSpeaksHTTP)
	}
	return nil
}
