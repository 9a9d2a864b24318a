package adhocclient

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
	"mellium.im/xmpp/stream"

	"emanagement/verb"
	"emanagement/verb/wire"
	"emanagement/xmpp/client"
	"emanagement/xmpp/command"
	"emanagement/xmpp/xmltext"
)

const (
	// patience is how long a verb's answer is waited for: that of one which
	// asks its server several things, each of which may take 10 s.
	patience = 2 * time.Minute
	// longPatience is the same for a long verb: after 4.5 minutes the component
	// says that it goes on.
	longPatience = 5 * time.Minute
)

// Run has a component run a verb with these arguments, by parameter, and waits
// for the answer, at most as long as the component may take: 2 minutes, of a
// long verb 5. confirmed says that what the verb destroys is meant.
//
// The error is a *wire.Error. One of the kind Away is about a component that
// could not be reached or did not answer; of a verb that must not be repeated
// it says so where it may have been carried out.
func (c *Client) Run(ctx context.Context, component jid.JID, v *verb.Verb, values map[string][]string, confirmed bool) (wire.Result, error) {
	for name, of := range values {
		if slices.ContainsFunc(of, func(s string) bool { return !xmltext.Legal(s) }) {
			return wire.Result{}, &wire.Error{Kind: wire.Argument, Param: name, Text: name + ": it has a character that XMPP cannot carry"}
		}
	}
	limit := patience
	if v.Long {
		limit = longPatience
	}
	waiting, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	reply, err := c.askToRun(waiting, component, v, fillIn(v, values, confirmed))
	if err != nil {
		return wire.Result{}, lost(component, v, err)
	}
	if reply.Error != nil {
		return wire.Result{}, refusal(component, v, reply)
	}
	if reply.Command == nil {
		return wire.Result{}, failed("%s: its answer has no command in it", component)
	}
	if reply.Command.Status == command.Completed {
		return resultIn(reply.Command, component)
	}
	c.cancel(ctx, component, v, reply.Command.SessionID)
	return wire.Result{}, errorIn(reply.Command, component, v)
}

// target is what a verb that destroys much is aimed at, and what confirms it.
func target(values map[string][]string) string {
	if domain := values["domain"]; len(domain) > 0 {
		return domain[0]
	}
	return verb.All
}

// fillIn returns the request to run a verb, in one stage.
func fillIn(v *verb.Verb, values map[string][]string, confirmed bool) command.Command {
	form := &command.Form{Type: command.FormSubmit}
	add := func(name, typ string, values ...string) {
		form.Fields = append(form.Fields, command.Field{Var: name, Type: typ, Values: values})
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if name != confirmField || !confirmed {
			add(name, "", values[name]...)
		}
	}
	if confirmed && v.Destroys() {
		add(confirmField, "", target(values))
	}
	add("format", command.Hidden, "json")
	add("wait", command.Hidden, "true")
	return command.Command{Node: v.Name, Action: command.Execute, Form: form}
}

// confirmField repeats what a verb is to destroy.
const confirmField = "confirm"

// cancel ends a form that came back. That is only polite, and nobody waits for
// the answer.
func (c *Client) cancel(ctx context.Context, component jid.JID, v *verb.Verb, session string) {
	_, _ = c.send(ctx, stanza.SetIQ, component, command.Command{Node: v.Name, SessionID: session, Action: command.Cancel})
}

// lost is an answer that did not come.
func lost(component jid.JID, v *verb.Verb, err error) error {
	if errors.Is(err, errNotSent) && !errors.Is(err, errNoAnswer) { // else it was something that was sent later
		return away("%s was not run: %v", v.Name, err)
	}
	e, refused := errors.AsType[stream.Error](err)
	switch {
	case refused && e.Is(stream.PolicyViolation): // so it says of what is too long
		return failed("%s was not run: the server ends the stream: %s", v.Name, client.StreamErrorText(e))
	case refused:
		return away("the server ends the stream: %s%s", client.StreamErrorText(e), unknown(v))
	case errors.Is(err, context.DeadlineExceeded):
		return away("%s does not answer in time%s", component, unknown(v))
	case errors.Is(err, context.Canceled) && v.Long && v.Role > verb.Read:
		return failed("given up here, but %s goes on there: listJobs shows it, and stopJob ends it", v.Name)
	case errors.Is(err, context.Canceled):
		return failed("given up%s", unknown(v))
	}
	return away("%s: %v%s", component, err, unknown(v))
}

// unknown says what is known of a verb whose answer was lost, behind what
// happened.
func unknown(v *verb.Verb) string {
	if v.Role == verb.Read {
		return ""
	}
	return "; " + whether(v)
}

func whether(v *verb.Verb) string {
	if v.Once {
		return fmt.Sprintf("whether %s was carried out is unknown: look before you run it again", v.Name)
	}
	return fmt.Sprintf("whether %s was carried out is unknown, and running it again does no harm", v.Name)
}
