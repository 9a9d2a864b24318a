package xmppclient

import (
	"fmt"
	"strings"
)

// Response is one stage of a command as the service sent it. What was left
// out is the zero value: no default of XEP-0050 or XEP-0004 is filled in,
// except where a field says so.
type Response struct {
	// Node, SessionID and Status are attributes of the command element.
	Node, SessionID, Status string
	// Actions are the names in the actions element, in the order sent.
	Actions []string
	// DefaultAction is the execute attribute of the actions element.
	DefaultAction string
	// Notes are the notes in the order sent.
	Notes []Note
	// HasForm says whether there is a data form; what follows describes it.
	HasForm bool
	// FormType is the type attribute of the form: form or result.
	FormType string
	// Title and Instructions are those of the form; several instructions
	// elements are joined with line ends.
	Title, Instructions string
	// Fields are the form's own fields in the order sent. Reported columns
	// and items of a table are only in Raw.
	Fields []Field
	// Raw is the whole IQ, also when it carries an error.
	Raw Element
}

// Note is a message to the user of a command.
type Note struct {
	// Type is info, warning or error; info when it was left out.
	Type string
	Text string
}

// Field is one field of a data form.
type Field struct {
	Var, Type, Label, Desc string
	Required               bool
	// Values are the values in the order sent, nil when there is none.
	Values []string
	// Options are the choices of a list field in the order sent.
	Options []Option
}

// Option is one choice of a list field.
type Option struct{ Label, Value string }

// Field returns the form's first field with this var, and whether there is
// one.
func (r Response) Field(name string) (Field, bool) {
	for _, field := range r.Fields {
		if field.Var == name {
			return field, true
		}
	}
	return Field{}, false
}

// parseResponse reads the command in a result IQ. The Response has Raw even
// when there is an error.
func parseResponse(reply Element) (Response, error) {
	r := Response{Raw: reply}
	command, ok := reply.Child(nsCommands, "command")
	if !ok {
		return r, fmt.Errorf("reply: no command in it: %s", reply)
	}
	r.Node = command.Attr("node")
	r.SessionID = command.Attr("sessionid")
	r.Status = command.Attr("status")
	if actions, ok := command.Child(nsCommands, "actions"); ok {
		r.DefaultAction = actions.Attr("execute")
		for _, action := range actions.Children {
			r.Actions = append(r.Actions, action.Name.Local)
		}
	}
	for _, note := range command.All(nsCommands, "note") {
		typ := note.Attr("type")
		if typ == "" {
			typ = "info"
		}
		r.Notes = append(r.Notes, Note{Type: typ, Text: note.Text})
	}
	if form, ok := command.Child(nsData, "x"); ok {
		r.readForm(form)
	}
	return r, nil
}

func (r *Response) readForm(form Element) {
	r.HasForm = true
	r.FormType = form.Attr("type")
	r.Title = strings.Join(texts(form, "title"), "\n")
	r.Instructions = strings.Join(texts(form, "instructions"), "\n")
	for _, e := range form.All(nsData, "field") {
		_, required := e.Child(nsData, "required")
		field := Field{
			Var:      e.Attr("var"),
			Type:     e.Attr("type"),
			Label:    e.Attr("label"),
			Desc:     strings.Join(texts(e, "desc"), "\n"),
			Required: required,
			Values:   texts(e, "value"),
		}
		for _, option := range e.All(nsData, "option") {
			value := strings.Join(texts(option, "value"), "\n")
			field.Options = append(field.Options, Option{Label: option.Attr("label"), Value: value})
		}
		r.Fields = append(r.Fields, field)
	}
}

// texts returns the text of every data form child with this name.
func texts(e Element, name string) []string {
	var found []string
	for _, child := range e.All(nsData, name) {
		found = append(found, child.Text)
	}
	return found
}
