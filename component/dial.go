package component

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"syscall"
	"time"

	"emanagement/oserror"
)

func dial(ctx context.Context, addr string) (net.Conn, error) {
	network, target, secure, err := splitAddress(addr)
	if err != nil {
		return nil, &permanentError{err}
	}
	// ejabberd never pings. Between two probes, keep-alive notices a dead peer.
	d := &net.Dialer{KeepAlive: 15 * time.Second}
	if !secure {
		conn, err := d.DialContext(ctx, network, target)
		if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s: %w: %w", addr, oserror.Cause(err), ErrNoListener)
		}
		return conn, err
	}
	conn, err := (&tls.Dialer{NetDialer: d}).DialContext(ctx, network, target)
	return conn, tlsError(ctx, addr, err)
}

// tlsError adds the address and the cause to the error of a connection by TLS. It
// returns nil for a nil error.
func tlsError(ctx context.Context, addr string, err error) error {
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case unverified:
		return &permanentError{fmt.Errorf("%s: %w: %w", addr, ErrCertificate, err)}
	case plain:
		return &permanentError{fmt.Errorf("%s: no TLS there: %w", addr, err)}
	case err == nil || errors.Is(err, syscall.ECONNREFUSED) || ctx.Err() != nil:
		return err
	}
	return fmt.Errorf("%s: %w: %w", addr, ErrNoTLS, oserror.Cause(err))
}

// writeTimeoutConn bounds the write of each piece. A server that takes nothing for that long
// is gone, and a half-written stanza leaves the stream unusable anyway.
type writeTimeoutConn struct {
	net.Conn
	timeout time.Duration
}

// pieceSize is the size of a piece, in bytes.
const pieceSize = 64 << 10

func (c writeTimeoutConn) Write(p []byte) (n int, err error) {
	for piece := range slices.Chunk(p, pieceSize) {
		if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
			return n, err
		}
		written, err := c.Conn.Write(piece)
		if n += written; err != nil {
			return n, err
		}
	}
	return n, nil
}
