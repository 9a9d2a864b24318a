package component

import (
	"context"
	"encoding/xml"
	"fmt"
	"runtime/debug"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
)

// Request is an IQ get or set to this component.
type Request struct {
	stanza.IQ
	Payload xml.StartElement // start tag of the only child (RFC 6120 §8.2.3)
	in      *inbound         // shared by the copies of the request, so that Decode can release it
}

// Decode decodes the request's child into v. It returns an error if the child does not
// fit v or holds characters that XML does not allow. It may be called once: it releases the
// content, apart from what v holds of it. The content may be large, and the request may take
// long.
func (r Request) Decode(v any) error {
	if r.in.Damaged {
		return errDamaged
	}
	defer func() { *r.in = inbound{} }()
	return r.in.decodeChild(v)
}

// Attr returns an attribute of the request's child, or "" if it is absent.
func (r Request) Attr(local string) string { return attr(r.Payload, local) }

// Handler answers one kind of request. It returns the payload of the result (nil for
// none) or an error. A stanza.Error or *SpecificError is sent as it is. Any other error
// is logged, and the requester learns only that an internal error occurred. A handler
// is called in a goroutine of its own and may send requests to the server. Its context
// ends after five minutes, or when the component is stopped.
type Handler func(ctx context.Context, r Request) (xml.TokenReader, error)

type handlerKey struct {
	typ     stanza.IQType
	payload xml.Name
}

// Handle registers the handler of requests of this type with this payload, at the
// component's domain and at every resource of it. It must be called before Run, and
// panics at a second registration for the same kind of request.
func (c *Component) Handle(typ stanza.IQType, payload xml.Name, h Handler) {
	key := handlerKey{typ, payload}
	if c.handlers[key] != nil {
		panic(fmt.Sprintf("component: two handlers for %s %v", typ, payload))
	}
	c.handlers[key] = h
}

// maxID limits the id of a request, in bytes. The reply repeats it.
const maxID = 4096

// newRequest reads the head of a request. It returns an error if the request cannot be
// answered: it has no id or a very long one, an invalid address, or a recipient that is not ours. (A reply
// from another's address would end the stream.)
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
	if id == "" || len(id) > maxID || !address.SameHost(to.Domainpart(), own.Domainpart()) {
		return Request{}, fmt.Errorf("iq from %q to %q with id %.100q: cannot be answered", from, to, id)
	}
	iq := stanza.IQ{ID: id, From: from, To: to, Type: stanza.IQType(in.attr("type"))}
	return Request{IQ: iq, Payload: in.child(), in: &in}, nil
}

// answer handles one request, when it is its turn, and sends its reply.
func (c *Component) answer(ctx context.Context, r Request) {
	requester := r.From.Bare().String()
	ctx, cancel := context.WithTimeout(withRequester(ctx, requester), c.timing.request)
	defer cancel()
	var payload xml.TokenReader
	end, err := c.awaitTurn(ctx, requester)
	if err == nil {
		payload, err = c.handle(ctx, r)
		end()
	}
	if err := c.reply(ctx, r, payload, err); err != nil {
		c.log.Warn("a reply could not be sent", "to", r.From, "id", r.ID, "why", err)
	}
}

// awaitTurn waits until a request may be worked on. The turns go round the requesters. The
// caller must call end.
func (c *Component) awaitTurn(ctx context.Context, requester string) (end func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timing.turn)
	defer cancel()
	turn, err := c.turns.acquire(ctx, "", requester)
	if err != nil {
		return nil, errBusy()
	}
	return func() { turn.done(true) }, nil
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
	// A request of an unknown kind, or for an account that does not exist (RFC 6120
	// §8.4, RFC 6121 §8.5.1).
	if h == nil || r.To.Localpart() != "" {
		return nil, Refuse(stanza.Cancel, stanza.ServiceUnavailable, "such requests are not answered here")
	}
	return h(ctx, r)
}

// checkRequest refuses a request that breaks the rules of RFC 6120 §8.2.3 or whose
// answer would not arrive.
func (c *Component) checkRequest(r Request) error {
	if r.in.Children != 1 {
		return BadRequest("a request has exactly one child element")
	}
	// As measured, ejabberd drops results to a bare JID or a domain unless that host
	// grants us access. Errors, and results to full JIDs, go through.
	if r.From.Resourcepart() == "" && !c.registry.serves(r.From.Domainpart()) {
		return BadRequest("ask from a full JID (one with a resource): the server would drop the answer to " + r.From.String())
	}
	return nil
}
