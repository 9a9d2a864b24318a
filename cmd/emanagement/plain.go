package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/term"

	"emanagement/cmd/internal/paths"
	"emanagement/front/control/client"
	"emanagement/verb/wire"
)

// plainLine is a verb with its arguments, and with no flags but --json, --yes and --wait. The
// component checks the verb and the number of its arguments, so this program does not
// contain the table of verbs.
type plainLine struct {
	verb            string
	args            []string
	json, yes, wait bool
}

// takeFlag takes over a flag, and reports whether a plain line may have it.
func (l *plainLine) takeFlag(arg string) bool {
	switch arg {
	case "--json":
		l.json = true
	case "--yes":
		l.yes = true
	case "--wait":
		l.wait = true
	default:
		return false
	}
	return true
}

// parsePlain returns the plain line in args, and the path of the control socket. ok is
// false if args are no plain line, or if it takes a YAML parser to find the path.
func parsePlain(args []string) (l *plainLine, socket string, ok bool) {
	l = new(plainLine)
	for len(args) > 0 && l.takeFlag(args[0]) {
		args = args[1:]
	}
	if len(args) == 0 || isFlag(args[0]) || slices.Contains(commands(), args[0]) || isInteractive() {
		return nil, "", false
	}
	l.verb, l.args = args[0], args[1:]
	if len(l.args) == 1 && isHelp(l.args[0]) {
		return nil, "", false
	}
	if socket = os.Getenv("EMANAGEMENT_CONTROL"); socket != "" {
		return l, socket, filepath.IsAbs(socket)
	}
	text, err := os.ReadFile(paths.Config)
	if err != nil {
		return l, paths.Control, true
	}
	socket, ok = socketIn(string(text))
	return l, socket, ok
}

// commands returns the commands that are not verbs.
func commands() []string {
	return []string{"serve", "users", "completion", "version", "help", "__complete", "__completeNoDesc"}
}

func isFlag(arg string) bool { return strings.HasPrefix(arg, "-") }

func isHelp(arg string) bool { return arg == "--help" || arg == "-h" }

// socketIn returns the path of the control socket in a configuration. ok is false if that
// takes a YAML parser: if the path is not on a line "control: /path".
func socketIn(text string) (socket string, ok bool) {
	socket = paths.Control
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if !strings.Contains(line, "control") || strings.HasPrefix(line, "control_group: ") {
			continue
		}
		path, found := strings.CutPrefix(line, "control: ")
		if path = strings.TrimSpace(path); !found || !isPlainPath(path) {
			return "", false
		}
		socket = path
	}
	return socket, true
}

// isPlainPath reports whether a path needs no quotes in YAML.
func isPlainPath(path string) bool {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-"
	return strings.HasPrefix(path, "/") && strings.Trim(path, plain) == ""
}

// isInteractive reports whether a person sees all output. A person gets a progress bar and
// a question before a verb destroys something. A plain line has neither.
func isInteractive() bool {
	return term.IsTerminal(int(os.Stdout.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))
}

// run runs the verb, prints what comes of it, and returns the exit status. If nothing was
// done, and emanagement-client may word the error better, startClient is called first. It
// returns only if the client cannot be started.
func (l *plainLine) run(ctx context.Context, socket string, startClient func()) int {
	result, err := l.call(ctx, socket)
	if e, ok := errors.AsType[*wire.Error](err); ok {
		if ctx.Err() != nil {
			e.Print(os.Stdout, os.Stderr, l.json)
			return wire.ExitInterrupted
		}
		if e.Unsent || e.Kind == wire.Usage && slices.ContainsFunc(l.args, isFlag) {
			startClient()
		}
		e.Print(os.Stdout, os.Stderr, l.json)
		return e.Exit()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "emanagement:", err)
		return wire.ExitNo
	}
	if err := result.Print(os.Stdout, l.json); err != nil {
		fmt.Fprintf(os.Stderr, "emanagement: %v; the verb was carried out\n", err)
		return max(result.Exit(), wire.ExitNo)
	}
	return result.Exit()
}

// call has the component run the verb. An argument of the verb may look like a flag. So
// call takes the last argument as a flag only after the component has refused it.
func (l *plainLine) call(ctx context.Context, socket string) (wire.Result, error) {
	lastProgress := ""
	for {
		call := wire.Call{Args: append([]string{}, l.args...), Confirm: l.yes, Wait: l.wait}
		result, err := client.Run(ctx, socket, l.verb, call, func(p wire.Progress) { lastProgress = p.Text })
		e, ok := errors.AsType[*wire.Error](err)
		if ok && ctx.Err() != nil && lastProgress != "" {
			e.Text = lastProgress + "; " + e.Text
		}
		last := len(l.args) - 1
		if !ok || last < 0 || !mayBeFlag(e, l.args[last]) || !l.takeFlag(l.args[last]) {
			return result, err
		}
		l.args = l.args[:last]
	}
}

// mayBeFlag reports whether the cause of an error can be that the last argument is a flag.
func mayBeFlag(e *wire.Error, last string) bool {
	switch e.Kind {
	case wire.Usage, wire.Unknown:
		return true
	case wire.Argument:
		return strings.Contains(e.Text, strconv.Quote(last)) // it took the place of a missing argument
	}
	return false
}
