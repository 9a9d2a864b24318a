package presence

import (
	"context"
	"errors"
	"sync"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/xmpp/xmltext"
)

// pace is the time from one message of a broadcast to the next: a hundred a
// second leave the server room for everybody else.
const pace = 10 * time.Millisecond

// Message sends a chat message once. from is a local user or a name at the
// component's own domain. Errors: *SenderError, ErrNotTaken, ErrIllegalText;
// one that wraps failure.ErrNoAnswer leaves open whether it was sent.
//
// The server says nothing to a name's message that it takes for somebody
// elsewhere and cannot bring there, nor to any that is sent as a user: what is
// given back goes to that user.
func (p *Presences) Message(ctx context.Context, from, to jid.JID, body string) error {
	if !xmltext.Legal(body) {
		return ErrIllegalText
	}
	return p.server.Message(ctx, from, to, body)
}

// atOnce is how many messages of a broadcast may wait for what comes of them.
const atOnce = 256

// Broadcast sends a message to each recipient, at most a hundred a second, and
// tells sent what came of each, in their order. The first is waited for before the
// others are sent. It stops at the context's end, whose error it returns, and where
// sent returns one.
func (p *Presences) Broadcast(ctx context.Context, from jid.JID, to []jid.JID, body string, sent func(to jid.JID, err error) error) error {
	ctx, stop := context.WithCancel(ctx)
	var sending sync.WaitGroup
	defer sending.Wait()
	defer stop()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	b := broadcast{sent: sent}
	for i, recipient := range to {
		if err := b.until(ctx, tick.C, atOnce); err != nil {
			return err
		}
		outcome := make(chan error, 1)
		b.waiting = append(b.waiting, outcome)
		b.to = append(b.to, recipient)
		sending.Go(func() { outcome <- p.Message(ctx, from, recipient, body) })
		if i == 0 {
			if err := b.until(ctx, nil, 0); err != nil {
				return err
			}
		}
	}
	return b.until(ctx, nil, 0)
}

// broadcast is the messages whose outcome was not told yet, the oldest first.
type broadcast struct {
	sent    func(to jid.JID, err error) error
	to      []jid.JID
	waiting []chan error
}

// until tells outcomes until it is time for the next message (never, where there
// is none) and no more than that many wait.
func (b *broadcast) until(ctx context.Context, next <-chan time.Time, most int) error {
	due := next == nil
	for !due || len(b.waiting) > most {
		var oldest chan error
		if len(b.waiting) > 0 {
			oldest = b.waiting[0]
		}
		select {
		case <-next:
			due, next = true, nil
		case err := <-oldest:
			to := b.to[0]
			b.to, b.waiting = b.to[1:], b.waiting[1:]
			if err := b.sent(to, err); err != nil {
				return err
			}
		case <-ctx.Done():
			return b.end(ctx)
		}
	}
	if ctx.Err() != nil { // both may have been due
		return b.end(ctx)
	}
	return nil
}

// end tells what came of the messages that were sent before the context ended,
// and returns its error.
func (b *broadcast) end(ctx context.Context) error {
	for i, outcome := range b.waiting {
		err := <-outcome // which ends with the context
		unsent := err != nil && errors.Is(err, context.Cause(ctx)) && !errors.Is(err, fault.ErrNoAnswer)
		if unsent {
			continue
		}
		if err := b.sent(b.to[i], err); err != nil {
			return err
		}
	}
	b.waiting = nil
	return context.Cause(ctx)
}
