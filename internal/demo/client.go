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

// patience bounds every single exchange.
const patience = 30 * time.Second

func login(ctx context.Context, server *testserver.Server, person string) (*xmppclient.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return xmppclient.Dial(ctx, server.ClientAddr(), jid.MustParse(person), password)
}

// list shows the commands there are.
func list(ctx context.Context, s screen, c *xmppclient.Client, service jid.JID) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	found, err := c.Commands(ctx, service)
	if err != nil {
		return err
	}
	var names []string
	for _, command := range found {
		names = append(names, command.Node)
	}
	s.offers(service.String(), names)
	return nil
}

// execute runs one command: it asks for the form, whose fields it fills in with the
// arguments, and submits that at once, as a program does that knows it. An answer that is an error is returned as a line;
// err means that there is none.
func execute(ctx context.Context, c *xmppclient.Client, service jid.JID, st step) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
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

// fill makes the values for a form from arguments in the order of its fields.
// Fields that are left over stay empty.
func fill(form xmppclient.Response, args []string) (map[string][]string, error) {
	var names []string
	for _, f := range form.Fields {
		if f.Type != "hidden" && f.Type != "fixed" {
			names = append(names, f.Var)
		}
	}
	if len(args) > len(names) {
		return nil, fmt.Errorf("the form has %d fields, and there are %d arguments", len(names), len(args))
	}
	values := make(map[string][]string)
	for i, arg := range args {
		values[names[i]] = []string{arg}
	}
	return values, nil
}

// answer is what a completed command prints.
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
