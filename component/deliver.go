package component

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"sync"
	"time"

	"mellium.im/xmlstream"
	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
)

// ErrUnconfirmed is wrapped by errors of Deliver where the stanza has been
// sent: whether the server took it is unknown.
var ErrUnconfirmed = errors.New("sent, but whether the server took it is unknown")

// Deliver sends a message or a presence once, under an id of its own, and
// learns whether the server refuses it. Nothing answers one that it takes, so
// a question to the host via follows: measured on ejabberd, which works on one
// stanza of a component after the other, every error of its own comes before
// that answer. One of another server comes later, and is dropped.
//
// It waits for the host's grant, its turn in the window and up to 10 s for the
// answer. Errors: a stanza.Error is the refusal; one that wraps ErrUnconfirmed
// leaves the outcome open; with any other nothing was sent: *NotGrantedError,
// the context's.
func (c *Component) Deliver(ctx context.Context, start xml.StartElement, payload xml.TokenReader, via string, linger time.Duration) error {
	l, host, slot, err := c.turn(ctx, via)
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
	asking, cancel := context.WithTimeoutCause(ctx, c.timing.ask, &TimeoutError{To: via, After: c.timing.ask})
	defer cancel()
	_, err = l.ask(asking, stanza.IQ{Type: stanza.GetIQ, To: address.Account(watchLocalpart, host), From: c.cfg.JID}, rosterGet(), c.timing.slow, slot.overdue)
	answered = err == nil
	free()
	if err != nil {
		linger = 0
	}
	late := time.NewTimer(linger)
	defer late.Stop()
	select {
	case in := <-refusal.reply:
		return in.stanzaError()
	case <-late.C:
	case <-ctx.Done():
	case <-l.done:
	}
	select {
	case in := <-refusal.reply: // it came at the same moment
		return in.stanzaError()
	default:
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnconfirmed, err)
	}
	return nil
}

// addressed returns the start of a stanza with from and to (XEP-0114 §3 asks
// for both) and further attributes.
func (c *Component) addressed(start xml.StartElement, more ...xml.Attr) (xml.StartElement, error) {
	if attr(start, "to") == "" {
		return start, fmt.Errorf("%s: without to", start.Name.Local)
	}
	start = start.Copy() // its attributes are the caller's
	if attr(start, "from") == "" {
		start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: "from"}, Value: c.cfg.JID.String()})
	}
	start.Attr = append(start.Attr, more...)
	return start, nil
}

// rosterGet asks for a roster: a question that every host which grants access
// answers, and that changes nothing.
func rosterGet() xml.TokenReader {
	return xmlstream.Wrap(nil, xml.StartElement{Name: xml.Name{Space: "jabber:iq:roster", Local: "query"}})
}
