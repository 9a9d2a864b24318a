package adhocclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"

	"mellium.im/xmpp"
)

// connectLimit is how long one of several addresses is tried.
const connectLimit = 10 * time.Second

// dialer makes sessions. Its fields are what the tests replace.
type dialer struct {
	lookUp func(ctx context.Context, service, proto, name string) (cname string, found []*net.SRV, err error)
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	roots  *x509.CertPool // who vouches for servers; nil: whom the system trusts
}

// session logs in at the first of the server's addresses that can be reached.
func (d *dialer) session(ctx context.Context, a Account) (*xmpp.Session, error) {
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
func (d *dialer) connect(ctx context.Context, e endpoint, a Account) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	conn, err := d.dial(ctx, "tcp", e.addr)
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
func (d *dialer) tlsConfig(conn net.Conn, a Account) *tls.Config {
	return &tls.Config{
		ServerName: ascii(a.JID.Domainpart()), RootCAs: d.roots, MinVersion: tls.VersionTLS12,
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
