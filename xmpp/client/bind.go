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

// bind returns the library's resource binding (RFC 6120 §7) with another client side.
// The library's own, in v0.22.0, sends an empty <resource/> even if a resource is
// wanted. Without a resource the server chooses one.
func bind(resource string) xmpp.StreamFeature {
	feature := xmpp.BindResource()
	feature.Negotiate = func(_ context.Context, s *xmpp.Session, _ any) (xmpp.SessionState, io.ReadWriter, error) {
		full, err := requestBinding(s, resource)
		if err != nil {
			return 0, nil, fmt.Errorf("the server assigns no resource: %w", err)
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

// bindIQ is the request to bind a resource, and its reply.
type bindIQ struct {
	XMLName xml.Name
	ID      string        `xml:"id,attr"`
	Type    stanza.IQType `xml:"type,attr"`
	Bind    *bindQuery    `xml:"urn:ietf:params:xml:ns:xmpp-bind bind"`
	Error   *stanza.Error `xml:"jabber:client error"`
}

// requestBinding requests a resource and returns the full JID that the server bound.
// It takes the next stanza as the reply, because a server sends a client nothing else
// before that.
func requestBinding(s *xmpp.Session, resource string) (jid.JID, error) {
	request, err := xml.Marshal(bindIQ{XMLName: xml.Name{Local: "iq"}, ID: "bind", Type: stanza.SetIQ, Bind: &bindQuery{Resource: resource}})
	if err != nil {
		return jid.JID{}, err
	}
	if _, err := s.Conn().Write(request); err != nil {
		return jid.JID{}, err
	}
	r := s.TokenReader()
	defer r.Close()
	reply, err := readBindIQ(r)
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

// readBindIQ reads one stanza, and skips white space before it.
func readBindIQ(r xml.TokenReader) (reply bindIQ, err error) {
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
