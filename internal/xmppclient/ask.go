package xmppclient

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

const nsStanzas = "urn:ietf:params:xml:ns:xmpp-stanzas"

// Ask sends an IQ of typ get or set with payload, which is raw XML, and returns the whole
// reply. It blocks until the reply arrives or ctx ends. A zero to leaves the address out,
// so that the user's own account answers.
//
// If the reply is an IQ error, Ask returns it together with an error in which errors.As
// finds a stanza.Error and a *stanza.Error. After the end of the stream the error wraps
// ErrClosed. A reply that arrives after the end of ctx is dropped.
func (c *Client) Ask(ctx context.Context, typ stanza.IQType, to jid.JID, payload string) (Element, error) {
	reply, err := c.ask(ctx, typ, to, payload)
	if err == nil {
		err = replyError(reply)
	}
	if err == nil {
		return reply, nil
	}
	if to.Equal(jid.JID{}) {
		to = c.jid.Bare()
	}
	return reply, fmt.Errorf("iq %s to %s: %w", typ, to, err)
}

// ask is Ask, but returns an error reply as any other reply.
func (c *Client) ask(ctx context.Context, typ stanza.IQType, to jid.JID, payload string) (Element, error) {
	if typ != stanza.GetIQ && typ != stanza.SetIQ {
		return Element{}, errors.New("type has no reply")
	}
	id, replies := c.pending.add(to)
	if err := c.Send(ctx, iq(typ, id, to.String(), payload)); err != nil {
		c.pending.remove(id)
		return Element{}, err
	}
	select {
	case reply := <-replies:
		return reply, nil
	case <-ctx.Done():
		return Element{}, fmt.Errorf("no reply: %w", ctx.Err())
	case <-c.done:
	}
	select {
	case reply := <-replies: // it arrived just before the end of the stream
		return reply, nil
	default:
		return Element{}, fmt.Errorf("no reply: %w", c.inbox.ended())
	}
}

// iq returns an IQ stanza with payload as XML. An empty to is left out.
func iq(typ stanza.IQType, id, to, payload string) string {
	head := "<iq" + attribute("type", string(typ)) + attribute("id", id)
	if to != "" {
		head += attribute("to", to)
	}
	return head + ">" + payload + "</iq>"
}

// pendingRequests is the table of requests without a reply. It is safe for concurrent use.
type pendingRequests struct {
	own  jid.JID // the client's full JID
	mu   sync.Mutex
	byID map[string]pendingRequest
}

type pendingRequest struct {
	to    jid.JID
	reply chan Element // has room for the one reply, so that deliver does not block
}

func newPendingRequests(own jid.JID) *pendingRequests {
	return &pendingRequests{own: own, byID: make(map[string]pendingRequest)}
}

// add registers a request to to. It returns the id that the request must have, and the
// channel on which its reply will arrive.
func (p *pendingRequests) add(to jid.JID) (string, <-chan Element) {
	id := rand.Text()
	request := pendingRequest{to: to, reply: make(chan Element, 1)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byID[id] = request
	return id, request.reply
}

// remove removes a request that was not sent.
func (p *pendingRequests) remove(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.byID, id)
}

// deliver passes e on if it is the reply to a pending request, and reports whether it is.
// Both the id and the sender must match. It does not block.
func (p *pendingRequests) deliver(e Element) bool {
	if typ := stanza.IQType(e.Attr("type")); !e.is(nsClient, "iq") || typ != stanza.ResultIQ && typ != stanza.ErrorIQ {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	request, ok := p.byID[e.Attr("id")]
	if !ok || !p.isFrom(e.Attr("from"), request.to) {
		return false
	}
	delete(p.byID, e.Attr("id"))
	request.reply <- e
	return true
}

// isFrom reports whether the from attribute of a reply names the recipient of the
// request. An empty from and a zero to both mean the user's own bare JID.
func (p *pendingRequests) isFrom(from string, to jid.JID) bool {
	sender := p.own.Bare()
	if from != "" {
		var err error
		if sender, err = jid.Parse(from); err != nil {
			return false
		}
	}
	if to.Equal(jid.JID{}) {
		to = p.own.Bare()
	}
	return sender.Equal(to)
}

// errorReply is an IQ error as a Go error. It unwraps to the stanza error both as a
// value, which is how mellium uses it, and as a pointer.
type errorReply struct {
	stanza stanza.Error
}

// Error names the condition even if the stanza error has a text.
func (e *errorReply) Error() string {
	message := fmt.Sprintf("answered with error %s (%s)", e.stanza.Condition, e.stanza.Type)
	for _, text := range e.stanza.Text {
		message += ": " + text
	}
	return message
}

func (e *errorReply) Unwrap() []error {
	return []error{e.stanza, &e.stanza}
}

// replyError returns the error in a reply, or nil if the reply is a result.
func replyError(reply Element) error {
	switch stanza.IQType(reply.Attr("type")) {
	case stanza.ResultIQ:
		return nil
	case stanza.ErrorIQ:
	default:
		return fmt.Errorf("not a reply: %s", reply)
	}
	e, _ := reply.Child(nsClient, "error")
	stanzaError := stanza.Error{
		Type:      stanza.ErrorType(e.Attr("type")),
		Condition: stanza.UndefinedCondition,
		Text:      make(map[string]string),
	}
	for _, child := range e.Children {
		switch {
		case child.Name.Space != nsStanzas:
		case child.Name.Local == "text":
			stanzaError.Text[child.lang()] = child.Text
		default:
			stanzaError.Condition = stanza.Condition(child.Name.Local)
		}
	}
	return &errorReply{stanza: stanzaError}
}
