package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"emanagement/cmd"
	"emanagement/cmd/control/wire"
	"emanagement/internal/config"
)

// runLine runs a verb as the command of 2012 did: [flags] VERB ARGS... [flags].
func runLine(ctx context.Context, args []string, std streams) int {
	l, err := readLine(args)
	usage, isUsage := errors.AsType[*cmd.UsageError](err)
	switch {
	case isUsage:
		_ = std.lines(usage.Lines()...)
		return exitUsage
	case errors.Is(err, errNoSuchVerb):
		_ = std.lines(cmd.NotRecognized, cmd.UseHelp)
		return exitUsage
	case errors.Is(err, flag.ErrHelp):
		return help(nil, std)
	case err != nil:
		std.complain("%v; 'emanagement help' explains", err)
		return exitUsage
	case l.verb == nil:
		return help(nil, std)
	}
	result, err := l.run(ctx, std)
	if again, ok := errors.AsType[*wire.Error](err); ok && again.Kind == wire.Confirm && !l.json && std.confirm(ctx, again) {
		l.yes = true
		result, err = l.run(ctx, std)
	}
	if err != nil {
		return l.fail(err, std)
	}
	return l.show(result, std)
}

// run has the component run the verb. The error is a *wire.Error, or one of
// the configuration.
func (l *line) run(ctx context.Context, std streams) (wire.Result, error) {
	conf, err := config.LoadCaller(l.config, l.configNamed, os.Getenv)
	if err != nil {
		return wire.Result{}, err
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
	return wire.Run(ctx, conf.Control, l.verb.Name, call, progress.show)
}

// show prints a result and returns the exit status that it means. What nobody
// gets, because a disk is full, is not done.
func (l *line) show(r wire.Result, std streams) int {
	lines := r.Lines
	if l.json {
		text, err := json.Marshal(r)
		if err != nil {
			return l.fail(err, std)
		}
		lines = []string{string(text)}
	}
	if err := std.lines(lines...); err != nil {
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
	if !l.json {
		e.Print(std.out, std.err)
		return e.Exit()
	}
	text, err := json.Marshal(wire.Reply{Error: e})
	if err != nil {
		text = []byte(`{"error":{"kind":"failed"}}`)
	}
	_ = std.lines(string(text))
	return e.Exit()
}
