package component

import (
	"context"
	"encoding/xml"
	"runtime/debug"

	"mellium.im/xmpp/stanza"
)

// Message is a message to an address at the component's domain.
type Message struct {
	stanza.Message
	in inbound
}

// Children lists the names of the message's child elements.
func (m Message) Children() []xml.Name { return m.in.childNames() }

// Body is the message's text: that of its first <body/> in the stanza's own
// namespace (RFC 6121 §5.2.3).
func (m Message) Body() string { return m.in.childText(m.in.start.Name.Space, "body") }

// Thread identifies the conversation (RFC 6121 §5.2.5); empty where it has
// none.
func (m Message) Thread() string { return m.in.childText(m.in.start.Name.Space, "thread") }

// OnMessage has f called, in a goroutine of its own, with every message to an
// address at the component's domain that is neither an error nor a grant. The
// context ends as that of a Handler does. To be called before Run.
func (c *Component) OnMessage(f func(ctx context.Context, m Message)) { c.onMessage = f }

// message takes a message off the reader.
func (s *serving) message(in inbound) {
	if s.onMessage == nil {
		return
	}
	m, err := stanza.NewMessage(in.start)
	if err != nil || m.To.Domainpart() != s.cfg.JID.Domainpart() {
		s.log.Debug("a message was dropped", "from", attr(in.start, "from"), "why", err)
		return
	}
	if !s.crew.start(m.From.Bare().String(), func() { s.takeMessage(s.work, Message{m, in}) }) {
		s.log.Warn("a message was dropped: too many requests at once", "from", m.From)
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
