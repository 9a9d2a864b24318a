package component

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
)

// Request is an IQ get or set to this component.
type Request struct {
	stanza.IQ
	Payload xml.StartElement // of the one child (RFC 6120 §8.2.3)
	in      inbound
}

// Decode decodes the request's child into v.
func (r Request) Decode(v any) error {
	if r.in.Damaged {
		return errDamaged
	}
	return r.in.decodeChild(v)
}

// Attr returns an attribute of the request's child, "" where it is absent.
func (r Request) Attr(local string) string { return attr(r.Payload, local) }

// Handler answers one kind of request. It returns the payload of the result
// (nil for none) or an error: a stanza.Error or *SpecificError is sent as it is, of any other
// the asker learns only that something went wrong here. It is called in a
// goroutine of its own and may ask the server things; its context ends after
// five minutes or when the component is stopped.
type Handler func(ctx context.Context, r Request) (xml.TokenReader, error)

type handlerKey struct {
	typ     stanza.IQType
	payload xml.Name
}

// Handle registers what answers requests of this type with this payload, at
// the component's domain and at every resource of it. To be called before
// Run; a second registration panics.
func (c *Component) Handle(typ stanza.IQType, payload xml.Name, h Handler) {
	key := handlerKey{typ, payload}
	if c.handlers[key] != nil {
		panic(fmt.Sprintf("component: two handlers for %s %v", typ, payload))
	}
	c.handlers[key] = h
}

// BadRequest is the stanza error for a request that says something wrong, or
// not enough; the text says what.
func BadRequest(text string) stanza.Error {
	return Refuse(stanza.Modify, stanza.BadRequest, text)
}

// Refuse is a stanza error (RFC 6120 §8.3) with a text, which is all that
// many clients show.
func Refuse(typ stanza.ErrorType, cond stanza.Condition, text string) stanza.Error {
	return stanza.Error{Type: typ, Condition: cond, Text: map[string]string{"": text}}
}

// SpecificError is a stanza error with a condition of the application's own
// beside the general one (RFC 6120 §8.3.2).
type SpecificError struct {
	General  stanza.Error
	Specific xml.Name
}

func (e *SpecificError) Error() string { return e.Specific.Local + ": " + e.General.Error() }

// Unwrap returns the general error.
func (e *SpecificError) Unwrap() error { return e.General }

// answer works on one request and sends its reply.
func (c *Component) answer(ctx context.Context, r Request) {
	ctx, cancel := context.WithTimeout(WithAsker(ctx, r.From.Bare().String()), c.timing.request)
	defer cancel()
	payload, err := c.handle(ctx, r)
	if err := c.reply(ctx, r, payload, err); err != nil {
		c.log.Warn("a reply could not be sent", "to", r.From, "id", r.ID, "why", err)
	}
}

// handle finds the handler of a request and calls it.
func (c *Component) handle(ctx context.Context, r Request) (payload xml.TokenReader, err error) {
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("a request's handler panicked", "request", r.Payload.Name, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if err := c.checkRequest(r); err != nil {
		return nil, err
	}
	h := c.handlers[handlerKey{r.Type, r.Payload.Name}]
	// RFC 6120 §8.4, RFC 6121 §8.5.1: what is not understood, and what is
	// meant for an account that does not exist.
	if h == nil || r.To.Localpart() != "" {
		return nil, Refuse(stanza.Cancel, stanza.ServiceUnavailable, "such requests are not answered here")
	}
	return h(ctx, r)
}

// checkRequest refuses what breaks the rules of RFC 6120 §8.2.3 and what could
// not be answered.
func (c *Component) checkRequest(r Request) error {
	if r.in.Children != 1 {
		return BadRequest("a request has exactly one child element")
	}
	// Measured on ejabberd: results to a bare JID or a domain are dropped
	// unless that host grants us access; errors and full JIDs go through.
	if r.From.Resourcepart() == "" && !c.board.serves(r.From.Domainpart()) {
		return BadRequest("ask from a full JID (one with a resource): the server would drop the answer to " + r.From.String())
	}
	return nil
}

// reply sends the result, or the error where err is not nil. A result that the
// server does not take gives its place to an error.
func (c *Component) reply(ctx context.Context, r Request, payload xml.TokenReader, err error) error {
	l, lerr := c.board.awaitLink(ctx)
	if lerr != nil {
		return lerr
	}
	if err == nil {
		if payload == nil && r.From.Resourcepart() == "" {
			// A result without a child to a bare JID crashes a hook of ejabberd's.
			payload = echo(r.Payload)
		}
		err = l.sendReply(r, stanza.ResultIQ, payload)
		if err == nil || errors.Is(err, ErrDisconnected) {
			return err
		}
		if e, ok := errors.AsType[*SizeError](err); ok {
			err = tooLarge(e.Size, e.Limit)
		}
	}
	se, ok := errors.AsType[stanza.Error](err)
	if !ok {
		c.log.Error("a request failed", "request", r.Payload.Name, "from", r.From, "why", err)
		se = Refuse(stanza.Wait, stanza.InternalServerError, "something went wrong here; the log of the component says what")
	}
	// Some clients know a failed command only by its echo.
	payload = xmlstream.MultiReader(echo(r.Payload), se.Wrap(specific(err)))
	return l.sendReply(r, stanza.ErrorIQ, payload)
}

// sendReply sends the reply to a request. Errors are those of encode and send.
func (l *link) sendReply(r Request, typ stanza.IQType, payload xml.TokenReader) error {
	iq := stanza.IQ{ID: r.ID, From: r.To, To: r.From, Type: typ}
	text, err := encode(iq.StartElement(), payload)
	if err != nil {
		return err
	}
	return l.send(text, &r)
}

func specific(err error) xml.TokenReader {
	se, ok := errors.AsType[*SpecificError](err)
	if !ok {
		return nil
	}
	return xmlstream.Wrap(nil, xml.StartElement{Name: se.Specific})
}

// echo repeats the start of a request's child (RFC 6120 §8.3.1), nothing of
// what is inside.
func echo(start xml.StartElement) xml.TokenReader {
	if start.Name.Local == "" {
		return nil
	}
	start.Attr = slices.DeleteFunc(slices.Clone(start.Attr), func(a xml.Attr) bool {
		return a.Name.Space == "xmlns" || a.Name.Local == "xmlns"
	})
	return xmlstream.Wrap(nil, start)
}

// newRequest reads the head of a request. It fails where nobody could be
// answered: without an id, from an address that is none, or for an address
// that is not ours (a reply from it would end the stream).
func newRequest(in inbound, own jid.JID) (Request, error) {
	from, err := in.address("from")
	if err != nil {
		return Request{}, fmt.Errorf("iq from %q: %w", in.attr("from"), err)
	}
	to, err := in.address("to")
	if err != nil {
		return Request{}, fmt.Errorf("iq to %q: %w", in.attr("to"), err)
	}
	id := in.attr("id")
	if id == "" || !address.SameHost(to.Domainpart(), own.Domainpart()) {
		return Request{}, fmt.Errorf("iq from %q to %q with id %q: cannot be answered", from, to, id)
	}
	iq := stanza.IQ{ID: id, From: from, To: to, Type: stanza.IQType(in.attr("type"))}
	return Request{IQ: iq, Payload: in.child(), in: in}, nil
}
