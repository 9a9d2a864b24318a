package adhocclient

import (
	"context"
	"crypto/tls"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"slices"

	"golang.org/x/text/unicode/norm"
	"mellium.im/sasl"
	"mellium.im/xmpp"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

const (
	nsTLS     = "urn:ietf:params:xml:ns:xmpp-tls"
	nsSASL    = "urn:ietf:params:xml:ns:xmpp-sasl"
	nsBinding = "urn:xmpp:sasl-cb:0"
)

// features are what to negotiate on a new connection.
func (d *dialer) features(conn net.Conn, e endpoint, a Account, startTLS bool) []xmpp.StreamFeature {
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
		return state, rw, nil
	}
	return feature
}

// channelBindings reads which ways the server knows to bind a login to the TLS
// connection (XEP-0440).
func channelBindings() xmpp.StreamFeature {
	return xmpp.StreamFeature{
		Name:       xml.Name{Space: nsBinding, Local: "sasl-channel-binding"},
		Prohibited: xmpp.Authn,
		Parse: func(_ context.Context, d *xml.Decoder, start *xml.StartElement) (bool, any, error) {
			var offered struct {
				Bindings []struct {
					Type string `xml:"type,attr"`
				} `xml:"channel-binding"`
			}
			err := d.DecodeElement(&offered, start)
			var types []string
			for _, b := range offered.Bindings {
				types = append(types, b.Type)
			}
			return false, types, err
		},
	}
}

// authentication is the library's SASL (RFC 6120 §6). It needs no TLS on
// loopback.
func authentication(a Account, local bool) xmpp.StreamFeature {
	// RFC 5802 §2.2: both sides must see the same characters.
	password := norm.NFKC.String(a.Password)
	feature := xmpp.SASL("", password, sasl.ScramSha256)
	if local {
		feature.Necessary &^= xmpp.Secure
	}
	feature.Negotiate = func(ctx context.Context, s *xmpp.Session, data any) (xmpp.SessionState, io.ReadWriter, error) {
		offered, _ := data.([]string)
		usable := slices.DeleteFunc(mechanisms(s, local), func(m sasl.Mechanism) bool { return !slices.Contains(offered, m.Name) })
		if len(usable) == 0 {
			return 0, nil, &mechanismError{offered}
		}
		return xmpp.SASL("", password, usable...).Negotiate(ctx, s, data)
	}
	return feature
}

// mechanisms are those to log in by, the best first. A password itself is only
// sent where TLS has told whose server it is: not on loopback.
func mechanisms(s *xmpp.Session, local bool) []sasl.Mechanism {
	scram := []sasl.Mechanism{sasl.ScramSha256, sasl.ScramSha1}
	// With an earlier TLS the library binds by tls-unique, which is broken.
	bindings, _ := s.Feature(nsBinding)
	types, _ := bindings.([]string)
	if s.ConnectionState().Version >= tls.VersionTLS13 && slices.Contains(types, "tls-exporter") {
		scram = append([]sasl.Mechanism{sasl.ScramSha256Plus, sasl.ScramSha1Plus}, scram...)
	}
	if !local && s.State()&xmpp.Secure != 0 {
		return append(scram, sasl.Plain)
	}
	return scram
}

// bind is the library's resource binding (RFC 6120 §7) with its client side
// replaced: the one in v0.22.0 sends an empty <resource/> whatever is wanted.
func bind(resource string) xmpp.StreamFeature {
	feature := xmpp.BindResource()
	feature.Negotiate = func(_ context.Context, s *xmpp.Session, _ any) (xmpp.SessionState, io.ReadWriter, error) {
		full, err := askToBind(s, resource)
		if err != nil {
			return 0, nil, fmt.Errorf("the server gives it no resource: %w", err)
		}
		s.UpdateAddr(full)
		return xmpp.Ready, nil, nil
	}
	return feature
}

type bindQuery struct {
	XMLName  xml.Name `xml:"urn:ietf:params:xml:ns:xmpp-bind bind"`
	Resource string   `xml:"resource,omitempty"`
	JID      string   `xml:"jid,omitempty"`
}

// askToBind does the one exchange of resource binding. Nothing else is sent to a
// client before it has a resource.
func askToBind(s *xmpp.Session, resource string) (jid.JID, error) {
	text, err := xml.Marshal(outbound{ID: "bind", Type: stanza.SetIQ, Payload: bindQuery{Resource: resource}})
	if err != nil {
		return jid.JID{}, err
	}
	if _, err := s.Conn().Write(text); err != nil {
		return jid.JID{}, err
	}
	r := s.TokenReader()
	defer r.Close()
	reply, err := nextStanza(r)
	switch {
	case err != nil:
		return jid.JID{}, err
	case reply.Error != nil:
		return jid.JID{}, reply.Error
	case reply.Bind == nil:
		return jid.JID{}, fmt.Errorf("<%s/> where an answer should be", reply.XMLName.Local)
	}
	return jid.Parse(reply.Bind.JID)
}
