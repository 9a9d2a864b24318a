package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// exchangeTimeout limits every single exchange with the server.
const exchangeTimeout = 30 * time.Second

// login connects an account to the server.
func login(ctx context.Context, server *testserver.Server, account string) (*xmppclient.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	return xmppclient.Dial(ctx, server.ClientAddr(), jid.MustParse(account), password)
}

// showCommands prints the commands that the component lists.
func showCommands(ctx context.Context, s screen, c *xmppclient.Client, service jid.JID) error {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	found, err := c.Commands(ctx, service)
	if err != nil {
		return err
	}
	var names []string
	for _, command := range found {
		names = append(names, command.Node)
	}
	s.commandList(service.String(), names)
	return nil
}

// execute runs one command. It requests the form, fills in the arguments in the
// order of the fields, and submits the form in one step, as a program does. A
// stanza error is returned as a line; any other failure is returned as err.
func execute(ctx context.Context, c *xmppclient.Client, service jid.JID, st step) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	r, err := c.Execute(ctx, service, st.verb)
	if err == nil {
		var values map[string][]string
		if values, err = fill(r, st.args); err != nil {
			return nil, fmt.Errorf("%s: %w", st.verb, err)
		}
		r, err = c.Run(ctx, service, st.verb, values)
	}
	if refusal, ok := errors.AsType[stanza.Error](err); ok && ctx.Err() == nil {
		return []string{"stanza error: " + refusal.Error()}, nil
	}
	if err != nil {
		return nil, err
	}
	return answer(r), nil
}

// fill assigns arguments to the fields of a form, in the order of the fields.
// Fields without an argument stay empty.
func fill(form xmppclient.Response, args []string) (map[string][]string, error) {
	var names []string
	for _, f := range form.Fields {
		if f.Type != "hidden" && f.Type != "fixed" {
			names = append(names, f.Var)
		}
	}
	if len(args) > len(names) {
		return nil, fmt.Errorf("the form has %d fields, but there are %d arguments", len(names), len(args))
	}
	values := make(map[string][]string)
	for i, arg := range args {
		values[names[i]] = []string{arg}
	}
	return values, nil
}

// answer returns the lines of a completed command.
func answer(r xmppclient.Response) []string {
	if result, ok := r.Field("result"); ok && r.Status == "completed" {
		return result.Values
	}
	lines := []string{"not completed: " + r.Status}
	for _, note := range r.Notes {
		lines = append(lines, note.Text)
	}
	return lines
}
