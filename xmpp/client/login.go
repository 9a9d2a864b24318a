package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"mellium.im/xmpp"

	"emanagement/xmpp/framing"
)

// login logs in over a connection. It closes the connection if it fails.
//
// On loopback no TLS is needed. The server's features become known only after the
// library has chosen among them. So the first attempt is without TLS. If the server
// insists on TLS, a second attempt follows on a new connection.
func (d *Dialer) login(ctx context.Context, conn net.Conn, e endpoint, a Account) (*xmpp.Session, error) {
	if _, encrypted := conn.(*tls.Conn); encrypted || !onLoopback(conn) {
		return d.loginOnce(ctx, conn, e, a, !encrypted)
	}
	session, err := negotiate(ctx, conn, a, d.features(conn, e, a, false))
	if err == nil || !insistsOnTLS(session, err) {
		return finishLogin(ctx, session, conn, e, a, err)
	}
	conn.Close()
	if conn, err = d.connect(ctx, e, a); err != nil {
		return nil, unreachable(a, err)
	}
	return d.loginOnce(ctx, conn, e, a, true)
}

// loginOnce is login with a single attempt.
func (d *Dialer) loginOnce(ctx context.Context, conn net.Conn, e endpoint, a Account, startTLS bool) (*xmpp.Session, error) {
	session, err := negotiate(ctx, conn, a, d.features(conn, e, a, startTLS))
	return finishLogin(ctx, session, conn, e, a, err)
}

// finishLogin returns the session. If the negotiation failed, it closes the connection
// and returns an *Error.
func finishLogin(ctx context.Context, session *xmpp.Session, conn net.Conn, e endpoint, a Account, err error) (*xmpp.Session, error) {
	if err == nil {
		return session, nil
	}
	conn.Close()
	return nil, loginError(ctx, a, e.addr, err)
}

// negotiate negotiates a session on a connection. It also returns the session if it
// fails, for the features that the server offered.
func negotiate(ctx context.Context, conn net.Conn, a Account, features []xmpp.StreamFeature) (*xmpp.Session, error) {
	negotiator := xmpp.NewNegotiator(func(*xmpp.Session, *xmpp.StreamConfig) xmpp.StreamConfig {
		return xmpp.StreamConfig{Features: features}
	})
	// The library's own deadline does not interrupt it, but a closed connection does.
	// It also may still interrupt the connection at the end of its context, long after
	// it has returned. So it gets a context that does not end.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	var state xmpp.SessionState
	if _, encrypted := conn.(*tls.Conn); encrypted {
		state = xmpp.Secure
	}
	session, err := xmpp.NewSession(context.WithoutCancel(ctx), a.JID.Domain(), a.JID.Bare(), framing.OneByteConn{Conn: conn}, state, negotiator)
	switch {
	case !stop():
		return session, context.Cause(ctx)
	case err != nil:
		return session, err
	// The library also takes a stream for ready if the server offers no more feature
	// that the library knows.
	case session.State()&xmpp.Authn == 0:
		return session, &mechanismError{}
	case session.LocalAddr().Resourcepart() == "":
		return session, errors.New("the server assigns no resource")
	}
	return session, nil
}

// insistsOnTLS reports whether a login without TLS has failed with err because the
// server allows none without TLS.
func insistsOnTLS(session *xmpp.Session, err error) bool {
	_, tlsOffered := session.Feature(nsTLS)
	_, saslOffered := session.Feature(nsSASL)
	_, noMechanism := errors.AsType[*mechanismError](err)
	return tlsOffered && (noMechanism || !saslOffered)
}
