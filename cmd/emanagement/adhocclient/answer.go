package adhocclient

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/verb"
	"emanagement/verb/wire"
)

// response is a command as a component sends it (XEP-0050 §3.4).
type response struct {
	SessionID string `xml:"sessionid,attr"`
	Status    string `xml:"status,attr"`
	Note      *struct {
		Type string `xml:"type,attr"`
		Text string `xml:",chardata"`
	} `xml:"note"`
	Fields []field `xml:"jabber:x:data x>field"`
}

// values are those of a field of the form.
func (r *response) values(name string) []string {
	for _, f := range r.Fields {
		if f.Var == name {
			return f.Values
		}
	}
	return nil
}

// note is the note's type and text; both are empty where there is none.
func (r *response) note() (kind, text string) {
	if r.Note == nil {
		return "", ""
	}
	return r.Note.Type, r.Note.Text
}

// result reads the answer of a verb that has run.
func (r *response) result(component jid.JID) (wire.Result, error) {
	text := []byte(strings.Join(r.values("json"), ""))
	if len(text) == 0 {
		text = r.inJSON()
	}
	var result wire.Result
	if err := json.Unmarshal(text, &result); err != nil {
		return result, failed("%s: its answer cannot be read: %v; the verb was carried out", component, err)
	}
	return result, nil
}

// inJSON is the answer of a component that does not know JSON: what can be told
// from the note and the lines that people read.
func (r *response) inJSON() []byte {
	kind, outcome := r.note()
	lines := r.values("result")
	if lines == nil {
		lines = []string{outcome}
	}
	said := map[string]any{"shape": "table", "outcome": outcome, "lines": lines}
	switch {
	case kind == "error":
		said["shape"] = "refusal"
	case outcome == "true" || outcome == "false":
		said["shape"], said["answer"] = "answer", outcome == "true"
	case slices.Equal(lines, []string{"Done"}):
		said["shape"] = "done"
	}
	text, _ := json.Marshal(said) // text and truth values do not fail
	return text
}

// complaint says what is wrong where the form comes back. How to confirm in a
// form is left out: here that is done in another way.
func (r *response) complaint(component jid.JID, v *verb.Verb, target string) error {
	switch kind, text := r.note(); {
	case r.Status == "executing" && kind == "warn":
		stakes, _, _ := strings.Cut(text, "; to do it, ")
		return &wire.Error{Kind: wire.Confirm, Text: stakes, Word: target}
	case r.Status == "executing" && kind == "error":
		return &wire.Error{Kind: wire.Argument, Text: text, Param: blamed(v, text)}
	}
	return failed("%s: it wants more for %s than this program knows of; is it of another version?", component, v.Name)
}

// blamed is the parameter that a complaint names: "Label (name): what".
func blamed(v *verb.Verb, text string) string {
	for _, p := range v.Params {
		if strings.HasPrefix(text, fmt.Sprintf("%s (%s): ", p.Label, p.Name)) || strings.HasPrefix(text, p.Name+": ") {
			return p.Name
		}
	}
	return ""
}

// refused is an IQ error. Its text is the component's or, where the component
// was not reached, of a server on the way.
func refused(component jid.JID, v *verb.Verb, e *stanza.Error) error {
	said := text(e)
	switch e.Condition {
	case stanza.Forbidden:
		return forbidden("%s", said)
	case stanza.ItemNotFound:
		if !strings.HasPrefix(said, "no such command: "+v.Name) { // so says the component
			return away("%s is no emanagement, or has no such command (%s)", component, said)
		}
		return &wire.Error{Kind: wire.Unknown, Text: said}
	case stanza.RecipientUnavailable, stanza.Gone, stanza.ServiceUnavailable, stanza.RemoteServerNotFound:
		return away("%s cannot be reached (%s): is emanagement running there, and connected to its server?", component, e.Condition)
	case stanza.InternalServerError:
		return failed("%s", said)
	case stanza.RemoteServerTimeout:
		// The component says it itself, and to cancel; a server on the way does not.
		if v.Once && e.Type == stanza.Wait {
			said += "; " + whether(v)
		}
		return away("%s", said)
	}
	if e.Type == stanza.Wait {
		return away("%s", said)
	}
	return failed("%s", said)
}
