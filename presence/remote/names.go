package remote

import (
	"context"
	"encoding/xml"
	"strconv"

	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/presence"
)

// Announce implements presence.Server.
func (s *Server) Announce(ctx context.Context, name, to jid.JID, p presence.Presence) error {
	var typ stanza.PresenceType
	if p.Unavailable {
		typ = stanza.UnavailablePresence
	}
	err := s.component.Send(ctx, element("presence", typ, name, to), content(p))
	return explained(ctx, to.Domainpart(), err)
}

// content is what is inside a presence (RFC 6121 §4.7.2). What says nothing is
// left out.
func content(p presence.Presence) xml.TokenReader {
	var children []xml.TokenReader
	add := func(name, text string) {
		if text != "" {
			child := xml.StartElement{Name: xml.Name{Local: name}}
			children = append(children, xmlstream.Wrap(xmlstream.Token(xml.CharData(text)), child))
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

// Answer returns what answers presences to names at the component's domain:
// everybody may subscribe to any, and is told the present one when asking.
func (s *Server) Answer(names *presence.Presences) func(ctx context.Context, p stanza.Presence) {
	return func(ctx context.Context, p stanza.Presence) {
		if p.To.Localpart() == "" {
			return // the component itself is nobody
		}
		if err := s.answer(ctx, names, p); err != nil {
			s.log.Warn("a presence was not answered", "from", p.From, "to", p.To, "type", p.Type, "why", err)
		}
	}
}

func (s *Server) answer(ctx context.Context, names *presence.Presences, p stanza.Presence) error {
	name := p.To.Bare()
	switch p.Type {
	case stanza.SubscribePresence:
		if err := s.component.Send(ctx, element("presence", stanza.SubscribedPresence, name, p.From.Bare()), nil); err != nil {
			return err
		}
		return names.Tell(ctx, name, p.From.Bare())
	case stanza.UnsubscribePresence:
		return s.component.Send(ctx, element("presence", stanza.UnsubscribedPresence, name, p.From.Bare()), nil)
	case stanza.ProbePresence:
		return names.Tell(ctx, name, p.From)
	}
	return nil
}
