package xmppclient

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

const (
	nsCommands   = "http://jabber.org/protocol/commands"
	nsDiscoItems = "http://jabber.org/protocol/disco#items"
	nsData       = "jabber:x:data"
)

// Command is one ad-hoc command that a service lists.
type Command struct {
	// Node is what Execute and Run want.
	Node string
	// Name is for people and may be "".
	Name string
	// JID is where the command is offered, normally the service itself.
	JID jid.JID
}

// Commands asks service for its list of ad-hoc commands, waits for it or ctx,
// and returns them in the order given. Errors are those of Ask, or say that
// the reply is not such a list.
func (c *Client) Commands(ctx context.Context, service jid.JID) ([]Command, error) {
	query := "<query" + attribute(nsXMLNS, nsDiscoItems) + attribute("node", nsCommands) + "/>"
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

// Execute starts the command node of service and returns its first stage. It
// waits for the reply or ctx. Errors are those of Ask, or say that the reply
// has no command; when there is a reply, Response.Raw has it either way.
func (c *Client) Execute(ctx context.Context, service jid.JID, node string) (Response, error) {
	return c.command(ctx, service, node, attribute("action", "execute"), "")
}

// Submit answers prev, a stage that service sent, with action (next, complete,
// prev, ...); "" leaves the attribute out. It waits for the next stage or ctx,
// with errors as for Execute.
//
// The form sent has the fields of values, in the order of prev's form and any
// others after them by name, and prev's hidden fields with the values they
// came with unless values has them too. No other field of prev is sent. An
// empty list sends the field without a value. There is no form at all when
// prev has none and values is empty, or when action is prev.
func (c *Client) Submit(ctx context.Context, service jid.JID, prev Response, action string, values map[string][]string) (Response, error) {
	attributes := attribute("sessionid", prev.SessionID)
	if action != "" {
		attributes += attribute("action", action)
	}
	form := ""
	if action != "prev" && (prev.HasForm || len(values) > 0) {
		form = submission(prev, values)
	}
	return c.command(ctx, service, prev.Node, attributes, form)
}

// Cancel ends the command that prev is a stage of, and waits for the reply or
// ctx, with errors as for Execute.
func (c *Client) Cancel(ctx context.Context, service jid.JID, prev Response) (Response, error) {
	attributes := attribute("sessionid", prev.SessionID) + attribute("action", "cancel")
	return c.command(ctx, service, prev.Node, attributes, "")
}

// Run completes the command node of service at once, with a form of values, as
// programs do that know the form. It waits for the reply or ctx, with errors as for
// Execute.
func (c *Client) Run(ctx context.Context, service jid.JID, node string, values map[string][]string) (Response, error) {
	return c.command(ctx, service, node, attribute("action", "execute"), submission(Response{}, values))
}

// command sends a command element with these further attributes and content.
func (c *Client) command(ctx context.Context, service jid.JID, node, attributes, content string) (Response, error) {
	head := "<command" + attribute(nsXMLNS, nsCommands) + attribute("node", node) + attributes
	reply, err := c.Ask(ctx, stanza.SetIQ, service, head+">"+content+"</command>")
	if err != nil {
		return Response{Raw: reply}, fmt.Errorf("command %s: %w", node, err)
	}
	response, err := parseResponse(reply)
	if err != nil {
		return response, fmt.Errorf("command %s: %w", node, err)
	}
	return response, nil
}

// submission renders the form that answers prev, as Submit describes it.
func submission(prev Response, values map[string][]string) string {
	var form strings.Builder
	form.WriteString("<x" + attribute(nsXMLNS, nsData) + attribute("type", "submit") + ">")
	rest := maps.Clone(values)
	for _, field := range prev.Fields {
		given, ok := values[field.Var]
		delete(rest, field.Var)
		switch {
		case field.Type == "hidden" && !ok:
			given = field.Values
		case !ok:
			continue
		}
		form.WriteString(fieldXML(field.Var, field.Type, given))
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		form.WriteString(fieldXML(name, "", rest[name]))
	}
	form.WriteString("</x>")
	return form.String()
}

// fieldXML renders a field to submit; the type is only written for a hidden
// one, since the receiver of a submission knows the others.
func fieldXML(name, typ string, values []string) string {
	field := "<field" + attribute("var", name)
	if typ == "hidden" {
		field += attribute("type", typ)
	}
	field += ">"
	for _, value := range values {
		field += "<value>" + escape(value) + "</value>"
	}
	return field + "</field>"
}
