package chat

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"log/slog"
	"sync"
	"time"

	"mellium.im/xmlstream"

	"emanagement/component"
	"emanagement/verb"
)

// frontName is the name of this front in the audit log.
const frontName = "chat"

// front answers the chat messages to one component.
type front struct {
	namespace *verb.Namespace
	log       *slog.Logger
	reply     func(ctx context.Context, m message, text string) error
	refusals  refusals

	mu            sync.Mutex
	conversations map[string]*conversation // by bare JID; at most one for each grant
}

// conversation is the state of the chat with one requester. It is not used concurrently: the
// component delivers the messages of one sender one after the other.
type conversation struct {
	rate        messageRate
	budget      replyBudget
	unconfirmed *unconfirmed
	rest        *parts
}

// unconfirmed is a verb that runs after a yes.
type unconfirmed struct {
	verb    *verb.Verb
	request verb.Request
	until   time.Time
}

// Register makes the component answer chat messages by the verbs of a namespace. It must be
// called before the component runs.
func Register(c *component.Component, n *verb.Namespace, log *slog.Logger) {
	f := newFront(n, log, func(ctx context.Context, m message, text string) error {
		return c.Send(ctx, replyHeader(m), replyContent(m, text))
	})
	c.OnMessage(func(ctx context.Context, m component.Message) {
		f.handle(ctx, newMessage(m))
	})
}

func newFront(n *verb.Namespace, log *slog.Logger, reply func(context.Context, message, string) error) *front {
	return &front{
		namespace: n, log: log, reply: reply,
		refusals: refusals{last: make(map[string]refusal)}, conversations: make(map[string]*conversation),
	}
}

// replyHeader returns the start of a message that answers m: to the client that sent m, from
// the address that received it.
func replyHeader(m message) xml.StartElement {
	attribute := func(name, value string) xml.Attr { return xml.Attr{Name: xml.Name{Local: name}, Value: value} }
	return xml.StartElement{Name: xml.Name{Local: "message"}, Attr: []xml.Attr{
		attribute("type", string(m.typ)), attribute("id", rand.Text()),
		attribute("from", m.to.String()), attribute("to", m.from.String()),
	}}
}

// replyContent returns the content of a message that answers m, in the same thread.
func replyContent(m message, text string) xml.TokenReader {
	type element struct {
		XMLName xml.Name
		Text    string `xml:",chardata"`
	}
	body := component.XML(element{xml.Name{Local: "body"}, text})
	// Clients show the text without styles: a nick keeps its asterisks (XEP-0393 §6).
	unstyled := component.XML(element{XMLName: xml.Name{Space: "urn:xmpp:styling:0", Local: "unstyled"}})
	if m.thread == "" {
		return xmlstream.MultiReader(body, unstyled)
	}
	return xmlstream.MultiReader(body, unstyled, component.XML(element{xml.Name{Local: "thread"}, m.thread}))
}

// handle answers a message, or ignores it.
func (f *front) handle(ctx context.Context, m message) {
	if !m.wantsAnswer() {
		return
	}
	if len(f.namespace.Visible(m.from)) == 0 {
		f.refuse(ctx, m)
		return
	}
	c := f.conversation(m.from.Bare().String())
	c.budget.noteMessage()
	if ok, pause := c.rate.admit(); !ok {
		if pause > 0 {
			f.send(ctx, m, tooManyMessages(pause)+droppedNote(m))
		}
		return
	}
	a := f.answer(ctx, m, c)
	ok, pause := c.budget.spend(a.kind)
	if !ok {
		return
	}
	if a.parts == nil {
		if pause > 0 {
			a.text += "\n\n" + silenceNote(a.kind, pause)
		}
		if m.isCorrection() {
			a.text = correctionNote + "\n" + a.text
		}
		a.parts = splitText(a.text)
	}
	texts := a.parts.next()
	texts[len(texts)-1] += droppedNote(m)
	for _, text := range texts {
		f.send(ctx, m, text)
	}
	// The rest of an answer stays available after a message that is not a command.
	if a.kind == commandReply || a.parts.hasMore() {
		c.rest = a.parts
	}
}

// conversation returns the conversation with a bare JID.
func (f *front) conversation(requester string) *conversation {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conversations[requester] == nil {
		f.conversations[requester] = &conversation{rate: newMessageRate()}
	}
	return f.conversations[requester]
}

// refuse records a message from a requester without any grant, and answers it unless a refusal
// was sent a short while ago. Hosts and components get no refusal: no person would read it.
func (f *front) refuse(ctx context.Context, m message) {
	name, _ := f.namespace.Canonical(firstWord(m.line))
	_, err := f.namespace.FindAudited(verb.Request{Requester: m.from, Front: frontName, Verb: name})
	if m.from.Localpart() == "" || !f.refusals.allow(m.from.Bare().String()) {
		return
	}
	f.send(ctx, m, refusalText(err))
}

// send sends one message. It must not read as a command, because an echo of it would then be
// one.
func (f *front) send(ctx context.Context, m message, text string) {
	if f.isCommand(stripQuotation(text)) {
		text = "– " + text
	}
	if err := f.reply(ctx, m, text); err != nil {
		f.log.Warn("an answer could not be sent", "to", m.from, "why", err)
	}
}

// isCommand reports whether a line begins like a command.
func (f *front) isCommand(line string) bool {
	first := firstWord(line)
	switch normalized(first) {
	case wordHelp, wordQuestion, wordMore, wordYes, wordNo:
		return true
	}
	_, known := f.namespace.Canonical(first)
	return known
}
