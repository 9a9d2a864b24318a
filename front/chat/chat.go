package chat

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"mellium.im/xmlstream"

	"emanagement/component"
	"emanagement/verb"
	"emanagement/verb/wire"
)

// frontName is this front's in the audit log.
const frontName = "chat"

// yesTime is how long a yes is waited for.
const yesTime = time.Minute

// front answers for one component.
type front struct {
	namespace *verb.Namespace
	log       *slog.Logger
	send      func(ctx context.Context, q question, text string) error
	strangers strangers

	mu     sync.Mutex
	people map[string]*person // by bare JID; there are no more than grants
}

// person is somebody who may run something, and how far the talk is. One
// goroutine uses it at a time: the component hands on one sender's messages one
// after the other.
type person struct {
	pace  pace
	talk  talk
	asked *pending // waits for a yes
	rest  *parts
}

// pending is a verb that is run upon a yes.
type pending struct {
	verb    *verb.Verb
	request verb.Request
	until   time.Time
}

// Register has the component answer chat messages by the namespace's verbs. To
// be called before the component runs.
func Register(c *component.Component, n *verb.Namespace, log *slog.Logger) {
	f := newFront(n, log, func(ctx context.Context, q question, text string) error {
		return c.Send(ctx, header(q), content(q, text))
	})
	c.OnMessage(func(ctx context.Context, m component.Message) {
		f.take(ctx, questionIn(m))
	})
}

func newFront(n *verb.Namespace, log *slog.Logger, send func(context.Context, question, string) error) *front {
	return &front{
		namespace: n, log: log, send: send,
		strangers: strangers{refused: make(map[string]refusal)}, people: make(map[string]*person),
	}
}

// header is the start of a message that answers: to the very client that asked,
// from the address that was asked.
func header(q question) xml.StartElement {
	attribute := func(name, value string) xml.Attr { return xml.Attr{Name: xml.Name{Local: name}, Value: value} }
	return xml.StartElement{Name: xml.Name{Local: "message"}, Attr: []xml.Attr{
		attribute("type", string(q.typ)), attribute("id", rand.Text()),
		attribute("from", q.to.String()), attribute("to", q.from.String()),
	}}
}

// content is what is in it.
func content(q question, text string) xml.TokenReader {
	type element struct {
		XMLName xml.Name
		Text    string `xml:",chardata"`
	}
	body := component.XML(element{xml.Name{Local: "body"}, text})
	// A nick is shown with its asterisks (XEP-0393 §6).
	plain := component.XML(element{XMLName: xml.Name{Space: "urn:xmpp:styling:0", Local: "unstyled"}})
	if q.thread == "" {
		return xmlstream.MultiReader(body, plain)
	}
	return xmlstream.MultiReader(body, plain, component.XML(element{xml.Name{Local: "thread"}, q.thread}))
}

// take answers a question, or keeps silent.
func (f *front) take(ctx context.Context, q question) {
	if !q.asked() {
		return
	}
	if len(f.namespace.Visible(q.from)) == 0 {
		f.refuse(ctx, q)
		return
	}
	p := f.person(q.from.Bare().String())
	p.talk.hear()
	if ok, silence := p.pace.admit(); !ok {
		if silence > 0 {
			f.say(ctx, q, tooFast(silence)+missed(q))
		}
		return
	}
	r := f.read(ctx, q, p)
	ok, pause := p.talk.spend(r.kind)
	if !ok {
		return
	}
	if r.rest == nil {
		if pause > 0 {
			r.text += "\n\n" + lastWords(r.kind, pause)
		}
		if q.corrects() {
			r.text = corrected + "\n" + r.text
		}
		r.rest = partsOf(r.text)
	}
	messages := r.rest.next()
	messages[len(messages)-1] += missed(q)
	for _, text := range messages {
		f.say(ctx, q, text)
	}
	// What is no command does not push out what is still to be had.
	if r.kind == toCommand || r.rest.left() {
		p.rest = r.rest
	}
}

func (f *front) person(who string) *person {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.people[who] == nil {
		f.people[who] = &person{pace: newPace()}
	}
	return f.people[who]
}

// refuse tells somebody who may run nothing so, more and more rarely. A host or
// another component is nobody who could read it.
func (f *front) refuse(ctx context.Context, q question) {
	name, _ := f.namespace.Spelled(firstWord(q.line))
	_, err := f.namespace.Open(verb.Request{Asker: q.from, Front: frontName, Verb: name})
	if q.from.Localpart() == "" || !f.strangers.next(q.from.Bare().String()) {
		return
	}
	f.say(ctx, q, fmt.Sprintf("Sorry, %v. Whoever looks after this server can change that.", err))
}

// say sends one message. It must not read as a command, or an echo would be
// one.
func (f *front) say(ctx context.Context, q question, text string) {
	if f.isCommand(lineIn(text)) {
		text = "– " + text
	}
	if err := f.send(ctx, q, text); err != nil {
		f.log.Warn("an answer could not be sent", "to", q.from, "why", err)
	}
}

// isCommand says whether a line begins as a command does.
func (f *front) isCommand(line string) bool {
	first := firstWord(line)
	switch plainly(first) {
	case wordHelp, wordQuestion, wordMore, wordYes, wordNo:
		return true
	}
	_, known := f.namespace.Spelled(first)
	return known
}

// reply is what is said to a line.
type reply struct {
	text string
	rest *parts // instead of the text: the parts to go on with
	kind kind
}

// read does what a line says.
func (f *front) read(ctx context.Context, q question, p *person) reply {
	asked := p.asked
	p.asked = nil
	waited := asked != nil && time.Now().Before(asked.until)
	if q.encrypted() {
		return reply{text: "Sorry, I cannot read encrypted messages. Switch the encryption off in this chat.", kind: toChatter}
	}
	switch word := plainly(q.line); {
	case word == wordYes && waited:
		asked.request.Asker, asked.request.Confirmed = q.from, true
		return f.run(ctx, p, asked.verb, asked.request)
	case word == wordYes:
		return reply{text: "There is nothing that waits for a yes: a question is over when another message comes, and after a minute.", kind: toChatter}
	case word == wordNo && asked != nil:
		return reply{text: "Nothing was done.", kind: toHelp}
	case word == wordMore && p.rest.left():
		return reply{rest: p.rest}
	case word == wordMore:
		return reply{text: "There is no more.", kind: toChatter}
	}
	words, err := split(q.line)
	first := firstWord(q.line)
	if word := plainly(first); word == wordHelp || word == wordQuestion {
		return reply{text: f.help(q.from, words), kind: toHelp}
	}
	name, known := f.namespace.Spelled(first)
	switch {
	case !known:
		return reply{text: f.unknown(q.from, first), kind: toChatter}
	case err != nil:
		return reply{text: "This cannot be read: " + err.Error() + `. (One that is meant as it is has a \ before it.)`}
	}
	return f.command(ctx, q, p, name, words[1:])
}

// command runs a verb with the words that follow it.
func (f *front) command(ctx context.Context, q question, p *person, name string, words []string) reply {
	request := verb.Request{Asker: q.from, Front: frontName, Verb: name}
	v, err := f.namespace.Open(request)
	if err != nil {
		return reply{text: errorText(v, request, err)}
	}
	values, rest, err := v.Arguments(words)
	if err == nil {
		request.Values = values
		request.Confirmed, err = v.ReadFlags(rest, request.Values)
	}
	if wire.KindOf(err) == wire.Usage {
		return reply{text: wrongCount(v, q.line, words) + "\n\n" + manner(v, host(request))}
	}
	if err != nil {
		return reply{text: errorText(v, request, err)}
	}
	return f.run(ctx, p, v, request)
}

// run runs a verb and notes what it waits for.
func (f *front) run(ctx context.Context, p *person, v *verb.Verb, request verb.Request) reply {
	result, err := f.namespace.Run(ctx, request)
	if err == nil {
		return reply{text: strings.Join(resultLines(v, request, result), "\n")}
	}
	if wire.KindOf(err) == wire.Confirm {
		p.asked = &pending{v, request, time.Now().Add(yesTime)}
	}
	return reply{text: errorText(v, request, err)}
}

// tooFast is said once to who sends more than is read.
func tooFast(pause time.Duration) string {
	return fmt.Sprintf("Too many messages. This one was not read, nor will be others until none has come for %s.", inWords(pause))
}

// lastWords end an answer after which no more of its kind is answered.
func lastWords(k kind, pause time.Duration) string {
	if k == toChatter {
		return fmt.Sprintf("(I answer nothing else now but help and my commands, such as listJobs, until you send one of these commands, or nothing at all for %s.)", inWords(pause))
	}
	return fmt.Sprintf("(I say no more until you send one of my commands, such as listJobs, or nothing at all for %s.)", inWords(pause))
}

// corrected is said above the answer to what a client shows in the place of an
// earlier message.
const corrected = "(What you have corrected was read before, and this was read too.)"

func inWords(pause time.Duration) string {
	switch pause {
	case time.Minute:
		return "a minute"
	case time.Hour:
		return "an hour"
	}
	return fmt.Sprintf("%d hours", pause/time.Hour)
}

// missed says what came after a question and will not be read.
func missed(q question) string {
	if q.missed == 0 {
		return ""
	}
	return fmt.Sprintf("\n\n(Messages that came after this one and were not read, for there were too many at once: %d.)", q.missed)
}
