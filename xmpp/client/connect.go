package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"

	"mellium.im/xmpp"
)

// connectLimit limits the attempt at one of several addresses.
const connectLimit = 10 * time.Second

// Dialer makes streams. DefaultDialer returns the one that programs need.
type Dialer struct {
	LookUp func(ctx context.Context, service, proto, name string) (cname string, found []*net.SRV, err error)
	Dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	Roots  *x509.CertPool // the trusted authorities; nil: those of the system
}

// DefaultDialer returns a dialer that uses the system's resolver, network and trusted
// authorities.
func DefaultDialer() *Dialer {
	return &Dialer{LookUp: net.DefaultResolver.LookupSRV, Dial: new(net.Dialer).DialContext}
}

// dialTimeout limits the whole login.
const dialTimeout = 30 * time.Second

// Connect logs in and returns the stream. It blocks until that is done, at most 30 s or
// until the context ends. The context does not matter to the stream afterwards.
// Outside of loopback it sends no password before the connection is encrypted and the
// certificate is verified. The error is an *Error.
func (d *Dialer) Connect(ctx context.Context, a Account) (*Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	session, err := d.session(ctx, a)
	if err != nil {
		return nil, err
	}
	return newStream(session), nil
}

// session logs in at the first of the server's addresses that can be reached.
func (d *Dialer) session(ctx context.Context, a Account) (*xmpp.Session, error) {
	endpoints, err := d.endpoints(ctx, a)
	if err != nil {
		return nil, unreachable(a, err)
	}
	var why []error
	for _, e := range endpoints {
		conn, err := d.connect(ctx, e, a)
		if err == nil {
			return d.login(ctx, conn, e, a)
		}
		why = append(why, err)
	}
	return nil, unreachable(a, why...)
}

// connect opens a connection, with TLS where the endpoint has it at once.
func (d *Dialer) connect(ctx context.Context, e endpoint, a Account) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	conn, err := d.Dial(ctx, "tcp", e.addr)
	if err != nil || !e.secure {
		return conn, err
	}
	config := d.tlsConfig(conn, a)
	config.NextProtos = []string{"xmpp-client"} // XEP-0368 §4
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, &tlsError{e.addr, err}
	}
	return secure, nil
}

// tlsConfig is for a connection to the account's server, whose certificate must
// be its domain's, whatever the address (RFC 6120 §13.7.2).
func (d *Dialer) tlsConfig(conn net.Conn, a Account) *tls.Config {
	return &tls.Config{
		ServerName: ascii(a.JID.Domainpart()), RootCAs: d.Roots, MinVersion: tls.VersionTLS12,
		// Nobody stands between on loopback, and no password is sent there: see
		// mechanisms.
		InsecureSkipVerify: onLoopback(conn),
	}
}

// onLoopback says whether a connection does not leave this machine.
func onLoopback(conn net.Conn) bool {
	peer, ok := conn.RemoteAddr().(*net.TCPAddr)
	return ok && peer.IP.IsLoopback()
}
