package message

import (
	"context"
	"errors"
	"sync"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
)

const (
	// broadcastInterval is the time between two messages of a broadcast. A hundred
	// messages a second leave the server capacity for other requests.
	broadcastInterval = 10 * time.Millisecond
	// maxPending limits how many messages of a broadcast may wait for their outcome
	// before the next one is sent.
	maxPending = 256
)

// Broadcast sends a message to each recipient, at most a hundred messages a second. It
// calls report with the outcome of each message, in the order of the recipients, and
// never concurrently. It sends only one message until the outcome of the first is
// reported.
//
// It stops when the context ends, and returns the context's cause. A message that was
// not sent by then is not reported. If report returns an error, Broadcast stops and
// returns that error.
func (m *Messages) Broadcast(ctx context.Context, from jid.JID, to []jid.JID, body string, report func(to jid.JID, err error) error) error {
	ctx, stop := context.WithCancel(ctx)
	var sending sync.WaitGroup
	defer sending.Wait()
	defer stop()
	tick := time.NewTicker(broadcastInterval)
	defer tick.Stop()
	p := pending{report: report}
	for i, recipient := range to {
		if err := p.reportUntil(ctx, tick.C, maxPending); err != nil {
			return err
		}
		outcome := make(chan error, 1)
		p.outcomes = append(p.outcomes, outcome)
		p.recipients = append(p.recipients, recipient)
		sending.Go(func() { outcome <- m.Send(ctx, from, recipient, body) })
		if i == 0 {
			if err := p.reportAll(ctx); err != nil {
				return err
			}
		}
	}
	return p.reportAll(ctx)
}

// pending holds the messages of a broadcast whose outcome was not reported yet, the
// oldest first.
type pending struct {
	report     func(to jid.JID, err error) error
	recipients []jid.JID
	outcomes   []chan error
}

// reportAll reports outcomes until no message is pending.
func (p *pending) reportAll(ctx context.Context) error { return p.reportUntil(ctx, nil, 0) }

// reportUntil reports outcomes until next fires and no more than limit messages are
// pending. A nil next counts as fired. It returns the first error of report, or the
// cause of the context's end.
func (p *pending) reportUntil(ctx context.Context, next <-chan time.Time, limit int) error {
	due := next == nil
	for !due || len(p.outcomes) > limit {
		var oldest chan error
		if len(p.outcomes) > 0 {
			oldest = p.outcomes[0]
		}
		select {
		case <-next:
			due, next = true, nil
		case err := <-oldest:
			to := p.recipients[0]
			p.recipients, p.outcomes = p.recipients[1:], p.outcomes[1:]
			if err := p.report(to, err); err != nil {
				return err
			}
		case <-ctx.Done():
			return p.reportSent(ctx)
		}
	}
	if ctx.Err() != nil { // select chooses at random if both are ready
		return p.reportSent(ctx)
	}
	return nil
}

// reportSent reports the pending messages that were sent before the context ended, and
// returns the context's cause.
func (p *pending) reportSent(ctx context.Context) error {
	for i, outcome := range p.outcomes {
		err := <-outcome // does not block for long: Send returns when the context ends
		unsent := err != nil && errors.Is(err, context.Cause(ctx)) && !errors.Is(err, fault.ErrNoAnswer)
		if unsent {
			continue
		}
		if err := p.report(p.recipients[i], err); err != nil {
			return err
		}
	}
	p.outcomes = nil
	return context.Cause(ctx)
}
