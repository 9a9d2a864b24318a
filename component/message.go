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
	// Missed is the number of messages of the same sender that came right after this
	// one and were dropped, because too many were waiting.
	Missed int

	in inbound
}

// Children returns the names of the message's child elements.
func (m Message) Children() []xml.Name { return m.in.childNames() }

// Body returns the text of the first <body/> in the stanza's own namespace (RFC 6121
// §5.2.3), or "" if there is none.
func (m Message) Body() string { return m.in.childText(m.in.Start.Name.Space, "body") }

// Thread returns the id of the conversation (RFC 6121 §5.2.5), or "" if the message
// has none.
func (m Message) Thread() string { return m.in.childText(m.in.Start.Name.Space, "thread") }

// OnMessage registers f, which is called with every message to an address at the
// component's domain that is neither an error nor a grant. The messages of one sender
// (a bare JID) are handled one after the other, in their order, and up to 32 wait.
// Messages of several senders are handled concurrently. The context ends as a Handler's
// does. OnMessage must be called before Run.
func (c *Component) OnMessage(f func(ctx context.Context, m Message)) { c.onMessage = f }

// receiveMessage takes a message off the reader.
func (s *session) receiveMessage(in inbound) {
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
	if !s.takeMessage(sender, Message{Message: m, in: in}) {
		s.log.Warn("a message was dropped: too many at once, or too large", "from", m.From)
	}
}

// takeMessage queues a message for its handler. It returns false if there is no room.
func (s *session) takeMessage(sender string, m Message) (ok bool) {
	size := len(m.in.Raw)
	if m.in.TooLarge || size > s.cfg.MaxRequest || !s.budget.take(sender, size) {
		s.queue.miss(sender)
		return false
	}
	needsWorker, ok := s.queue.enqueue(sender, m)
	if needsWorker && !s.pool.start(sender, func() { s.handleMessages(s.work, sender) }) {
		s.queue.discard(sender)
		ok = false
	}
	if !ok {
		s.budget.release(sender, size)
	}
	return ok
}

// messageType returns the type of a message: normal if it is absent or unknown
// (RFC 6121 §5.2.2).
func messageType(text string) stanza.MessageType {
	switch t := stanza.MessageType(text); t {
	case stanza.ChatMessage, stanza.ErrorMessage, stanza.GroupChatMessage, stanza.HeadlineMessage:
		return t
	}
	return stanza.NormalMessage
}

// handleMessages handles the queued messages of one sender.
func (c *Component) handleMessages(ctx context.Context, sender string) {
	for {
		m, ok := c.queue.dequeue(sender)
		if !ok {
			return
		}
		c.handleMessage(ctx, m)
		c.budget.release(sender, len(m.in.Raw))
	}
}

func (c *Component) handleMessage(ctx context.Context, m Message) {
	ctx, cancel := context.WithTimeout(withRequester(ctx, m.From.Bare().String()), c.timing.request)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			c.log.Error("the handler of messages panicked", "panic", r, "stack", string(debug.Stack()))
		}
	}()
	c.onMessage(ctx, m)
}
