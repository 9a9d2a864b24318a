package component

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"sync"
	"time"

	"mellium.im/xmpp/stanza"
)

// ErrUnconfirmed is wrapped by errors of Deliver if the stanza was sent and it is
// unknown whether the server took it.
var ErrUnconfirmed = errors.New("sent, but whether the server took it is unknown")

// Deliver sends a message or a presence once, under an id of its own, and learns
// whether the server refuses it. A server does not answer a stanza that it takes, so
// Deliver sends a probe (Config.Probe) to the host via right after the stanza. As
// measured, ejabberd works on one stanza of a component after the other. So its own
// errors come before the answer to the probe. Errors of other servers and of the
// recipient's session come later. Deliver waits for them for the duration of
// linger after the answer to the probe, and drops any that come after that.
//
// Deliver waits for the grant of the host via, for a slot of the window and up to
// 10 s for the answer. Errors: a stanza.Error is the refusal. One that wraps
// ErrUnconfirmed leaves the outcome open. With any other error nothing was sent:
// *NotGrantedError, *SizeError, the context's.
func (c *Component) Deliver(ctx context.Context, start xml.StartElement, payload xml.TokenReader, via string, linger time.Duration) error {
	l, host, slot, err := c.acquireSlot(ctx, via)
	if err != nil {
		return err
	}
	answered := false
	free := sync.OnceFunc(func() { slot.done(answered) })
	defer free()

	id, refusal := l.expect(start.Name.Local, attr(start, "to"))
	defer l.forget(id)
	if start, err = c.addressed(start, xml.Attr{Name: xml.Name{Local: "id"}, Value: id}); err != nil {
		return err
	}
	text, err := encode(start, payload)
	if err != nil {
		return err
	}
	if err := l.send(text, nil); err != nil {
		if _, ok := errors.AsType[*SizeError](err); ok {
			return err
		}
		return fmt.Errorf("%w: %w", ErrUnconfirmed, err)
	}
	probing, cancel := context.WithTimeoutCause(ctx, c.timing.reply, &TimeoutError{To: via, After: c.timing.reply})
	defer cancel()
	to, probe := c.cfg.Probe(host)
	_, err = l.ask(probing, stanza.IQ{Type: stanza.GetIQ, To: to, From: c.cfg.JID}, probe, c.timing.slow, slot.overdue)
	answered = err == nil
	free()
	if err != nil {
		linger = 0
	}
	if in, ok := l.awaitRefusal(ctx, refusal, linger); ok {
		return in.stanzaError()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnconfirmed, err)
	}
	return nil
}

// awaitRefusal waits for a stanza's error until linger has passed, the context ends
// or the stream ends.
func (l *link) awaitRefusal(ctx context.Context, refusal *pendingReply, linger time.Duration) (in inbound, ok bool) {
	t := time.NewTimer(linger)
	defer t.Stop()
	select {
	case in := <-refusal.reply:
		return in, true
	case <-t.C:
	case <-ctx.Done():
	case <-l.done:
	}
	select {
	case in := <-refusal.reply: // it came at the same moment
		return in, true
	default:
		return inbound{}, false
	}
}
