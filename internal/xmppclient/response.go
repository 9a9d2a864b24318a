package xmppclient

import (
	"cmp"
	"encoding/xml"
	"fmt"

	"emanagement/xmpp/command"
)

// Response is one stage of a command as the service sent it. Anything that the service
// left out is the zero value. Of the defaults of XEP-0050 and XEP-0004, only the type of
// a note is filled in.
type Response struct {
	// Node, SessionID and Status are attributes of the command element.
	Node, SessionID, Status string
	// Actions are the names in the actions element, in their order.
	Actions []string
	// DefaultAction is the execute attribute of the actions element.
	DefaultAction string
	// Notes are the notes in their order. The type of a note is info by default.
	Notes []Note
	// HasForm is true if there is a data form. The next fields are about it.
	HasForm bool
	// FormType is the type attribute of the form: form or result.
	FormType string
	// Title and Instructions are those of the form. Several instructions elements are
	// joined by line ends.
	Title, Instructions string
	// Fields are the form's own fields in their order. Reported columns and items of a
	// table are only in Raw.
	Fields []Field
	// Raw is the whole IQ, even if it is an error.
	Raw Element
}

// The parts of a response.
type (
	Note   = command.Note
	Field  = command.Field
	Option = command.Option
)

// Field returns the form's first field with this var, and whether there is one.
func (r Response) Field(name string) (Field, bool) {
	for _, field := range r.Fields {
		if field.Var == name {
			return field, true
		}
	}
	return Field{}, false
}

// parseResponse reads the command in a result IQ. The Response has Raw even if there is
// an error.
func parseResponse(reply Element) (Response, error) {
	r := Response{Raw: reply}
	e, ok := reply.Child(command.NS, "command")
	if !ok {
		return r, fmt.Errorf("reply: no command in it: %s", reply)
	}
	var c command.Command
	if err := xml.Unmarshal([]byte(e.String()), &c); err != nil {
		return r, fmt.Errorf("reply: %w: %s", err, reply)
	}
	r.Node, r.SessionID, r.Status, r.Notes = c.Node, c.SessionID, c.Status, c.Notes
	for i := range r.Notes {
		r.Notes[i].Type = cmp.Or(r.Notes[i].Type, "info")
	}
	if c.Actions != nil {
		r.DefaultAction, r.Actions = c.Actions.Execute, c.Actions.Allowed
	}
	if c.Form != nil {
		r.HasForm, r.FormType, r.Title, r.Instructions, r.Fields = true, c.Form.Type, c.Form.Title, string(c.Form.Instructions), c.Form.Fields
	}
	return r, nil
}
