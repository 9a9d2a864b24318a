package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"

	"mellium.im/xmpp"
)

const (
	// loginLimit limits the whole login.
	loginLimit = 30 * time.Second
	// connectLimit limits the attempt to connect to one of several addresses.
	connectLimit = 10 * time.Second
)

// Dialer makes streams. Programs use DefaultDialer. Tests replace parts of it.
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

// Connect logs in and returns the stream. It blocks until the login is done, for at most
// 30 s or until the context ends. The end of the context after that does not affect the
// stream. Outside of loopback, Connect sends no password before the connection is
// encrypted and the certificate is verified. The error is an *Error.
func (d *Dialer) Connect(ctx context.Context, a Account) (*Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, loginLimit)
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
	var causes []error
	for _, e := range endpoints {
		conn, err := d.connect(ctx, e, a)
		if err == nil {
			return d.login(ctx, conn, e, a)
		}
		causes = append(causes, err)
	}
	return nil, unreachable(a, causes...)
}

// connect opens a connection. It negotiates TLS if the endpoint has direct TLS.
func (d *Dialer) connect(ctx context.Context, e endpoint, a Account) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	conn, err := d.Dial(ctx, "tcp", e.addr)
	if err != nil || !e.directTLS {
		return conn, err
	}
	config := d.tlsConfig(conn, a)
	config.NextProtos = []string{"xmpp-client"} // XEP-0368 §4
	tlsConn := tls.Client(conn, config)
	if err := tlsConn.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, &tlsError{e.addr, err}
	}
	return tlsConn, nil
}

// tlsConfig returns the TLS configuration for a connection to the account's server. At any
// address, the certificate must be valid for the account's domain (RFC 6120 §13.7.2).
func (d *Dialer) tlsConfig(conn net.Conn, a Account) *tls.Config {
	return &tls.Config{
		ServerName: asciiDomain(a.JID.Domainpart()), RootCAs: d.Roots, MinVersion: tls.VersionTLS12,
		// No attacker can be between client and server on loopback, and mechanisms
		// never lets the password itself be sent there.
		InsecureSkipVerify: onLoopback(conn),
	}
}

// onLoopback reports whether a connection does not leave this machine.
func onLoopback(conn net.Conn) bool {
	peer, ok := conn.RemoteAddr().(*net.TCPAddr)
	return ok && peer.IP.IsLoopback()
}
