package adhoc

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"sort"

	"emanagement/verb"
)

// fieldType is the type of a form's field (XEP-0004 §3.3) for a kind of
// parameter.
func fieldType(k verb.Kind) string {
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

// question asks for a verb's arguments. It keeps the values given before, and
// says what is wrong with them or missing, in a note of that type and in the
// title too: two clients show no note beside a form.
func question(v *verb.Verb, session string, values map[string][]string, noteType, wrong string) *response {
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

func fieldFor(p verb.Param, values []string) field {
	f := field{Var: p.Name, Type: fieldType(p.Kind), Label: p.Label, Values: values}
	if p.Required {
		f.Required = &struct{}{}
	}
	if p.Required && p.Kind.Options() != nil {
		// Else clients preselect the first one, and a choice that was forgotten is one.
		f.Options = append(f.Options, option{Label: "(choose one)"})
		if values == nil {
			f.Values = []string{""}
		}
	}
	for _, o := range p.Kind.Options() {
		f.Options = append(f.Options, option{Label: o, Value: o})
	}
	return f
}

// addJSON adds the result as docs/control.md describes it, hidden from people.
func (r *response) addJSON(result verb.Result) error {
	text, err := json.Marshal(result)
	r.Form.Fields = append(r.Form.Fields, field{Var: "json", Type: "hidden", Values: []string{string(text)}})
	return err
}

// shown is a verb's result for people: the outcome once, in a note or, above a
// table, in the form's title, for two clients show no note beside a form. Only a
// refusal is in both: it is to be seen as one, too. A line has no tabs, which break
// it into columns in some clients.
func shown(v *verb.Verb, session string, result verb.Result) *response {
	r := newResponse(v.Name, session, "completed")
	lines := result.Readable()
	if len(lines) > 0 {
		r.Form = resultForm(v, result, lines)
	}
	if len(lines) == 0 || result.Refused() {
		r.Note = outcomeNote(result)
	}
	return r
}

// resultForm has the outcome as its title and lines in the one field.
func resultForm(v *verb.Verb, result verb.Result, lines []string) *dataForm {
	f := newForm("result", result.Outcome())
	f.Fields = []field{{Var: "result", Type: "text-multi", Label: v.Name, Values: lines}}
	return f
}

// outcomeNote is the outcome as a note.
func outcomeNote(result verb.Result) *note {
	n := &note{Type: "info", Text: result.Outcome()}
	if result.Refused() {
		n.Type = "error"
	}
	return n
}

// cut takes as many lines off an answer's end as it takes for the whole to have no
// more than that many bytes, and says so.
func (r *response) cut(limit int) {
	if r.Form == nil || len(r.Form.Fields) == 0 {
		return
	}
	lines := r.Form.Fields[0].Values
	size := func() int {
		text, err := xml.Marshal(r)
		if err != nil {
			return 0 // it shows when it is sent
		}
		return len(text)
	}
	if size() <= limit {
		return
	}
	outcome := r.Form.Title
	// The most lines that fit, by halving.
	fit := sort.Search(len(lines), func(n int) bool {
		r.tell(outcome, lines[:n+1], len(lines))
		return size() > limit
	})
	r.tell(outcome, lines[:fit], len(lines))
}

// tell shows the first lines of an answer that has more.
func (r *response) tell(outcome string, lines []string, all int) {
	text := fmt.Sprintf("%s; only the first %d of %d lines, for the server takes no larger stanza (max_stanza_size); the command line shows them all", outcome, len(lines), all)
	r.Form.Title, r.Form.Fields[0].Values = text, lines
	if r.Note != nil {
		r.Note.Text = text
	}
}

// answer shows a verb's result to programs: the outcome in the note and in the
// form's title, and the lines that emanagement printed.
func answer(v *verb.Verb, session string, result verb.Result) *response {
	r := newResponse(v.Name, session, "completed")
	r.Note = outcomeNote(result)
	r.Form = resultForm(v, result, result.Lines())
	return r
}
