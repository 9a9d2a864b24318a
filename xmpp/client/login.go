package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"mellium.im/xmpp"

	"emanagement/xmpp/framing"
)

// login logs in over a connection, which it closes where it fails.
//
// On loopback no TLS is needed, and what a server offers is seen only when the
// library has chosen: so it tries without, and again with TLS where the server
// insists on that.
func (d *Dialer) login(ctx context.Context, conn net.Conn, e endpoint, a Account) (*xmpp.Session, error) {
	if _, secure := conn.(*tls.Conn); secure || !onLoopback(conn) {
		return d.negotiated(ctx, conn, e, a, !secure)
	}
	session, err := negotiate(ctx, conn, a, d.features(conn, e, a, false))
	if err == nil || !wantsTLS(session, err) {
		return outcome(ctx, session, conn, e, a, err)
	}
	conn.Close()
	if conn, err = d.connect(ctx, e, a); err != nil {
		return nil, unreachable(a, err)
	}
	return d.negotiated(ctx, conn, e, a, true)
}

func (d *Dialer) negotiated(ctx context.Context, conn net.Conn, e endpoint, a Account, startTLS bool) (*xmpp.Session, error) {
	session, err := negotiate(ctx, conn, a, d.features(conn, e, a, startTLS))
	return outcome(ctx, session, conn, e, a, err)
}

// outcome is what login returns.
func outcome(ctx context.Context, session *xmpp.Session, conn net.Conn, e endpoint, a Account, err error) (*xmpp.Session, error) {
	if err == nil {
		return session, nil
	}
	conn.Close()
	return nil, explainLogin(ctx, a, e.addr, err)
}

// negotiate makes a session of a connection.
func negotiate(ctx context.Context, conn net.Conn, a Account, features []xmpp.StreamFeature) (*xmpp.Session, error) {
	negotiator := xmpp.NewNegotiator(func(*xmpp.Session, *xmpp.StreamConfig) xmpp.StreamConfig {
		return xmpp.StreamConfig{Features: features}
	})
	// The library's own deadline does not hold; a closed connection does. And
	// it may still take the end of its context for a reason to interrupt the
	// connection when all is long done.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	var state xmpp.SessionState
	if _, secure := conn.(*tls.Conn); secure {
		state = xmpp.Secure
	}
	session, err := xmpp.NewSession(context.WithoutCancel(ctx), a.JID.Domain(), a.JID.Bare(), framing.OneByteConn{Conn: conn}, state, negotiator)
	switch {
	case !stop():
		return session, context.Cause(ctx)
	case err != nil:
		return session, err
	// To the library a stream is ready, too, when nothing that it knows is
	// offered any more.
	case session.State()&xmpp.Authn == 0:
		return session, &mechanismError{}
	case session.LocalAddr().Resourcepart() == "":
		return session, errors.New("the server gives it no resource")
	}
	return session, nil
}

// wantsTLS says whether a login without TLS has failed because there is no way
// in without.
func wantsTLS(session *xmpp.Session, err error) bool {
	_, tlsOffered := session.Feature(nsTLS)
	_, loginOffered := session.Feature(nsSASL)
	_, none := errors.AsType[*mechanismError](err)
	return tlsOffered && (none || !loginOffered)
}
