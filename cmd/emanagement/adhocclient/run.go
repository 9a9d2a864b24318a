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
	// answerLimit limits the wait for a verb's answer. A verb may send its server several
	// requests, each of which may take 10 s.
	answerLimit = 2 * time.Minute
	// longAnswerLimit is the same for a long verb. After 4.5 minutes the component
	// answers that the verb still runs.
	longAnswerLimit = 5 * time.Minute
)

// Run has a component run a verb, and returns the result. values are the arguments by
// parameter. confirmed means that the requester confirms what the verb destroys. Run blocks
// until the answer arrives: for at most 2 minutes, or 5 minutes if the verb is long.
//
// The error is a *wire.Error. Its kind is Away if the component could not be reached or did
// not answer. If the verb may have been carried out, the text says so, and whether it may
// be repeated.
func (c *Client) Run(ctx context.Context, component jid.JID, v *verb.Verb, values map[string][]string, confirmed bool) (wire.Result, error) {
	for name, texts := range values {
		if slices.ContainsFunc(texts, func(s string) bool { return !xmltext.Legal(s) }) {
			return wire.Result{}, &wire.Error{Kind: wire.Argument, Param: name, Text: name + ": it has a character that XMPP cannot carry"}
		}
	}
	limit := answerLimit
	if v.Long {
		limit = longAnswerLimit
	}
	waiting, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	reply, err := c.requestRun(waiting, component, v, fillIn(v, values, confirmed))
	if err != nil {
		return wire.Result{}, noAnswerError(component, v, err)
	}
	if reply.Error != nil {
		return wire.Result{}, errorOfReply(component, v, reply)
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

// confirmation returns the value of the field confirm that confirms a verb with these
// arguments: the host that they name, or all.
func confirmation(values map[string][]string) string {
	if domain := values["domain"]; len(domain) > 0 {
		return domain[0]
	}
	return verb.All
}

// fillIn returns the request that runs a verb in one stage.
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
		add(confirmField, "", confirmation(values))
	}
	add("format", command.Hidden, "json")
	add("wait", command.Hidden, "true")
	return command.Command{Node: v.Name, Action: command.Execute, Form: form}
}

// confirmField is the field that confirms what a verb destroys.
const confirmField = "confirm"

// cancel ends the session of a form that came back. It is a courtesy, so cancel does not
// wait for the reply and ignores errors.
func (c *Client) cancel(ctx context.Context, component jid.JID, v *verb.Verb, session string) {
	_, _ = c.send(ctx, stanza.SetIQ, component, command.Command{Node: v.Name, SessionID: session, Action: command.Cancel})
}

// noAnswerError returns the *wire.Error for a verb without an answer. err is that of
// requestRun.
func noAnswerError(component jid.JID, v *verb.Verb, err error) error {
	if errors.Is(err, errNotSent) && !errors.Is(err, errNoAnswer) { // with errNoAnswer, a later stanza was not sent
		return away("%s was not run: %v", v.Name, err)
	}
	e, isStreamError := errors.AsType[stream.Error](err)
	switch {
	case isStreamError && e.Is(stream.PolicyViolation): // the request was too long
		return failed("%s was not run: the server ends the stream: %s", v.Name, client.StreamErrorText(e))
	case isStreamError:
		return away("the server ends the stream: %s%s", client.StreamErrorText(e), unknownSuffix(v))
	case errors.Is(err, context.DeadlineExceeded):
		return away("%s does not answer in time%s", component, unknownSuffix(v))
	case errors.Is(err, context.Canceled) && v.Long && v.Role > verb.Read:
		return failed("given up here, but %s still runs there: listJobs shows it, and stopJob ends it", v.Name)
	case errors.Is(err, context.Canceled):
		return failed("given up%s", unknownSuffix(v))
	}
	return away("%s: %v%s", component, err, unknownSuffix(v))
}

// unknownSuffix returns unknownOutcome as the end of a sentence. It is empty if the verb only
// reads.
func unknownSuffix(v *verb.Verb) string {
	if v.Role == verb.Read {
		return ""
	}
	return "; " + unknownOutcome(v)
}

// unknownOutcome says that the verb may have been carried out, and whether it may be
// repeated.
func unknownOutcome(v *verb.Verb) string {
	if v.Once {
		return fmt.Sprintf("whether %s was carried out is unknown: check before you run it again", v.Name)
	}
	return fmt.Sprintf("whether %s was carried out is unknown, and running it again does no harm", v.Name)
}
