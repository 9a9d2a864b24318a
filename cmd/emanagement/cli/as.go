package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"mellium.im/xmpp/jid"

	"emanagement/cmd/emanagement/adhocclient"
	"emanagement/cmd/internal/configfile"
	"emanagement/verb/wire"
	"emanagement/xmpp/address"
)

// runAs logs in as the XMPP account of the flag --as and has the component run the verb.
// The error is a *wire.Error.
func (l *commandLine) runAs(ctx context.Context, conf configfile.Caller, std streams) (wire.Result, error) {
	account, err := address.Parse(l.as)
	if err != nil || account.Localpart() == "" {
		return wire.Result{}, flagValueError("as", "%q is not an account such as admin@example.org", l.as)
	}
	if l.wait {
		return wire.Result{}, &wire.Error{Kind: wire.Argument, Param: "wait", Text: "--wait: it works on the component's machine only, not with --as"}
	}
	if err := l.loadPassword(ctx, std); err != nil {
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
	defer progress.clear()
	if progress.out != nil { // otherwise the client need not ask for progress
		client.OnProgress = progress.draw
	}
	return client.RunWhole(ctx, component, l.verb, l.values, l.yes)
}

// componentFor returns the component that the flag --component names or, without it, the
// configuration. If neither names one, it asks the account's server.
func (l *commandLine) componentFor(ctx context.Context, conf configfile.Caller, client *adhocclient.Client) (jid.JID, error) {
	name := cmp.Or(l.component, conf.JID)
	if name == "" {
		return client.Component(ctx)
	}
	component, err := address.ParseVerbatim(name)
	if err != nil {
		return jid.JID{}, flagValueError("component", "%q is not a JID", name)
	}
	return component, nil
}

// loadPassword reads the account's password, unless it is known, from the file of the flag
// --password-file, from the environment, or from the terminal.
func (l *commandLine) loadPassword(ctx context.Context, std streams) error {
	switch env := os.Getenv("EMANAGEMENT_PASSWORD"); {
	case l.password != "":
		return nil
	case l.passwordFile != "":
		password, err := configfile.ReadSecret(l.passwordFile)
		if err != nil {
			return flagValueError("password-file", "%v", err)
		}
		l.password = string(password)
		return nil
	case env != "":
		l.password = env
		return nil
	case !isTerminal(std.in):
		return flagValueError("password-file", "missing; name the file of the password, or set EMANAGEMENT_PASSWORD")
	}
	typed, err := std.password(ctx, fmt.Sprintf("Password of %s: ", l.as))
	if err != nil {
		return flagValueError("as", "no password was typed")
	}
	l.password = typed
	return nil
}

// flagValueError returns the error for a wrong value of a flag.
func flagValueError(flag, format string, args ...any) error {
	return &wire.Error{Kind: wire.Argument, Param: flag, Text: "--" + flag + ": " + fmt.Sprintf(format, args...)}
}
