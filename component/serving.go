package component

import (
	"context"
	"sync"

	"mellium.im/xmpp/stanza"
)

// serving is what happens on one link: what arrives, and the goroutines that
// live as long as it does.
type serving struct {
	*Component
	link    *link
	ctx     context.Context // ends with the stream
	work    context.Context // ends when the component is stopped
	helpers sync.WaitGroup
}

// receive is called by the reader with each element. It must not wait.
func (s *serving) receive(in inbound) {
	switch in.start.Name.Local {
	case "iq":
		switch stanza.IQType(attr(in.start, "type")) {
		case stanza.ResultIQ, stanza.ErrorIQ:
			s.link.resolve(in)
		default:
			s.request(in)
		}
	case "message":
		if host, g, ok := grantIn(in); ok {
			s.granted(host, g)
		}
	}
	// Other messages and presences: nothing here listens to them yet.
}

func (s *serving) request(in inbound) {
	r, err := newRequest(in, s.cfg.JID)
	if err != nil {
		s.log.Debug("a request was dropped", "why", err)
		return
	}
	if s.crew.start(r.From.Bare().String(), func() { s.answer(s.work, r) }) {
		return
	}
	select {
	case s.overflow <- r:
	default:
		s.log.Warn("a request was dropped: too many at once", "from", r.From)
	}
}

// refuseOverflow tells those whose requests found no place that they may try
// again.
func (s *serving) refuseOverflow() {
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
