package adhoc

import (
	"encoding/json"
	"fmt"
	"sort"

	"emanagement/verb"
	"emanagement/verb/wire"
	"emanagement/xmpp/command"
)

// fieldType returns the type of a form field (XEP-0004 §3.3) for a kind of parameter.
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

// response returns a response without a form.
func response(node, session, status string) *command.Command {
	return &command.Command{Node: node, SessionID: session, Status: status}
}

// argumentForm returns the form for a verb's arguments, filled in with values.
func argumentForm(v *verb.Verb, session string, values map[string][]string) *command.Command {
	f := &command.Form{Type: command.FormForm, Title: title(v), Instructions: command.Instructions(v.Help)}
	for _, p := range v.Params {
		f.Fields = append(f.Fields, fieldFor(p, values[p.Name]))
	}
	r := response(v.Name, session, command.Executing)
	r.Actions = &command.Actions{Execute: command.Complete, Allowed: []string{command.Complete}}
	r.Form = f
	return r
}

// formWithNote is argumentForm with a note of that type. The note is also the title of the form,
// because two clients show no note beside a form.
func formWithNote(v *verb.Verb, session string, values map[string][]string, noteType, note string) *command.Command {
	r := argumentForm(v, session, values)
	r.Form.Title = note
	r.Notes = []command.Note{{Type: noteType, Text: note}}
	return r
}

// fieldFor returns the form field for a parameter.
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

// resultField and errorField are the fields with the result and the error as JSON
// (docs/control.md).
const (
	resultField = "json"
	errorField  = "error"
)

// addJSON adds a value as JSON, in a field that clients do not show.
func addJSON(r *command.Command, field string, value any) error {
	text, err := json.Marshal(value)
	r.Form.Fields = append(r.Form.Fields, command.Field{Var: field, Type: command.Hidden, Values: []string{string(text)}})
	return err
}

// forPeople returns the response with a result for people. The outcome is in one place: in the
// title of the form if there is a table, because two clients show no note beside a form,
// otherwise in a note. Only a refusal is in both, so that clients mark it as an error. The
// lines have no tabs, because some clients break such lines into columns.
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

// forPrograms returns the response with a result for programs: the outcome in the note and in
// the title of the form, and the lines that the script of 2012 printed.
func forPrograms(v *verb.Verb, session string, result verb.Result) *command.Command {
	r := response(v.Name, session, command.Completed)
	r.Notes = []command.Note{outcomeNote(result)}
	r.Form = resultForm(v, result, result.Lines())
	return r
}

// resultForm returns a form with the outcome as its title, and lines in its only field.
func resultForm(v *verb.Verb, result verb.Result, lines []string) *command.Form {
	return &command.Form{Type: command.FormResult, Title: result.Outcome(), Fields: []command.Field{
		{Var: "result", Type: command.TextMulti, Label: v.Name, Values: lines},
	}}
}

// outcomeNote returns a note with the outcome.
func outcomeNote(result verb.Result) command.Note {
	if result.Refused() {
		return command.Note{Type: "error", Text: result.Outcome()}
	}
	return command.Note{Type: "info", Text: result.Outcome()}
}

// shorten removes lines from the end of an answer that has more than limit bytes, until it has
// no more. The outcome then says so.
func shorten(r *command.Command, limit int) {
	if r.Form == nil || len(r.Form.Fields) == 0 {
		return
	}
	lines := r.Form.Fields[0].Values
	size := func() int { return len(r.Append(nil)) }
	outcome := r.Form.Title
	fit := sort.Search(len(lines), func(n int) bool {
		showFirst(r, outcome, lines[:n+1], len(lines))
		return size() > limit
	})
	showFirst(r, outcome, lines[:fit], len(lines))
}

// showFirst reduces an answer to its first lines.
func showFirst(r *command.Command, outcome string, lines []string, all int) {
	text := fmt.Sprintf("%s; only the first %d of %d lines, because the server accepts no larger stanza (max_stanza_size); the command line shows them all", outcome, len(lines), all)
	r.Form.Title, r.Form.Fields[0].Values = text, lines
	for i := range r.Notes {
		r.Notes[i].Text = text
	}
}

// confirmation tells people what a verb would destroy, and how to confirm it in a form.
func confirmation(e *wire.Error) string {
	return fmt.Sprintf("%s; to do it, type %s in the field confirm", e.Text, e.Word)
}
