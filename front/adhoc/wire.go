package adhoc

import (
	"encoding/xml"

	"mellium.im/xmpp/commands"
	"mellium.im/xmpp/form"
)

// request is a <command/> as clients send it (XEP-0050 §2). They may send more
// than is read here: of forms, labels, options and instructions come back too.
type request struct {
	XMLName   xml.Name   `xml:"http://jabber.org/protocol/commands command"`
	Node      string     `xml:"node,attr"`
	SessionID string     `xml:"sessionid,attr"`
	Action    string     `xml:"action,attr"`
	Form      *submitted `xml:"jabber:x:data x"`
}

type submitted struct {
	Type   string `xml:"type,attr"`
	Fields []struct {
		Var    string   `xml:"var,attr"`
		Values []string `xml:"value"`
	} `xml:"field"`
}

// values are what was filled in, by field.
func (s *submitted) values() map[string][]string {
	values := make(map[string][]string)
	if s == nil {
		return values
	}
	for _, f := range s.Fields {
		if f.Var != "" {
			values[f.Var] = f.Values
		}
	}
	return values
}

// response is a <command/> as it is sent.
type response struct {
	XMLName   xml.Name  `xml:"command"`
	NS        string    `xml:"xmlns,attr"`
	Node      string    `xml:"node,attr"`
	SessionID string    `xml:"sessionid,attr"`
	Status    string    `xml:"status,attr"`
	Actions   *actions  `xml:"actions"`
	Note      *note     `xml:"note"`
	Form      *dataForm `xml:"x"`
}

type actions struct {
	Execute  string   `xml:"execute,attr"`
	Complete struct{} `xml:"complete"`
}

type note struct {
	Type string `xml:"type,attr"` // info, warn or error, nothing else
	Text string `xml:",chardata"`
}

type dataForm struct {
	NS           string  `xml:"xmlns,attr"`
	Type         string  `xml:"type,attr"`
	Title        string  `xml:"title"`
	Instructions string  `xml:"instructions,omitempty"`
	Fields       []field `xml:"field"`
}

type field struct {
	Var      string    `xml:"var,attr"`
	Type     string    `xml:"type,attr"` // profanity loses values of untyped fields
	Label    string    `xml:"label,attr,omitempty"`
	Required *struct{} `xml:"required"`
	Values   []string  `xml:"value"`
	Options  []option  `xml:"option"`
}

type option struct {
	Label string `xml:"label,attr"`
	Value string `xml:"value"`
}

func newResponse(node, session, status string) *response {
	return &response{NS: commands.NS, Node: node, SessionID: session, Status: status}
}

func newForm(typ, title string) *dataForm {
	return &dataForm{NS: form.NS, Type: typ, Title: title}
}
