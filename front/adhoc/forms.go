package adhoc

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"sort"

	"emanagement/verb"
	"emanagement/verb/wire"
	"emanagement/xmpp/command"
)

// fieldType returns the type of a form's field (XEP-0004 §3.3) for a kind of parameter.
func fieldType(k verb.Kind) string {
	switch {
	case k.Options() != nil:
		return command.ListSingle
	case k.Multi():
		return command.TextMulti
	case k.IsJID():
		return command.JIDSingle
	}
	return command.TextSingle
}

func response(node, session, status string) *command.Command {
	return &command.Command{Node: node, SessionID: session, Status: status}
}

// question asks for a verb's arguments. It keeps the values given before.
func question(v *verb.Verb, session string, values map[string][]string) *command.Command {
	f := &command.Form{Type: command.FormForm, Title: title(v), Instructions: command.Instructions(v.Help)}
	for _, p := range v.Params {
		f.Fields = append(f.Fields, fieldFor(p, values[p.Name]))
	}
	r := response(v.Name, session, command.Executing)
	r.Actions = &command.Actions{Execute: command.Complete, Allowed: []string{command.Complete}}
	r.Form = f
	return r
}

// askAgain is question with a note of that type. The note is the form's title too: two
// clients show no note beside a form.
func askAgain(v *verb.Verb, session string, values map[string][]string, noteType, note string) *command.Command {
	r := question(v, session, values)
	r.Form.Title = note
	r.Notes = []command.Note{{Type: noteType, Text: note}}
	return r
}

func fieldFor(p verb.Param, values []string) command.Field {
	f := command.Field{Var: p.Name, Type: fieldType(p.Kind), Label: p.Label, Required: command.Present(p.Required), Values: values}
	if p.Required && p.Kind.Options() != nil {
		// Clients preselect the first option. Without this one, a user who forgets to
		// choose would choose a value.
		f.Options = append(f.Options, command.Option{Label: "(choose one)"})
		if values == nil {
			f.Values = []string{""}
		}
	}
	for _, o := range p.Kind.Options() {
		f.Options = append(f.Options, command.Option{Label: o, Value: o})
	}
	return f
}

// resultField and errorField have what programs read, as JSON (docs/control.md).
const (
	resultField = "json"
	errorField  = "error"
)

// addJSON adds a value as JSON in a field that clients do not show.
func addJSON(r *command.Command, field string, value any) error {
	text, err := json.Marshal(value)
	r.Form.Fields = append(r.Form.Fields, command.Field{Var: field, Type: command.Hidden, Values: []string{string(text)}})
	return err
}

// forPeople shows a verb's result to people. The outcome stands in one place: in a
// note or, above a table, in the form's title, for two clients show no note beside a
// form. Only a refusal stands in both, so that it is seen as one. The lines have no
// tabs: some clients break such lines into columns.
func forPeople(v *verb.Verb, session string, result verb.Result) *command.Command {
	r := response(v.Name, session, command.Completed)
	lines := result.Readable()
	if len(lines) > 0 {
		r.Form = resultForm(v, result, lines)
	}
	if len(lines) == 0 || result.Refused() {
		r.Notes = []command.Note{outcomeNote(result)}
	}
	return r
}

// forPrograms shows a verb's result to programs: the outcome in the note and in the
// form's title, and the lines that the script of 2012 printed.
func forPrograms(v *verb.Verb, session string, result verb.Result) *command.Command {
	r := response(v.Name, session, command.Completed)
	r.Notes = []command.Note{outcomeNote(result)}
	r.Form = resultForm(v, result, result.Lines())
	return r
}

// resultForm has the outcome as its title, and lines in its one field.
func resultForm(v *verb.Verb, result verb.Result, lines []string) *command.Form {
	return &command.Form{Type: command.FormResult, Title: result.Outcome(), Fields: []command.Field{
		{Var: "result", Type: command.TextMulti, Label: v.Name, Values: lines},
	}}
}

func outcomeNote(result verb.Result) command.Note {
	if result.Refused() {
		return command.Note{Type: "error", Text: result.Outcome()}
	}
	return command.Note{Type: "info", Text: result.Outcome()}
}

// shorten takes lines off the end of an answer until it has at most limit bytes, and
// says so.
func shorten(r *command.Command, limit int) {
	if r.Form == nil || len(r.Form.Fields) == 0 {
		return
	}
	lines := r.Form.Fields[0].Values
	size := func() int {
		text, err := xml.Marshal(r)
		if err != nil {
			return 0 // sending it will fail with the same error
		}
		return len(text)
	}
	if size() <= limit {
		return
	}
	outcome := r.Form.Title
	fit := sort.Search(len(lines), func(n int) bool {
		showFirst(r, outcome, lines[:n+1], len(lines))
		return size() > limit
	})
	showFirst(r, outcome, lines[:fit], len(lines))
}

// showFirst shows the first lines of an answer that has more.
func showFirst(r *command.Command, outcome string, lines []string, all int) {
	text := fmt.Sprintf("%s; only the first %d of %d lines, for the server takes no larger stanza (max_stanza_size); the command line shows them all", outcome, len(lines), all)
	r.Form.Title, r.Form.Fields[0].Values = text, lines
	for i := range r.Notes {
		r.Notes[i].Text = text
	}
}

// confirmation words what a verb would destroy, for people who fill in a form.
func confirmation(e *wire.Error) string {
	return fmt.Sprintf("%s; to do it, type %s in the field confirm", e.Text, e.Word)
}
