package client

import (
	"context"
	"crypto/tls"
	"encoding/xml"
	"io"
	"net"

	"mellium.im/xmpp"

	"emanagement/xmpp/framing"
)

const (
	nsTLS      = "urn:ietf:params:xml:ns:xmpp-tls"
	nsSASL     = "urn:ietf:params:xml:ns:xmpp-sasl"
	nsBindings = "urn:xmpp:sasl-cb:0"
)

// features returns the stream features to negotiate on a new connection.
func (d *Dialer) features(conn net.Conn, e endpoint, a Account, startTLS bool) []xmpp.StreamFeature {
	local := onLoopback(conn)
	features := []xmpp.StreamFeature{authentication(a, local), channelBindings(), bind(a.JID.Resourcepart())}
	if startTLS {
		return append(features, requiredTLS(e.addr, d.tlsConfig(conn, a)))
	}
	return features
}

// requiredTLS returns the library's STARTTLS (RFC 6120 §5) with two changes. It is
// required even if the server calls it optional. It completes the handshake, which
// verifies the certificate, before the negotiation continues.
func requiredTLS(addr string, config *tls.Config) xmpp.StreamFeature {
	feature := xmpp.StartTLS(config)
	parse, negotiate := feature.Parse, feature.Negotiate
	feature.Parse = func(ctx context.Context, d *xml.Decoder, start *xml.StartElement) (bool, any, error) {
		_, data, err := parse(ctx, d, start)
		return true, data, err
	}
	feature.Negotiate = func(ctx context.Context, s *xmpp.Session, data any) (xmpp.SessionState, io.ReadWriter, error) {
		if _, offered := s.Feature(nsTLS); !offered {
			return 0, nil, errNoTLS
		}
		state, rw, err := negotiate(ctx, s, data)
		if conn, ok := rw.(*tls.Conn); ok && err == nil {
			err = conn.HandshakeContext(ctx)
		}
		if err != nil {
			return 0, nil, &tlsError{addr, err}
		}
		if conn, ok := rw.(*tls.Conn); ok {
			rw = framing.OneByteConn{Conn: conn}
		}
		return state, rw, nil
	}
	return feature
}
