package cli

import (
	"context"
	"fmt"
	"os"

	"mellium.im/xmpp/jid"

	"emanagement/cmd/emanagement/adhocclient"
	"emanagement/cmd/internal/configfile"
	"emanagement/verb/wire"
	"emanagement/xmpp/address"
)

// runAs has the component run the verb for an XMPP account, from wherever this
// is. The error is a *wire.Error, or one of the flags.
func (l *line) runAs(ctx context.Context, conf configfile.Caller, std streams) (wire.Result, error) {
	account, err := address.Parse(l.as)
	if err != nil || account.Localpart() == "" {
		return wire.Result{}, badFlag("as", "%q is not an account such as admin@example.org", l.as)
	}
	if err := l.askPassword(ctx, std); err != nil {
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
	progress := std.newProgress()
	defer progress.end()
	if progress.out != nil { // else nobody would see it
		client.OnProgress = progress.show
	}
	return client.RunWhole(ctx, component, l.verb, l.values, l.yes)
}

// componentFor is the component as the flag names it, or the configuration, or
// the server.
func (l *line) componentFor(ctx context.Context, conf configfile.Caller, client *adhocclient.Client) (jid.JID, error) {
	named := l.component
	if named == "" {
		named = conf.JID
	}
	if named == "" {
		return client.Component(ctx)
	}
	component, err := address.ParseVerbatim(named)
	if err != nil {
		return jid.JID{}, badFlag("component", "%q is not a JID", named)
	}
	return component, nil
}

// askPassword reads the account's password from the file that is named, the
// environment, or whoever sits at the terminal.
func (l *line) askPassword(ctx context.Context, std streams) error {
	switch env := os.Getenv("EMANAGEMENT_PASSWORD"); {
	case l.password != "":
		return nil
	case l.passwordFile != "":
		password, err := configfile.ReadSecret(l.passwordFile)
		if err != nil {
			return badFlag("password-file", "%v", err)
		}
		l.password = string(password)
		return nil
	case env != "":
		l.password = env
		return nil
	case !isTerminal(std.in):
		return badFlag("password-file", "no password: name a file by it, or set EMANAGEMENT_PASSWORD")
	}
	typed, err := std.password(ctx, fmt.Sprintf("Password of %s: ", l.as))
	if err != nil {
		return badFlag("as", "no password was typed")
	}
	l.password = typed
	return nil
}

// badFlag is a wrong value of a flag.
func badFlag(flag, format string, args ...any) error {
	return &wire.Error{Kind: wire.Argument, Param: flag, Text: "--" + flag + ": " + fmt.Sprintf(format, args...)}
}
