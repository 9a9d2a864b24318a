package client

import (
	"context"
	"crypto/tls"
	"encoding/xml"
	"io"
	"slices"

	"golang.org/x/text/unicode/norm"
	"mellium.im/sasl"
	"mellium.im/xmpp"
)

// channelBindings returns the feature by which the server lists its channel binding
// types (XEP-0440). They bind a login to the TLS connection.
func channelBindings() xmpp.StreamFeature {
	return xmpp.StreamFeature{
		Name:       xml.Name{Space: nsBindings, Local: "sasl-channel-binding"},
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

// authentication returns the library's SASL (RFC 6120 §6). On loopback (local) it needs
// no TLS.
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

// mechanisms returns the SASL mechanisms to log in by, the best first. PLAIN, which
// sends the password itself, is among them only if TLS has verified the server. On
// loopback (local) it has not.
func mechanisms(s *xmpp.Session, local bool) []sasl.Mechanism {
	scram := []sasl.Mechanism{sasl.ScramSha256, sasl.ScramSha1}
	// Before TLS 1.3 the library binds by tls-unique, which is not secure.
	bindings, _ := s.Feature(nsBindings)
	types, _ := bindings.([]string)
	if s.ConnectionState().Version >= tls.VersionTLS13 && slices.Contains(types, "tls-exporter") {
		scram = append([]sasl.Mechanism{sasl.ScramSha256Plus, sasl.ScramSha1Plus}, scram...)
	}
	if !local && s.State()&xmpp.Secure != 0 {
		return append(scram, sasl.Plain)
	}
	return scram
}
