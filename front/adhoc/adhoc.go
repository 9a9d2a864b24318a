package adhoc

import (
	"context"
	"encoding/xml"
	"errors"
	"maps"
	"slices"
	"time"

	"mellium.im/xmpp/commands"
	"mellium.im/xmpp/disco/info"
	"mellium.im/xmpp/disco/items"
	"mellium.im/xmpp/form"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/verb"
)

// frontName is this front's in the audit log.
const frontName = "ad-hoc"

// What a program may add to the form that it submits. No form shows them, and
// no verb has parameters of these names.
const (
	formatField = "format" // json: the answer has the result as JSON too, in the field json
	waitField   = "wait"   // true: the answer may take longer than people wait
	strictField = "strict" // true: other fields than the verb's are not ignored (as XEP-0004 §3.2 has it) but wrong
)

// longPatience is how long a program waits that says so: the component gives a
// request five minutes.
const longPatience = 4*time.Minute + 30*time.Second

// wants says whether a submitted form has that value in a field.
func wants(values map[string][]string, field, value string) bool {
	return slices.Equal(values[field], []string{value})
}

// front answers for one component.
type front struct {
	namespace *verb.Namespace
	sessions  sessions
	limit     func() int // bytes that the server takes in a stanza; 0: as many as there are
}

// Register has the component offer the namespace's verbs as ad-hoc commands.
// To be called before the component runs.
func Register(c *component.Component, n *verb.Namespace) {
	f := &front{namespace: n, limit: c.MaxStanza, sessions: sessions{now: time.Now, open: make(map[string]session)}}
	c.Handle(stanza.SetIQ, xml.Name{Space: commands.NS, Local: "command"}, f.handle)
	c.Discover([]string{commands.NS, form.NS}, f.discover)
}

// handle answers one stage of a command (XEP-0050 §3).
func (f *front) handle(ctx context.Context, r component.Request) (xml.TokenReader, error) {
	var q request
	if err := r.Decode(&q); err != nil {
		return nil, component.BadRequest("the command cannot be read")
	}
	v, err := f.namespace.Open(verb.Request{Asker: r.From, Front: frontName, Verb: q.Node})
	if err != nil {
		return nil, stanzaError(q.Node, err)
	}
	cancelled := q.Action == "cancel" || q.Form != nil && q.Form.Type == "cancel"
	switch {
	case !cancelled && !slices.Contains([]string{"", "execute", "next", "complete", "prev"}, q.Action):
		return nil, specific(stanza.BadRequest, "malformed-action", "no such action: "+q.Action)
	case q.Action == "prev":
		return nil, specific(stanza.BadRequest, "bad-action", "there is no earlier stage")
	}
	asker := r.From.String()
	if q.SessionID != "" {
		if err := f.resume(q, asker); err != nil {
			return nil, err
		}
	}
	switch {
	case cancelled:
		return component.XML(newResponse(v.Name, q.SessionID, "canceled")), nil
	case q.SessionID == "" && q.Form == nil && len(v.Params) > 0:
		return component.XML(question(v, f.sessions.put("", asker, v.Name), nil, "", "")), nil
	}
	return f.run(ctx, r, v, q)
}

// resume takes the session that a request continues.
func (f *front) resume(q request, asker string) error {
	known, fresh := f.sessions.take(q.SessionID, asker, q.Node)
	switch {
	case !known:
		return specific(stanza.BadRequest, "bad-sessionid", "no such session; begin the command again")
	case !fresh:
		return specific(stanza.NotAllowed, "session-expired", "this form was left open for too long; begin the command again")
	}
	return nil
}

// run runs a verb with what was filled in. Where that is not good enough, the
// form comes back with it.
func (f *front) run(ctx context.Context, r component.Request, v *verb.Verb, q request) (xml.TokenReader, error) {
	values := q.Form.values()
	request := verb.Request{Asker: r.From, Front: frontName, Verb: v.Name, Values: values}
	if wants(values, waitField, "true") {
		request.Patience = longPatience
	}
	result, err := f.carryOut(ctx, v, request)
	if err == nil {
		return f.answer(v, q, result, wants(values, formatField, "json"))
	}
	// What was filled in is not lost: the session stays open.
	session := f.sessions.put(q.SessionID, r.From.String(), v.Name)
	if bad, ok := errors.AsType[*verb.ArgError](err); ok {
		return component.XML(question(v, session, values, "error", v.Complaint(bad))), nil
	}
	if more, ok := errors.AsType[*verb.ConfirmError](err); ok {
		return component.XML(question(v, session, values, "warn", more.Error())), nil
	}
	return nil, stanzaError(v.Name, err)
}

// answer is the completed command.
func (f *front) answer(v *verb.Verb, q request, result verb.Result, asJSON bool) (xml.TokenReader, error) {
	if asJSON {
		r := answer(v, sessionOf(q), result)
		err := r.addJSON(result)
		return component.XML(r), err
	}
	// People fill in a form that they were sent, or none; programs send it at once.
	shape := answer
	if q.SessionID != "" || q.Form == nil {
		shape = shown
	}
	r := shape(v, sessionOf(q), result)
	if limit := f.limit(); limit > 0 {
		r.cut(limit - overhead)
	}
	return component.XML(r), nil
}

// overhead is more than a stanza has around a command, in bytes.
const overhead = 1000

// carryOut runs a verb, unless its form is to be taken strictly and has a field
// that is none of the verb's.
func (f *front) carryOut(ctx context.Context, v *verb.Verb, request verb.Request) (verb.Result, error) {
	if wants(request.Values, strictField, "true") {
		for _, name := range slices.Sorted(maps.Keys(request.Values)) {
			if err := v.NoParam(name); err != nil && !slices.Contains([]string{formatField, waitField, strictField, "FORM_TYPE"}, name) {
				return verb.Result{}, err
			}
		}
	}
	return f.namespace.Run(ctx, request)
}

// sessionOf names the session of a completed command; one that was filled in
// at once has none of its own, and Gajim wants one.
func sessionOf(q request) string {
	if q.SessionID != "" {
		return q.SessionID
	}
	return q.Node
}

// discover answers service discovery about the list of commands and about
// each (XEP-0050 §2.2, §2.3).
func (f *front) discover(r component.Request, node string) (component.Node, error) {
	features := []string{commands.NS, form.NS}
	if node == commands.NS {
		n := component.Node{
			Identities: []info.Identity{{Category: "automation", Type: "command-list", Name: "Commands"}},
			Features:   features,
		}
		for _, v := range f.namespace.Visible(r.From) {
			// Asked at a resource of ours, the commands are there too.
			n.Items = append(n.Items, items.Item{JID: r.To, Node: v.Name, Name: v.Title})
		}
		return n, nil
	}
	v, err := f.namespace.Find(r.From, node)
	if err != nil {
		return component.Node{}, stanzaError(node, err)
	}
	return component.Node{
		Identities: []info.Identity{{Category: "automation", Type: "command-node", Name: title(v)}},
		Features:   features,
	}, nil
}

func title(v *verb.Verb) string { return v.Name + ": " + v.Summary }

// stanzaError is how an error of the namespace is sent. Others are passed on,
// and the asker does not learn what they are.
func stanzaError(node string, err error) error {
	if errors.Is(err, verb.ErrNoSuchVerb) {
		hint := ""
		if e, ok := errors.AsType[*verb.UnknownVerbError](err); ok {
			hint = e.Hint()
		}
		return component.Refuse(stanza.Cancel, stanza.ItemNotFound, "no such command: "+node+hint)
	}
	if e, ok := errors.AsType[*verb.ForbiddenError](err); ok {
		return component.Refuse(stanza.Auth, stanza.Forbidden, e.Why)
	}
	if e, ok := errors.AsType[*verb.FailedError](err); ok {
		kind, condition := stanza.Cancel, stanza.InternalServerError
		if e.Temporary {
			kind = stanza.Wait
		}
		if e.Away {
			condition = stanza.RemoteServerTimeout
		}
		return component.Refuse(kind, condition, e.Text)
	}
	return err
}

// specific is an error with one of the conditions of XEP-0050 §4.6.
func specific(general stanza.Condition, condition, text string) error {
	typ := stanza.Modify
	if general == stanza.NotAllowed {
		typ = stanza.Cancel
	}
	return &component.SpecificError{
		General:  component.Refuse(typ, general, text),
		Specific: xml.Name{Space: commands.NS, Local: condition},
	}
}
