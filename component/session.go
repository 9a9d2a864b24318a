package component

import (
	"context"
	"sync"

	"mellium.im/xmpp/stanza"
)

// session serves one link: it dispatches the stanzas that arrive, and owns the
// goroutines that live as long as the link.
type session struct {
	*Component
	link    *link
	ctx     context.Context    // ends with the stream
	end     context.CancelFunc // ends ctx
	work    context.Context    // ends when the component is stopped
	helpers sync.WaitGroup

	afterBreak bool // the stream before may have been broken
}

func (c *Component) newSession(work context.Context, l *link, afterBreak bool) *session {
	s := &session{Component: c, link: l, work: work, afterBreak: afterBreak}
	s.ctx, s.end = context.WithCancel(work)
	return s
}

// receive is called by the reader with each stanza. It must not wait.
func (s *session) receive(in inbound) {
	typ := in.attr("type")
	switch kind := in.kind(); {
	case typ == "error", kind == "iq" && typ == "result":
		s.link.dispatchReply(in)
	case kind == "iq":
		s.receiveRequest(in)
	case kind == "presence":
		s.receivePresence(in)
	case kind == "message":
		if isGrant(in) {
			s.receiveGrant(in)
			return
		}
		s.receiveMessage(in)
	}
}

func (s *session) receiveRequest(in inbound) {
	r, err := newRequest(in, s.cfg.JID)
	if err != nil {
		s.log.Debug("a request was dropped", "why", err)
		return
	}
	if s.pool.start(r.From.Bare().String(), func() { s.answer(s.work, r) }) {
		return
	}
	select {
	case s.overflow <- r:
	default:
		s.log.Warn("a request was dropped: too many at once", "from", r.From)
	}
}

// refuseOverflow refuses the requests that found no place in the pool. Their
// requesters may try again.
func (s *session) refuseOverflow() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case r := <-s.overflow:
			err := Refuse(stanza.Wait, stanza.ResourceConstraint, "too busy, or about to stop; ask again in a moment")
			if err := s.reply(s.ctx, r, nil, err); err != nil {
				s.log.Warn("a refusal could not be sent", "to", r.From, "why", err)
			}
		}
	}
}

// refuseOversized refuses the requests whose answer ended an earlier stream because
// it was larger than the server accepts.
func (s *session) refuseOversized() {
	for _, o := range s.sizes.takeOversized() {
		if err := s.reply(s.ctx, o.request, nil, s.oversizeError(o.size, s.sizes.current())); err != nil {
			s.log.Warn("a refusal could not be sent", "to", o.request.From, "why", err)
		}
	}
}
