package adhoc

import (
	"encoding/json"

	"emanagement/cmd"
)

// fieldType is the type of a form's field (XEP-0004 §3.3) for a kind of
// parameter.
func fieldType(k cmd.Kind) string {
	switch {
	case k.Options() != nil:
		return "list-single"
	case k.Multi():
		return "text-multi"
	case k.IsJID():
		return "jid-single"
	}
	return "text-single"
}

// complaint names a bad argument as the form shows it, and as programs know it.
func complaint(v *cmd.Verb, bad *cmd.ArgError) string {
	for _, p := range v.Params {
		if p.Name == bad.Param {
			return p.Label + " (" + p.Name + "): " + bad.Why
		}
	}
	return bad.Error()
}

// question asks for a verb's arguments. It keeps the values given before, and
// says what is wrong with them or missing, in a note of that type and in the
// title too: two clients show no note beside a form.
func question(v *cmd.Verb, session string, values map[string][]string, noteType, wrong string) *response {
	f := newForm("form", title(v))
	f.Instructions = v.Help
	for _, p := range v.Params {
		f.Fields = append(f.Fields, fieldFor(p, values[p.Name]))
	}
	r := newResponse(v.Name, session, "executing")
	r.Actions = &actions{Execute: "complete"}
	r.Form = f
	if wrong != "" {
		f.Title = wrong
		r.Note = &note{Type: noteType, Text: wrong}
	}
	return r
}

func fieldFor(p cmd.Param, values []string) field {
	f := field{Var: p.Name, Type: fieldType(p.Kind), Label: p.Label, Values: values}
	if p.Required {
		f.Required = &struct{}{}
	}
	for _, o := range p.Kind.Options() {
		f.Options = append(f.Options, option{Label: o, Value: o})
	}
	return f
}

// addJSON adds the result as docs/control.md describes it, hidden from people.
func (r *response) addJSON(result cmd.Result) error {
	text, err := json.Marshal(result)
	r.Form.Fields = append(r.Form.Fields, field{Var: "json", Type: "hidden", Values: []string{string(text)}})
	return err
}

// answer shows a verb's result.
func answer(v *cmd.Verb, session string, result cmd.Result) *response {
	r := newResponse(v.Name, session, "completed")
	r.Note = &note{Type: "info", Text: result.Outcome()}
	if result.Refused() {
		r.Note.Type = "error"
	}
	r.Form = newForm("result", result.Outcome())
	r.Form.Fields = []field{{Var: "result", Type: "text-multi", Label: v.Name, Values: result.Lines()}}
	return r
}
