package component

import (
	"context"
	"encoding/xml"
	"fmt"
	"strings"
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
	sender, size := r.From.Bare().String(), len(in.Raw)
	switch {
	case in.TooLarge || size > s.cfg.MaxRequest:
		s.refuse(r, Refuse(stanza.Cancel, stanza.PolicyViolation, fmt.Sprintf("the request is too large: at most %d bytes are read (limits.form in emanagement.yml); the command line on the component's machine takes more", s.cfg.MaxRequest)))
	case !s.budget.take(sender, size):
		s.refuse(r, errBusy())
	case !s.pool.start(sender, func() {
		defer s.budget.release(sender, size)
		s.answer(s.work, r)
	}):
		s.budget.release(sender, size)
		s.refuse(r, errBusy())
	}
}

// refusal is a request that was not worked on. It holds none of the request's text, which may
// be large.
type refusal struct {
	request Request
	why     stanza.Error
}

// errBusy tells a requester to try again.
func errBusy() stanza.Error {
	return Refuse(stanza.Wait, stanza.ResourceConstraint, "too busy, or about to stop; ask again in a moment")
}

// refuse has refuseOverflow refuse a request. It does not wait.
func (s *session) refuse(r Request, why stanza.Error) {
	from := r.From
	r.in, r.ID, r.Payload = &inbound{}, strings.Clone(r.ID), echoed(r.Payload)
	select {
	case s.overflow <- refusal{r, why}:
	default:
		s.log.Warn("a request was dropped: too many at once", "from", from)
	}
}

// maxEchoed is how many bytes of attributes a refusal repeats.
const maxEchoed = 1 << 10

// echoed returns a copy of a request's payload for its refusal, without attributes if they are
// large. It shares no text with the request.
func echoed(start xml.StartElement) xml.StartElement {
	copied := xml.StartElement{Name: cloned(start.Name)}
	size := 0
	for _, a := range start.Attr {
		size += len(a.Name.Space) + len(a.Name.Local) + len(a.Value)
		copied.Attr = append(copied.Attr, xml.Attr{Name: cloned(a.Name), Value: strings.Clone(a.Value)})
	}
	if size > maxEchoed {
		copied.Attr = nil
	}
	return copied
}

func cloned(n xml.Name) xml.Name {
	return xml.Name{Space: strings.Clone(n.Space), Local: strings.Clone(n.Local)}
}

// refuseOverflow sends the refusals.
func (s *session) refuseOverflow() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case f := <-s.overflow:
			if err := s.reply(s.ctx, f.request, nil, f.why); err != nil {
				s.log.Warn("a refusal could not be sent", "to", f.request.From, "why", err)
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
