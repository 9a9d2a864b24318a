package presence

import (
	"context"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/internal/xmltext"
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

// Broadcast sends a message to each recipient, at most a hundred a second, and
// tells sent what came of each. It stops at the context's end, whose error it
// returns, and where sent returns one.
func (p *Presences) Broadcast(ctx context.Context, from jid.JID, to []jid.JID, body string, sent func(to jid.JID, err error) error) error {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for _, recipient := range to {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if ctx.Err() != nil { // both may have been due
			return context.Cause(ctx)
		}
		if err := sent(recipient, p.Message(ctx, from, recipient, body)); err != nil {
			return err
		}
	}
	return nil
}
