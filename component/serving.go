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
	typ := in.attr("type")
	switch kind := in.kind(); {
	case typ == "error", kind == "iq" && typ == "result":
		s.link.resolve(in)
	case kind == "iq":
		s.request(in)
	case kind == "presence":
		s.presence(in)
	case kind == "message":
		if isGrant(in) {
			s.announced(in)
			return
		}
		s.message(in)
	}
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

// refuseOwed answers those whose answer ended the last stream, because it was
// larger than the server takes.
func (s *serving) refuseOwed() {
	for _, owed := range s.sizes.takeOwed() {
		if err := s.reply(s.ctx, owed.request, nil, tooLarge(owed.size, s.sizes.known())); err != nil {
			s.log.Warn("a refusal could not be sent", "to", owed.request.From, "why", err)
		}
	}
}
