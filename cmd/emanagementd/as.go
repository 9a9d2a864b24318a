package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
	"mellium.im/xmpp/jid"

	"emanagement/cmd/control/wire"
	"emanagement/internal/adhocclient"
	"emanagement/internal/config"
)

// runAs has the component run the verb for an XMPP account, from wherever this
// is. The error is a *wire.Error, or one of the flags.
func (l *line) runAs(ctx context.Context, conf config.Caller, std streams) (wire.Result, error) {
	account, err := jid.Parse(l.as)
	if err != nil || account.Localpart() == "" {
		return wire.Result{}, &wire.Error{Kind: wire.Usage, Text: fmt.Sprintf("--as: %q is not an account such as admin@example.org", l.as)}
	}
	if err := l.askPassword(std); err != nil {
		return wire.Result{}, err
	}
	client, err := adhocclient.Dial(ctx, adhocclient.Account{JID: account, Password: l.password, Server: l.server})
	if err != nil {
		return wire.Result{}, err
	}
	defer client.Close() // it never fails
	component, err := l.componentFor(ctx, conf, client)
	if err != nil {
		return wire.Result{}, err
	}
	return client.Run(ctx, component, l.verb, l.values, l.yes)
}

// componentFor is the component as the flag names it, or the configuration, or
// the server.
func (l *line) componentFor(ctx context.Context, conf config.Caller, client *adhocclient.Client) (jid.JID, error) {
	named := l.component
	if named == "" {
		named = conf.JID
	}
	if named == "" {
		return client.Component(ctx)
	}
	component, err := jid.Parse(named)
	if err != nil {
		return jid.JID{}, &wire.Error{Kind: wire.Usage, Text: fmt.Sprintf("--component: %q is not a JID", named)}
	}
	return component, nil
}

// askPassword reads the account's password from the file that is named, the
// environment, or whoever sits at the terminal.
func (l *line) askPassword(std streams) error {
	switch env := os.Getenv("EMANAGEMENT_PASSWORD"); {
	case l.password != "":
		return nil
	case l.passwordFile != "":
		text, err := os.ReadFile(l.passwordFile)
		if e, ok := errors.AsType[*os.PathError](err); ok {
			return &wire.Error{Kind: wire.Usage, Text: fmt.Sprintf("--password-file: %s: %v", e.Path, e.Err)}
		}
		l.password = strings.TrimRight(string(text), "\r\n")
		return err
	case env != "":
		l.password = env
		return nil
	case !isTerminal(std.in):
		return &wire.Error{Kind: wire.Usage, Text: "no password: name a file by --password-file, or set EMANAGEMENT_PASSWORD"}
	}
	fmt.Fprintf(std.err, "Password of %s: ", l.as)
	typed, err := term.ReadPassword(int(std.in.(*os.File).Fd()))
	fmt.Fprintln(std.err)
	if err != nil && err != io.EOF {
		return err
	}
	l.password = string(typed)
	return nil
}
