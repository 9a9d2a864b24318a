// Package command has the XML of ad-hoc commands (XEP-0050) and of their data forms
// (XEP-0004). Both sides use the same types: the requester writes a request that the
// responder unmarshals, and the other way round. Command.Append writes, and encoding/xml or
// Command.DecodePlain reads.
package command

import "encoding/xml"

// The namespaces of commands and of data forms.
const (
	NS     = "http://jabber.org/protocol/commands"
	NSForm = "jabber:x:data"
)

// Actions of a requester (XEP-0050 §3.4). An empty action means Execute.
const (
	Execute  = "execute"
	Next     = "next"
	Complete = "complete"
	Prev     = "prev"
	Cancel   = "cancel"
)

// Statuses of a command (XEP-0050 §3.3).
const (
	Executing = "executing"
	Completed = "completed"
	Canceled  = "canceled"
)

// Command is one stage of a command: a request, or the response to one. Unmarshalling
// drops the reported columns and the items of a form.
type Command struct {
	XMLName   xml.Name `xml:"http://jabber.org/protocol/commands command"`
	Node      string   `xml:"node,attr"`
	SessionID string   `xml:"sessionid,attr"`
	Action    string   `xml:"action,attr"` // of a request
	Status    string   `xml:"status,attr"` // of a response
	Actions   *Actions `xml:"actions"`
	Notes     []Note   `xml:"note"`
	Form      *Form    `xml:"jabber:x:data x"`
}

// Note is a message to the user of a command (XEP-0050 §3.5).
type Note struct {
	Type string `xml:"type,attr"` // info, warn or error; info if empty
	Text string `xml:",chardata"`
}

// Actions are the actions that a requester may take next (XEP-0050 §3.4).
type Actions struct {
	Execute string   // the default action; may be empty
	Allowed []string // in the order of the stanza
}

// UnmarshalXML implements xml.Unmarshaler.
func (a *Actions) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	var element struct {
		Execute string                       `xml:"execute,attr"`
		Allowed []struct{ XMLName xml.Name } `xml:",any"`
	}
	if err := d.DecodeElement(&element, &start); err != nil {
		return err
	}
	a.Execute = element.Execute
	for _, action := range element.Allowed {
		a.Allowed = append(a.Allowed, action.XMLName.Local)
	}
	return nil
}

// Note returns the type and text of the first note. Both are empty if there is none.
func (c *Command) Note() (kind, text string) {
	if len(c.Notes) == 0 {
		return "", ""
	}
	return c.Notes[0].Type, c.Notes[0].Text
}
