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

// run has the component run the verb. The error is a *wire.Error, or one of
// the configuration.
func (l *line) run(ctx context.Context, std streams) (wire.Result, error) {
	conf, err := configfile.LoadCaller(l.config, l.configNamed, os.Getenv)
	if err != nil {
		return wire.Result{}, &wire.Error{Kind: wire.Argument, Param: "config", Text: err.Error()}
	}
	if l.as != "" {
		return l.runAs(ctx, conf, std)
	}
	if conf.Control == "" {
		return wire.Result{}, fmt.Errorf("%s: control: none; the component listens at no socket", l.config)
	}
	call := wire.Call{Arguments: make(map[string]wire.Values), Confirm: l.yes}
	for name, values := range l.values {
		call.Arguments[name] = values
	}
	progress := std.newProgress()
	defer progress.end()
	far := ""
	result, err := client.Run(ctx, conf.Control, l.verb.Name, call, func(p wire.Progress) {
		far = p.Text
		progress.show(p)
	})
	if e, ok := errors.AsType[*wire.Error](err); ok && ctx.Err() != nil && far != "" {
		e.Text = far + "; " + e.Text
	}
	if e, ok := errors.AsType[*wire.Error](err); ok && e.Unsent && conf.Unreadable {
		e.Text += fmt.Sprintf(" (%s may name another place, but you may not read it)", l.config)
	}
	return result, err
}

// show prints a result and returns the exit status that it means. What nobody
// gets, because a disk is full, is not done.
func (l *line) show(r wire.Result, std streams) int {
	if err := r.Print(std.out, l.json); err != nil {
		std.complain("%v; the verb was carried out", err)
		return max(r.Exit(), wire.ExitNo)
	}
	switch {
	case l.json:
	case r.Next != "":
		std.complain("there are more: go on with --from %s", r.Next)
	case std.watched() && strings.Contains(r.Outcome, "; "): // what else there is to know
		fmt.Fprintln(std.err, r.Outcome)
	}
	return r.Exit()
}

// fail says why there is no result, and returns the exit status that it means.
func (l *line) fail(err error, std streams) int {
	e, ok := errors.AsType[*wire.Error](err)
	if !ok {
		e = &wire.Error{Kind: wire.Failed, Text: err.Error()}
	}
	e.Print(std.out, std.err, l.json)
	return e.Exit()
}
