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

// features are what to negotiate on a new connection.
func (d *Dialer) features(conn net.Conn, e endpoint, a Account, startTLS bool) []xmpp.StreamFeature {
	local := onLoopback(conn)
	features := []xmpp.StreamFeature{authentication(a, local), channelBindings(), bind(a.JID.Resourcepart())}
	if startTLS {
		return append(features, encryption(e.addr, d.tlsConfig(conn, a)))
	}
	return features
}

// encryption is the library's STARTTLS (RFC 6120 §5), which does not go on
// before the certificate is verified, and which is required, whatever the
// server says.
func encryption(addr string, config *tls.Config) xmpp.StreamFeature {
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
		if secure, ok := rw.(*tls.Conn); ok && err == nil {
			err = secure.HandshakeContext(ctx)
		}
		if err != nil {
			return 0, nil, &tlsError{addr, err}
		}
		if secure, ok := rw.(*tls.Conn); ok {
			rw = framing.OneByteConn{Conn: secure}
		}
		return state, rw, nil
	}
	return feature
}
