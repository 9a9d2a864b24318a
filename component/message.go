package component

import (
	"context"
	"encoding/xml"
	"errors"
	"runtime/debug"

	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
)

// Message is a message to an address at the component's domain.
type Message struct {
	stanza.Message
	// Missed is how many messages of the same sender came right after this
	// one and were dropped, because too many were waiting.
	Missed int

	in inbound
}

// Children lists the names of the message's child elements.
func (m Message) Children() []xml.Name { return m.in.childNames() }

// Body is the message's text: that of its first <body/> in the stanza's own
// namespace (RFC 6121 §5.2.3).
func (m Message) Body() string { return m.in.childText(m.in.Start.Name.Space, "body") }

// Thread identifies the conversation (RFC 6121 §5.2.5); empty where it has
// none.
func (m Message) Thread() string { return m.in.childText(m.in.Start.Name.Space, "thread") }

// OnMessage has f called with every message to an address at the component's
// domain that is neither an error nor a grant. Those of one sender (a bare
// JID) are taken one after the other, in their order; up to 32 wait. Those of
// several are taken at once. The context ends as that of a Handler does. To be
// called before Run.
func (c *Component) OnMessage(f func(ctx context.Context, m Message)) { c.onMessage = f }

// message takes a message off the reader.
func (s *serving) message(in inbound) {
	if s.onMessage == nil {
		return
	}
	from, ferr := in.address("from")
	to, terr := in.address("to")
	if err := errors.Join(ferr, terr); err != nil || !address.SameHost(to.Domainpart(), s.cfg.JID.Domainpart()) {
		s.log.Debug("a message was dropped", "from", in.attr("from"), "to", in.attr("to"), "why", err)
		return
	}
	m := stanza.Message{XMLName: in.Start.Name, ID: in.attr("id"), From: from, To: to, Type: messageType(in.attr("type"))}
	sender := m.From.Bare().String()
	first, ok := s.mail.put(sender, Message{Message: m, in: in})
	if first && !s.crew.start(sender, func() { s.takeMessages(s.work, sender) }) {
		s.mail.drop(sender)
		ok = false
	}
	if !ok {
		s.log.Warn("a message was dropped: too many at once", "from", m.From)
	}
}

// messageType is the type of a message: normal where it is absent or not known
// (RFC 6121 §5.2.2).
func messageType(text string) stanza.MessageType {
	switch t := stanza.MessageType(text); t {
	case stanza.ChatMessage, stanza.ErrorMessage, stanza.GroupChatMessage, stanza.HeadlineMessage:
		return t
	}
	return stanza.NormalMessage
}

// takeMessages takes what waits of one sender.
func (c *Component) takeMessages(ctx context.Context, sender string) {
	for {
		m, ok := c.mail.next(sender)
		if !ok {
			return
		}
		c.takeMessage(ctx, m)
	}
}

func (c *Component) takeMessage(ctx context.Context, m Message) {
	ctx, cancel := context.WithTimeout(WithAsker(ctx, m.From.Bare().String()), c.timing.request)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			c.log.Error("what takes messages panicked", "panic", r, "stack", string(debug.Stack()))
		}
	}()
	c.onMessage(ctx, m)
}
