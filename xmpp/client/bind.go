package client

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"

	"mellium.im/xmpp"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
)

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

// bindIQ is the request to bind a resource, and the reply.
type bindIQ struct {
	XMLName xml.Name
	ID      string        `xml:"id,attr"`
	Type    stanza.IQType `xml:"type,attr"`
	Bind    *bindQuery    `xml:"urn:ietf:params:xml:ns:xmpp-bind bind"`
	Error   *stanza.Error `xml:"jabber:client error"`
}

// askToBind does the one exchange of resource binding. Nothing else is sent to a client
// before it has a resource.
func askToBind(s *xmpp.Session, resource string) (jid.JID, error) {
	text, err := xml.Marshal(bindIQ{XMLName: xml.Name{Local: "iq"}, ID: "bind", Type: stanza.SetIQ, Bind: &bindQuery{Resource: resource}})
	if err != nil {
		return jid.JID{}, err
	}
	if _, err := s.Conn().Write(text); err != nil {
		return jid.JID{}, err
	}
	r := s.TokenReader()
	defer r.Close()
	reply, err := nextIQ(r)
	switch {
	case err != nil:
		return jid.JID{}, err
	case reply.Error != nil:
		return jid.JID{}, reply.Error
	case reply.Bind == nil:
		return jid.JID{}, fmt.Errorf("<%s/> instead of a reply", reply.XMLName.Local)
	}
	return address.ParseVerbatim(reply.Bind.JID)
}

// nextIQ reads one stanza. It skips what stands between stanzas.
func nextIQ(r xml.TokenReader) (reply bindIQ, err error) {
	d := xml.NewTokenDecoder(r)
	for {
		token, err := d.Token()
		if err != nil {
			return reply, err
		}
		if start, ok := token.(xml.StartElement); ok {
			return reply, d.DecodeElement(&reply, &start)
		}
	}
}
