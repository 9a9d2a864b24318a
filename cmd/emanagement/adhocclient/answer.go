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

// The fields with the component's answer as JSON (docs/control.md).
const (
	resultField = "json"
	errorField  = "error"
)

// jsonIn returns the JSON in a field of the form. It is empty if there is no such field.
func jsonIn(c *command.Command, field string) []byte {
	f, _ := c.Form.Field(field)
	return []byte(strings.Join(f.Values, ""))
}

// resultIn returns the result in a completed command.
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

// plainResult returns the result of a component that does not know JSON, as far as its note
// and its lines show it.
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

// errorIn returns the error in a command that is not completed: its form came back.
func errorIn(c *command.Command, component jid.JID, v *verb.Verb) error {
	var e wire.Error
	if c.Status == command.Executing && json.Unmarshal(jsonIn(c, errorField), &e) == nil && e.Kind != "" {
		return &e
	}
	return failed("%s: it asks for more than this program knows about %s; is it of another version?", component, v.Name)
}

// errorOfReply returns the error in an IQ error. The component adds its own error as JSON.
// An IQ error without JSON comes from a server on the way, or from another entity.
func errorOfReply(component jid.JID, v *verb.Verb, in inbound) error {
	var own wire.Error
	if json.Unmarshal([]byte(in.errorJSON), &own) == nil && own.Kind != "" {
		return &own
	}
	text := errorText(in.Error)
	switch in.Error.Condition {
	case stanza.Forbidden:
		return forbidden("%s", text)
	case stanza.ItemNotFound:
		return away("%s is not emanagement, or has no such command (%s)", component, text)
	case stanza.RecipientUnavailable, stanza.Gone, stanza.ServiceUnavailable, stanza.RemoteServerNotFound:
		return away("%s cannot be reached (%s): is emanagement running there, and connected to its server?", component, in.Error.Condition)
	case stanza.InternalServerError:
		return failed("%s", text)
	case stanza.RemoteServerTimeout:
		// The component sends the type cancel, and its text says that the outcome is unknown.
		if v.Once && in.Error.Type == stanza.Wait {
			text += "; " + unknownOutcome(v)
		}
		return away("%s", text)
	}
	if in.Error.Type == stanza.Wait {
		return away("%s", text)
	}
	return failed("%s", text)
}
