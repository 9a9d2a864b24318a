package stanzas

import (
	"context"
	"encoding/xml"
	"strconv"

	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/presence"
	"emanagement/server"
)

// SendPresence implements presence.Server. It waits for a stream only: a server does not
// answer a presence.
func (s *Server) SendPresence(ctx context.Context, from, to jid.JID, p presence.Presence) error {
	var typ stanza.PresenceType
	if p.Unavailable {
		typ = stanza.UnavailablePresence
	}
	err := s.component.Send(ctx, stanzaStart("presence", typ, from, to), presencePayload(p))
	return server.Classify(ctx, to.Domainpart(), err)
}

// presencePayload returns the child elements of a presence (RFC 6121 §4.7.2), without those
// that have the default value.
func presencePayload(p presence.Presence) xml.TokenReader {
	var children []xml.TokenReader
	add := func(name, text string) {
		if text != "" {
			children = append(children, xmlstream.Wrap(xmlstream.Token(xml.CharData(text)), element(name)))
		}
	}
	if !p.Unavailable {
		add("show", p.Show)
	}
	add("status", p.Status)
	if !p.Unavailable && p.Priority != 0 {
		add("priority", strconv.Itoa(p.Priority))
	}
	return xmlstream.MultiReader(children...)
}
