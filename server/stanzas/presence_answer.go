package stanzas

import (
	"context"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/presence"
)

// AnswerPresences returns a handler for component.OnPresence. It answers the presences that
// are sent to an address at the component's domain, or to the component itself (RFC 6121 §3,
// §4).
//
// Every user may subscribe to an address, and receives its presence (own) in answer to a
// probe. The same holds for the component itself, but only if mayWatch returns true for the
// user's full JID. The component is available to those users. It refuses the subscription of
// any other user, and does not answer the probe.
func (s *Server) AnswerPresences(own *presence.Presences, mayWatch func(jid.JID) bool) func(ctx context.Context, p stanza.Presence) {
	return func(ctx context.Context, p stanza.Presence) {
		watched, may := p.To.Bare(), true
		sendTo := func(to jid.JID) error { return own.SendTo(ctx, watched, to) }
		if watched.Localpart() == "" {
			may = mayWatch(p.From)
			sendTo = func(to jid.JID) error { return s.SendPresence(ctx, watched, to, presence.Presence{}) }
		}
		if err := s.answerPresence(ctx, p, may, sendTo); err != nil {
			s.log.Warn("a presence was not answered", "from", p.From, "to", p.To, "type", p.Type, "why", err)
		}
	}
}

// answerPresence answers one presence. mayWatch means that its sender may see the presence
// of its recipient, which sendTo sends.
func (s *Server) answerPresence(ctx context.Context, p stanza.Presence, mayWatch bool, sendTo func(to jid.JID) error) error {
	from := p.From.Bare()
	reply := func(t stanza.PresenceType) error {
		return s.component.Send(ctx, stanzaStart("presence", t, p.To.Bare(), from), nil)
	}
	switch {
	case p.Type == stanza.UnsubscribePresence, p.Type == stanza.SubscribePresence && !mayWatch:
		return reply(stanza.UnsubscribedPresence)
	case p.Type == stanza.SubscribePresence:
		if err := reply(stanza.SubscribedPresence); err != nil {
			return err
		}
		return sendTo(from)
	case p.Type == stanza.ProbePresence && mayWatch:
		return sendTo(p.From)
	}
	return nil
}
