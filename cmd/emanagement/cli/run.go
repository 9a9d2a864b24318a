package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"emanagement/cmd/internal/configfile"
	"emanagement/front/control/client"
	"emanagement/verb/wire"
)

// run has the component run the verb, over the control socket or as an XMPP account. The
// error is a *wire.Error, unless the component has no control socket.
func (l *commandLine) run(ctx context.Context, std streams) (wire.Result, error) {
	conf, err := configfile.LoadCaller(l.config, l.configNamed, os.Getenv)
	if err != nil {
		return wire.Result{}, &wire.Error{Kind: wire.Argument, Param: "config", Text: err.Error()}
	}
	if l.as != "" {
		return l.runAs(ctx, conf, std)
	}
	if conf.Control == "" {
		return wire.Result{}, fmt.Errorf("%s: control: none; the component has no control socket", l.config)
	}
	call := wire.Call{Arguments: make(map[string]wire.Values), Confirm: l.yes, Wait: l.wait}
	for name, values := range l.values {
		call.Arguments[name] = values
	}
	progress := std.newProgress()
	defer progress.clear()
	lastProgress := ""
	result, err := client.Run(ctx, conf.Control, l.verb.Name, call, func(p wire.Progress) {
		lastProgress = p.Text
		progress.draw(p)
	})
	if e, ok := errors.AsType[*wire.Error](err); ok && ctx.Err() != nil && lastProgress != "" {
		e.Text = lastProgress + "; " + e.Text
	}
	if e, ok := errors.AsType[*wire.Error](err); ok && e.Unsent && conf.Unreadable {
		e.Text += fmt.Sprintf(" (%s may name another path, but you have no permission to read it)", l.config)
	}
	return result, err
}

// printResult prints a result and returns its exit status. The status is not 0 if the
// result cannot be printed, for example because a disk is full.
func (l *commandLine) printResult(r wire.Result, std streams) int {
	if err := r.Print(std.out, l.json); err != nil {
		std.notify("%v; the verb was carried out", err)
		return max(r.Exit(), wire.ExitNo)
	}
	switch {
	case l.json:
	case r.Next != "":
		std.notify("there are more: go on with --from %s", r.Next)
	case std.isInteractive() && strings.Contains(r.Outcome, "; "): // it has remarks
		fmt.Fprintln(std.err, r.Outcome)
	}
	return r.Exit()
}

// printError prints an error and returns its exit status.
func (l *commandLine) printError(err error, std streams) int {
	e, ok := errors.AsType[*wire.Error](err)
	if !ok {
		e = &wire.Error{Kind: wire.Failed, Text: err.Error()}
	}
	e.Print(std.out, std.err, l.json)
	return e.Exit()
}
