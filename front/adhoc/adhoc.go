package adhoc

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"maps"
	"slices"
	"time"

	"mellium.im/xmpp/disco/info"
	"mellium.im/xmpp/disco/items"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/verb"
	"emanagement/verb/wire"
	"emanagement/xmpp/command"
)

// frontName is the name of this front in the audit log.
const frontName = "ad-hoc"

// Fields that a program may add to the form that it submits. No form shows them, and no verb
// has parameters of these names.
const (
	formatField = "format" // json: the answer has the result or the error also as JSON
	waitField   = "wait"   // true: the requester waits for a long verb
	strictField = "strict" // true: an unknown field is an error; else it is ignored (XEP-0004 §3.2)
)

// programMaxWait is how long a program with the field wait waits for a long verb. The
// component must answer within five minutes.
const programMaxWait = 4*time.Minute + 30*time.Second

// hasValue reports whether a field of a submitted form has exactly that value.
func hasValue(values map[string][]string, field, value string) bool {
	return slices.Equal(values[field], []string{value})
}

// front answers the commands of one component.
type front struct {
	namespace *verb.Namespace
	sessions  sessions
	limit     func() int // the largest stanza that the server accepts, in bytes; 0: no limit
}

// Register makes the component offer the verbs of a namespace as ad-hoc commands. It must be
// called before the component runs.
func Register(c *component.Component, n *verb.Namespace) {
	f := &front{namespace: n, limit: c.MaxStanza, sessions: sessions{now: time.Now, open: make(map[string]session)}}
	c.Handle(stanza.SetIQ, xml.Name{Space: command.NS, Local: "command"}, f.handle)
	c.Discover([]string{command.NS, command.NSForm}, f.discover)
}

// handle answers one stage of a command (XEP-0050 §3).
func (f *front) handle(ctx context.Context, r component.Request) (xml.TokenReader, error) {
	var q command.Command
	if err := r.Decode(&q); err != nil {
		return nil, component.BadRequest("the command cannot be read")
	}
	v, err := f.namespace.FindAudited(verb.Request{Requester: r.From, Front: frontName, Verb: q.Node})
	if err != nil {
		return nil, stanzaError(q, err)
	}
	cancelled := q.Action == command.Cancel || q.Form != nil && q.Form.Type == command.FormCancel
	switch {
	case !cancelled && !slices.Contains([]string{"", command.Execute, command.Next, command.Complete, command.Prev}, q.Action):
		return nil, specific(stanza.BadRequest, "malformed-action", "no such action: "+q.Action)
	case q.Action == command.Prev:
		return nil, specific(stanza.BadRequest, "bad-action", "there is no earlier stage")
	}
	requester := r.From.String()
	if q.SessionID != "" {
		if err := f.resume(q, requester); err != nil {
			return nil, err
		}
	}
	switch {
	case cancelled:
		return written(response(v.Name, q.SessionID, command.Canceled)), nil
	case q.SessionID == "" && q.Form == nil && len(v.Params) > 0:
		return written(argumentForm(v, f.sessions.put("", requester, v.Name), nil)), nil
	}
	return f.run(ctx, r, v, q)
}

// resume ends the session that a request continues. The error says why it cannot.
func (f *front) resume(q command.Command, requester string) error {
	known, fresh := f.sessions.take(q.SessionID, requester, q.Node)
	switch {
	case !known:
		return specific(stanza.BadRequest, "bad-sessionid", "no such session; begin the command again")
	case !fresh:
		return specific(stanza.NotAllowed, "session-expired", "this form was left open for too long; begin the command again")
	}
	return nil
}

// run runs a verb with the submitted values. If a value is wrong or missing, the answer is the
// form with all values.
func (f *front) run(ctx context.Context, r component.Request, v *verb.Verb, q command.Command) (xml.TokenReader, error) {
	values := q.Form.Values()
	request := verb.Request{Requester: r.From, Front: frontName, Verb: v.Name, Values: values}
	if hasValue(values, waitField, "true") {
		request.MaxWait = programMaxWait
	}
	result, err := f.runVerb(ctx, v, request)
	if err == nil {
		return f.answer(v, q, result)
	}
	// The session stays open, so that the requester can correct the values.
	session := f.sessions.put(q.SessionID, r.From.String(), v.Name)
	e, ok := errors.AsType[*wire.Error](err)
	if !ok || e.Kind != wire.Argument && e.Kind != wire.Confirm {
		return nil, stanzaError(q, err)
	}
	form := formWithNote(v, session, values, "error", v.ErrorText(e))
	if e.Kind == wire.Confirm {
		form = formWithNote(v, session, values, "warn", confirmation(e))
	}
	if wantsJSON(q) {
		err = addJSON(form, errorField, e)
	} else {
		err = nil
	}
	return written(form), err
}

// wantsJSON reports whether a program asks for JSON.
func wantsJSON(q command.Command) bool { return hasValue(q.Form.Values(), formatField, "json") }

// answer returns the completed command.
func (f *front) answer(v *verb.Verb, q command.Command, result verb.Result) (xml.TokenReader, error) {
	session := cmp.Or(q.SessionID, q.Node) // Gajim requires a session id even in the only stage
	if wantsJSON(q) {
		r := forPrograms(v, session, result)
		err := addJSON(r, resultField, result.Wire())
		return written(r), err
	}
	r := forPrograms(v, session, result)
	// A person submits a form that the component has sent, or no form. A program submits a
	// form at once.
	if q.SessionID != "" || q.Form == nil {
		r = forPeople(v, session, result)
	}
	text := r.Append(nil)
	if limit := f.limit(); limit > 0 && len(text) > limit-overhead {
		shorten(r, limit-overhead)
		text = r.Append(nil)
	}
	return component.Written(text), nil
}

// written returns a response as the payload of a stanza.
func written(r *command.Command) xml.TokenReader { return component.Written(r.Append(nil)) }

// overhead is an upper bound for the size of a stanza without its command, in bytes.
const overhead = 1000

// runVerb runs a verb. If the request is strict, a field that is not a parameter of the verb is
// an error.
func (f *front) runVerb(ctx context.Context, v *verb.Verb, request verb.Request) (verb.Result, error) {
	if hasValue(request.Values, strictField, "true") {
		for _, name := range slices.Sorted(maps.Keys(request.Values)) {
			if err := v.CheckParam(name); err != nil && !slices.Contains([]string{formatField, waitField, strictField, "FORM_TYPE"}, name) {
				return verb.Result{}, err
			}
		}
	}
	return f.namespace.Run(ctx, request)
}

// discover answers service discovery for the list of commands, and for each command
// (XEP-0050 §2.2, §2.3).
func (f *front) discover(r component.Request, node string) (component.Node, error) {
	features := []string{command.NS, command.NSForm}
	if node == command.NS {
		n := component.Node{
			Identities: []info.Identity{{Category: "automation", Type: "command-list", Name: "Commands"}},
			Features:   features,
		}
		for _, v := range f.namespace.Visible(r.From) {
			// A resource of the component has the commands too.
			n.Items = append(n.Items, items.Item{JID: r.To, Node: v.Name, Name: v.Title})
		}
		return n, nil
	}
	v, err := f.namespace.Find(r.From, node)
	if err != nil {
		return component.Node{}, stanzaError(command.Command{Node: node}, err)
	}
	return component.Node{
		Identities: []info.Identity{{Category: "automation", Type: "command-node", Name: title(v)}},
		Features:   features,
	}, nil
}

// title returns the title of a command.
func title(v *verb.Verb) string { return v.Name + ": " + v.Summary }
