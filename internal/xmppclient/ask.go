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

// Ask sends an IQ of typ get or set with payload, which is raw XML, and waits
// for the reply or ctx. The zero JID as to leaves the address out, which asks
// the user's own account. The reply is returned whole. When it is an IQ error
// the reply comes with an error in which errors.As finds a stanza.Error as
// well as a *stanza.Error. After the end of the stream the error wraps
// ErrClosed. A reply that comes after ctx was done is dropped.
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

// ask is Ask without a look at what the reply says.
func (c *Client) ask(ctx context.Context, typ stanza.IQType, to jid.JID, payload string) (Element, error) {
	if typ != stanza.GetIQ && typ != stanza.SetIQ {
		return Element{}, errors.New("type has no reply")
	}
	id, arrived := c.asks.open(to)
	if err := c.Send(ctx, iq(typ, id, to.String(), payload)); err != nil {
		c.asks.drop(id)
		return Element{}, err
	}
	select {
	case reply := <-arrived:
		return reply, nil
	case <-ctx.Done():
		return Element{}, fmt.Errorf("no reply: %w", ctx.Err())
	case <-c.done:
	}
	select {
	case reply := <-arrived: // it came just before the end
		return reply, nil
	default:
		return Element{}, fmt.Errorf("no reply: %w", c.inbox.ended())
	}
}

// iq renders an IQ stanza around payload; an empty to is left out.
func iq(typ stanza.IQType, id, to, payload string) string {
	head := "<iq" + attribute("type", string(typ)) + attribute("id", id)
	if to != "" {
		head += attribute("to", to)
	}
	return head + ">" + payload + "</iq>"
}

// asks is the table of questions without an answer yet. It is safe for
// concurrent use.
type asks struct {
	own     jid.JID // the client's full JID
	mu      sync.Mutex
	pending map[string]question
}

type question struct {
	to     jid.JID
	answer chan Element // holds the one reply until it is taken
}

func newAsks(own jid.JID) *asks {
	return &asks{own: own, pending: make(map[string]question)}
}

// open registers a question to to and returns the id to ask it with and where
// its reply will be.
func (a *asks) open(to jid.JID) (string, <-chan Element) {
	id := rand.Text()
	q := question{to: to, answer: make(chan Element, 1)}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending[id] = q
	return id, q.answer
}

// drop forgets a question that was not sent.
func (a *asks) drop(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.pending, id)
}

// deliver hands e to its question and reports whether there was one. Both the
// id and the sender have to be right. It does not block.
func (a *asks) deliver(e Element) bool {
	if typ := stanza.IQType(e.Attr("type")); !e.is(nsClient, "iq") || typ != stanza.ResultIQ && typ != stanza.ErrorIQ {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	q, ok := a.pending[e.Attr("id")]
	if !ok || !a.isFrom(e.Attr("from"), q.to) {
		return false
	}
	delete(a.pending, e.Attr("id"))
	q.answer <- e
	return true
}

// isFrom says whether the from attribute of a reply names the one who was
// asked; left out, either one means the user's own bare JID.
func (a *asks) isFrom(from string, asked jid.JID) bool {
	sender := a.own.Bare()
	if from != "" {
		var err error
		if sender, err = jid.Parse(from); err != nil {
			return false
		}
	}
	if asked.Equal(jid.JID{}) {
		asked = a.own.Bare()
	}
	return sender.Equal(asked)
}

// refusal is an IQ error as a Go error. It unwraps to the stanza error both as
// a value, which is how mellium uses it, and as a pointer.
type refusal struct {
	stanza stanza.Error
}

// Error names the condition even when the stanza error has a text.
func (r *refusal) Error() string {
	said := fmt.Sprintf("answered with error %s (%s)", r.stanza.Condition, r.stanza.Type)
	for _, text := range r.stanza.Text {
		said += ": " + text
	}
	return said
}

func (r *refusal) Unwrap() []error {
	return []error{r.stanza, &r.stanza}
}

// replyError returns the error that a reply carries, nil for a result.
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
	return &refusal{stanza: stanzaError}
}
