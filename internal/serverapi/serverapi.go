// Package serverapi calls a server's own API commands: ejabberd's, through its
// mod_adhoc_api (25.03 and newer), which offers them as ad-hoc commands
// (XEP-0050).
package serverapi

import (
	"context"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
)

// Forbidden is the code of an Error for what the server's api_permissions or
// access rules do not allow.
const Forbidden = 403

// Error is the server's refusal of a command.
type Error struct {
	Command string
	Code    int    // as in HTTP; 0 where the command could not be called at all
	Text    string // the server's own words
}

func (e *Error) Error() string {
	if e.Code == 0 {
		return fmt.Sprintf("%s: %s", e.Command, e.Text)
	}
	return fmt.Sprintf("%s: error %d: %s", e.Command, e.Code, e.Text)
}

// API calls the commands. Its methods may be used by many goroutines at once;
// they wait for the server's answer, with the errors of component.Ask and
// *Error.
type API struct{ c *component.Component }

// New returns the API that the component's server offers it.
func New(c *component.Component) *API { return &API{c: c} }

// AddRosterItem writes an item, with its subscription, into a user's roster,
// whatever stood there but a pending request.
func (a *API) AddRosterItem(ctx context.Context, user, contact jid.JID, nick string, groups []string, subscription string) error {
	_, err := a.call(ctx, user.Domain(), "add_rosteritem",
		field{Var: "localuser", Values: []string{user.Localpart()}},
		field{Var: "localhost", Values: []string{user.Domainpart()}},
		field{Var: "user", Values: []string{contact.Localpart()}},
		field{Var: "host", Values: []string{contact.Domainpart()}},
		field{Var: "nick", Values: []string{nick}},
		field{Var: "groups", Values: groups},
		field{Var: "subs", Values: []string{subscription}},
	)
	return err
}

type command struct {
	XMLName xml.Name `xml:"http://jabber.org/protocol/commands command"`
	Node    string   `xml:"node,attr"`
	Action  string   `xml:"action,attr,omitempty"`
	Form    form     `xml:"jabber:x:data x"`
}

type form struct {
	Type   string  `xml:"type,attr"`
	Fields []field `xml:"field"`
}

type field struct {
	Var    string   `xml:"var,attr"`
	Type   string   `xml:"type,attr,omitempty"`
	Label  string   `xml:"label,attr,omitempty"`
	Values []string `xml:"value"`
}

// call runs one command on a host and returns the fields of its result.
func (a *API) call(ctx context.Context, host jid.JID, name string, args ...field) ([]field, error) {
	request := command{Node: "api-commands/" + name, Action: "execute", Form: form{Type: "submit", Fields: args}}
	var answer command
	err := a.c.Ask(ctx, stanza.SetIQ, host, component.XML(request), &answer)
	if cond := component.Condition(err); cond != "" {
		// Among others item-not-found: no such command, no mod_adhoc_api, or it
		// crashed in there, or took longer than 5 s.
		return nil, &Error{Command: name, Text: string(cond)}
	}
	if err != nil {
		return nil, err
	}
	return result(name, answer.Form.Fields)
}

// result takes the fields of an answer that follow its echo of the arguments,
// whose names they may share.
func result(name string, fields []field) ([]field, error) {
	for i, f := range fields {
		if f.Type == "fixed" && f.Label == "Result" {
			fields = fields[i+1:]
			if len(fields) > 0 && fields[0].Var == "error" {
				return nil, refusal(name, fields[0])
			}
			return fields, nil
		}
	}
	return nil, &Error{Command: name, Text: "an answer without a result"}
}

// refusal reads an error, which ejabberd sends as a field of a result.
func refusal(name string, f field) error {
	code, err := strconv.Atoi(strings.TrimPrefix(f.Label, "Error "))
	if err != nil {
		code = 0
	}
	return &Error{Command: name, Code: code, Text: strings.Join(f.Values, " ")}
}
