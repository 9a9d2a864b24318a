package component

import (
	"context"
	"encoding/xml"
	"fmt"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
)

// Ask sends an IQ request and decodes the child of its result into v. A nil v, and
// a result without a child, decode nothing. A *Content takes the child undecoded.
// Ask waits for the host's grant, for a slot of the window, and then up to 10 s for
// the reply. Errors: *NotGrantedError and *SizeError (nothing was sent),
// *TimeoutError, a stanza.Error (the server's answer), *AnswerSizeError, one that
// wraps ErrDisconnected, the context's.
func (c *Component) Ask(ctx context.Context, typ stanza.IQType, to jid.JID, payload xml.TokenReader, v any) error {
	l, host, slot, err := c.acquireSlot(ctx, to.Domainpart())
	if err != nil {
		return err
	}
	if host != to.Domainpart() {
		to = jid.NewUnsafe(to.Localpart(), host, to.Resourcepart()).JID
	}
	answered := false
	defer func() { slot.done(answered) }()
	asking, cancel := context.WithTimeoutCause(ctx, c.timing.reply, &TimeoutError{To: to.String(), After: c.timing.reply})
	defer cancel()
	iq := stanza.IQ{Type: typ, To: to, From: c.cfg.JID}
	in, err := l.ask(asking, iq, payload, c.timing.slow, func() {
		slot.overdue()
		l.noteSlow(host)
	})
	if err != nil {
		return err
	}
	answered = true
	if in.TooLarge {
		return &AnswerSizeError{From: to.String(), Limit: c.cfg.MaxAnswer}
	}
	if in.attr("type") == string(stanza.ErrorIQ) {
		err := in.stanzaError()
		if Condition(err) == stanza.Forbidden {
			l.setForbidding(host)
		}
		return err
	}
	switch v := v.(type) {
	case nil:
		return nil
	case *Content:
		v.in = in
		return nil
	}
	if err := in.decodeChild(v); err != nil {
		return fmt.Errorf("%s: an answer that cannot be read: %w", to, err)
	}
	return nil
}

// acquireSlot waits for a host's grant and for a slot of the window. It returns the
// stream, the host as its server spells it, and the slot. If the stream changes
// meanwhile, it frees the slot and starts over, because the wait for a grant must not
// hold a slot.
func (c *Component) acquireSlot(ctx context.Context, host string) (*link, string, *lease, error) {
	for {
		if _, err := c.awaitGrant(ctx, host); err != nil {
			return nil, "", nil, err
		}
		slot, err := c.window.acquire(ctx, address.PrepareHost(host), requesterOf(ctx))
		if err != nil {
			return nil, "", nil, err
		}
		if l, spelled := c.registry.linkTo(host); l != nil {
			return l, spelled, slot, nil
		}
		slot.done(false)
	}
}

type requesterKey struct{}

// withRequester records the requester for which requests are made under this
// context. The window is shared fairly among requesters.
func withRequester(ctx context.Context, jid string) context.Context {
	return context.WithValue(ctx, requesterKey{}, jid)
}

func requesterOf(ctx context.Context) string {
	jid, _ := ctx.Value(requesterKey{}).(string)
	return jid
}
