package component

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"time"

	xep0114 "mellium.im/xmpp/component"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stream"

	"emanagement/oserror"
	"emanagement/xmpp/framing"
)

// CheckAddress says whether addr is one that a component can connect to:
// "host:port", "tls://host:port" or "unix:/path". XEP-0114 has no STARTTLS.
func CheckAddress(addr string) error {
	_, _, _, err := splitAddress(addr)
	return err
}

func splitAddress(addr string) (network, target string, secure bool, err error) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		if path == "" {
			return "", "", false, errors.New(`after "unix:" the socket's path is missing`)
		}
		return "unix", path, false, nil
	}
	target, secure = strings.CutPrefix(addr, "tls://")
	host, port, err := net.SplitHostPort(target)
	if err != nil || host == "" || port == "" {
		return "", "", false, fmt.Errorf("%q: neither host:port nor tls://host:port nor unix:/path", addr)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return "", "", false, fmt.Errorf("%q: no such port: %s", addr, port)
	}
	return "tcp", target, secure, nil
}

func dial(ctx context.Context, addr string) (net.Conn, error) {
	network, target, secure, err := splitAddress(addr)
	if err != nil {
		return nil, &refusal{err}
	}
	// ejabberd never pings: keep-alive is how a dead peer is noticed
	// between two looks at the hosts.
	d := &net.Dialer{KeepAlive: 15 * time.Second}
	if !secure {
		conn, err := d.DialContext(ctx, network, target)
		if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s: %w: nothing listens there; is the listener (module: ejabberd_service) in ejabberd.yml, and was it reloaded (ejabberdctl reload_config)?", addr, oserror.Cause(err))
		}
		return conn, err
	}
	conn, err := (&tls.Dialer{NetDialer: d}).DialContext(ctx, network, target)
	return conn, explainTLS(ctx, addr, err)
}

// explainTLS words why no connection by TLS was made; nil where one was.
func explainTLS(ctx context.Context, addr string, err error) error {
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	_, another := errors.AsType[x509.HostnameError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case unverified || another:
		return &refusal{fmt.Errorf("%s: %w; the name must be one in the server's certificate, and this machine must trust who signed that; on the same machine, a listener without tls on 127.0.0.1 needs none", addr, err)}
	case plain:
		return &refusal{fmt.Errorf("%s: no TLS there: %w", addr, err)}
	case err == nil || errors.Is(err, syscall.ECONNREFUSED) || ctx.Err() != nil:
		return err
	}
	return fmt.Errorf("%s: no TLS handshake: %w; is that the port of ejabberd_service with tls: true?", addr, oserror.Cause(err))
}

// negotiate makes the handshake of XEP-0114 §3 on a fresh connection.
func negotiate(ctx context.Context, conn net.Conn, domain jid.JID, secret []byte) error {
	// The library's own deadline does not hold; a closed connection does. And
	// it may still take the end of its context for a reason to interrupt the
	// connection when the handshake is long done.
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	heard := &hearing{Conn: conn}
	_, err := xep0114.NewSession(context.WithoutCancel(ctx), domain, secret, framing.Stepwise{Conn: heard})
	if err == nil {
		return nil
	}
	if wrong := heard.otherProtocol(); wrong != nil && ctx.Err() == nil {
		return wrong
	}
	if ctx.Err() != nil {
		return errors.New("handshake: no answer in time; is that the port of ejabberd_service? (that of HTTP is as silent)")
	}
	se, ok := errors.AsType[stream.Error](err)
	if !ok {
		return fmt.Errorf("handshake: %w", err)
	}
	switch se.Err {
	case "not-authorized":
		return &refusal{fmt.Errorf("%s: %w: the server knows no component of this name with this secret; both must be spelled as in ejabberd.yml, white space around the secret does not count here", domain, ErrNotAuthorized)}
	case "conflict":
		return &refusal{fmt.Errorf("%s: %w: the server already has a host or a component of this name", domain, ErrConflict)}
	case "invalid-namespace":
		return &refusal{fmt.Errorf("%s: handshake: %s takes no components; is it the port of another listener than ejabberd_service?", domain, conn.RemoteAddr())}
	case "host-unknown", "improper-addressing":
		return &refusal{fmt.Errorf("%s: handshake: the server refuses: %w", domain, err)}
	}
	return fmt.Errorf("%s: handshake: the server refuses: %w", domain, err)
}

// hearing remembers the beginning of what a peer says.
type hearing struct {
	net.Conn
	first []byte
}

func (h *hearing) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	if len(h.first) < 8 {
		h.first = append(h.first, p[:n]...)
	}
	return n, err
}

// otherProtocol says what a peer speaks that does not speak XMPP; nil where it
// does.
func (h *hearing) otherProtocol() error {
	at := h.RemoteAddr()
	switch {
	case len(h.first) == 0:
		return fmt.Errorf("%s: it closes the connection without a word; is that the port of ejabberd_service? (that of MQTT does so)", at)
	case h.first[0] == 0x15 || h.first[0] == 0x16: // records of TLS (RFC 8446 §5.1)
		return &refusal{fmt.Errorf("%s: it speaks TLS; if that is the component listener (tls: true), write server: tls://%s, else name its port", at, at)}
	case bytes.HasPrefix(h.first, []byte("HTTP/")):
		return fmt.Errorf("%s: it speaks HTTP; name the port of ejabberd_service", at)
	}
	return nil
}

// steadyConn bounds every write: a server that takes nothing for that long
// is gone, and a half-written stanza leaves the stream unusable anyway.
type steadyConn struct {
	net.Conn
	limit time.Duration
}

func (c steadyConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
