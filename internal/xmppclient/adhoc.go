package xmppclient

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"emanagement/xmpp/command"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

const nsDiscoItems = "http://jabber.org/protocol/disco#items"

// Command is one ad-hoc command that a service lists.
type Command struct {
	// Node identifies the command; Execute and Run take it.
	Node string
	// Name is for people and may be empty.
	Name string
	// JID is the address that offers the command, normally the service itself.
	JID jid.JID
}

// Commands returns the ad-hoc commands that service lists, in its order. It blocks until
// the reply arrives or ctx ends. The errors are those of Ask, or that the reply is no
// such list.
func (c *Client) Commands(ctx context.Context, service jid.JID) ([]Command, error) {
	query := "<query" + attribute(nsXMLNS, nsDiscoItems) + attribute("node", command.NS) + "/>"
	reply, err := c.Ask(ctx, stanza.GetIQ, service, query)
	if err != nil {
		return nil, fmt.Errorf("commands of %s: %w", service, err)
	}
	list, ok := reply.Child(nsDiscoItems, "query")
	if !ok {
		return nil, fmt.Errorf("commands of %s: not in the reply: %s", service, reply)
	}
	var commands []Command
	for _, item := range list.All(nsDiscoItems, "item") {
		at, err := jid.Parse(item.Attr("jid"))
		if err != nil {
			return nil, fmt.Errorf("commands of %s: jid of %s: %w", service, item, err)
		}
		commands = append(commands, Command{Node: item.Attr("node"), Name: item.Attr("name"), JID: at})
	}
	return commands, nil
}

// Execute starts the command node of service and returns its first stage. It blocks until
// the reply arrives or ctx ends. The errors are those of Ask, or that the reply has no
// command. Response.Raw has the reply in either case, if there is one.
func (c *Client) Execute(ctx context.Context, service jid.JID, node string) (Response, error) {
	return c.request(ctx, service, command.Command{Node: node, Action: command.Execute})
}

// Submit answers prev, a stage that service sent, with action (next, complete, prev, ...).
// An empty action leaves the attribute out. Submit blocks until the next stage arrives or
// ctx ends. The errors are those of Execute.
//
// The form has the fields of values: first those of prev's form, in its order, then the
// others by name. It repeats the hidden fields of prev, with their values unless values
// has other ones. It has no other field of prev. An empty list sends a field without a
// value. There is no form if prev has none and values is empty, or if action is prev.
func (c *Client) Submit(ctx context.Context, service jid.JID, prev Response, action string, values map[string][]string) (Response, error) {
	q := command.Command{Node: prev.Node, SessionID: prev.SessionID, Action: action}
	if action != command.Prev && (prev.HasForm || len(values) > 0) {
		q.Form = submission(prev, values)
	}
	return c.request(ctx, service, q)
}

// Cancel ends the command whose stage is prev. It blocks until the reply arrives or ctx
// ends. The errors are those of Execute.
func (c *Client) Cancel(ctx context.Context, service jid.JID, prev Response) (Response, error) {
	return c.request(ctx, service, command.Command{Node: prev.Node, SessionID: prev.SessionID, Action: command.Cancel})
}

// Run executes the command node of service in one stage, with a form of values, as
// programs do that know the form. It blocks until the reply arrives or ctx ends. The
// errors are those of Execute.
func (c *Client) Run(ctx context.Context, service jid.JID, node string, values map[string][]string) (Response, error) {
	return c.request(ctx, service, command.Command{Node: node, Action: command.Execute, Form: submission(Response{}, values)})
}

func (c *Client) request(ctx context.Context, service jid.JID, q command.Command) (Response, error) {
	reply, err := c.Ask(ctx, stanza.SetIQ, service, string(q.Append(nil)))
	if err != nil {
		return Response{Raw: reply}, fmt.Errorf("command %s: %w", q.Node, err)
	}
	response, err := parseResponse(reply)
	if err != nil {
		return response, fmt.Errorf("command %s: %w", q.Node, err)
	}
	return response, nil
}

// submission returns the form that answers prev, as Submit describes it.
func submission(prev Response, values map[string][]string) *command.Form {
	form := &command.Form{Type: command.FormSubmit}
	rest := maps.Clone(values)
	for _, field := range prev.Fields {
		given, ok := values[field.Var]
		delete(rest, field.Var)
		switch {
		case field.Type == command.Hidden && !ok:
			given = field.Values
		case !ok:
			continue
		}
		sent := command.Field{Var: field.Var, Values: given}
		if field.Type == command.Hidden { // the responder knows the types of the others
			sent.Type = command.Hidden
		}
		form.Fields = append(form.Fields, sent)
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		form.Fields = append(form.Fields, command.Field{Var: name, Values: rest[name]})
	}
	return form
}
