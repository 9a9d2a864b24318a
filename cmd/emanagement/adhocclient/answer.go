package adhocclient

import (
	"encoding/json"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/verb"
	"emanagement/verb/wire"
	"emanagement/xmpp/command"
)

// The fields in which the component answers as JSON (docs/control.md).
const (
	resultField = "json"
	errorField  = "error"
)

// jsonIn returns the value of a field of the form.
func jsonIn(c *command.Command, field string) []byte {
	f, _ := c.Form.Field(field)
	return []byte(strings.Join(f.Values, ""))
}

// resultIn reads the answer of a verb that has run.
func resultIn(c *command.Command, component jid.JID) (wire.Result, error) {
	text := jsonIn(c, resultField)
	if len(text) == 0 {
		return plainResult(c), nil
	}
	var result wire.Result
	if err := json.Unmarshal(text, &result); err != nil {
		return result, failed("%s: its answer cannot be read: %v; the verb was carried out", component, err)
	}
	return result, nil
}

// plainResult is the answer of a component that does not know JSON: as much as its note
// and its lines tell.
func plainResult(c *command.Command) wire.Result {
	kind, outcome := c.Note()
	result := wire.Result{Shape: wire.Table, Outcome: outcome, Lines: []string{outcome}}
	if f, ok := c.Form.Field("result"); ok {
		result.Lines = f.Values
	}
	yes := outcome == "true"
	switch {
	case kind == "error":
		result.Shape = wire.Refusal
	case yes || outcome == "false":
		result.Shape, result.Answer = wire.Answer, &yes
	case slices.Equal(result.Lines, []string{"Done"}):
		result.Shape = wire.Done
	}
	return result
}

// errorIn returns the error of a command whose form came back.
func errorIn(c *command.Command, component jid.JID, v *verb.Verb) error {
	var e wire.Error
	if c.Status == command.Executing && json.Unmarshal(jsonIn(c, errorField), &e) == nil && e.Kind != "" {
		return &e
	}
	return failed("%s: it wants more for %s than this program knows of; is it of another version?", component, v.Name)
}

// refusal returns the error that an IQ error means. The component adds its error as
// JSON. Without that, the error is of a server on the way, or of another entity.
func refusal(component jid.JID, v *verb.Verb, in inbound) error {
	var own wire.Error
	if json.Unmarshal([]byte(in.errorJSON), &own) == nil && own.Kind != "" {
		return &own
	}
	said := text(in.Error)
	switch in.Error.Condition {
	case stanza.Forbidden:
		return forbidden("%s", said)
	case stanza.ItemNotFound:
		return away("%s is no emanagement, or has no such command (%s)", component, said)
	case stanza.RecipientUnavailable, stanza.Gone, stanza.ServiceUnavailable, stanza.RemoteServerNotFound:
		return away("%s cannot be reached (%s): is emanagement running there, and connected to its server?", component, in.Error.Condition)
	case stanza.InternalServerError:
		return failed("%s", said)
	case stanza.RemoteServerTimeout:
		if v.Once && in.Error.Type == stanza.Wait { // the component itself says so, and sends cancel
			said += "; " + whether(v)
		}
		return away("%s", said)
	}
	if in.Error.Type == stanza.Wait {
		return away("%s", said)
	}
	return failed("%s", said)
}
