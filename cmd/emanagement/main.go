// Command emanagement runs a verb by the component of this machine, as fast as a
// process can: scripts call it for every friendship. A plain line, VERB ARGS...
// with no flags but --json and --yes, which nobody watches, goes straight to the
// control socket. Everything else (other flags, people, help, serving) is the
// business of emanagementd, which stands beside it and takes its place.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/term"

	"emanagement/verb/wire"
)

func main() {
	args := os.Args[1:]
	l, socket, ok := plain(args)
	if !ok {
		fmt.Fprintln(os.Stderr, "emanagement:", become(args))
		os.Exit(wire.ExitNo)
	}
	os.Exit(l.run(socket))
}

// line is a verb with its arguments, and the flags that this program knows.
type line struct {
	all       []string // as it was typed
	verb      string
	args      []string
	json, yes bool
}

// take takes a flag over, if it is one that this program knows.
func (l *line) take(arg string) bool {
	switch arg {
	case "--json":
		l.json = true
	case "--yes":
		l.yes = true
	default:
		return false
	}
	return true
}

// plain says whether a line can go straight to a socket, and to which.
func plain(args []string) (l *line, socket string, ok bool) {
	l = &line{all: args}
	for len(args) > 0 && l.take(args[0]) {
		args = args[1:]
	}
	if len(args) == 0 || isFlag(args[0]) || slices.Contains(wire.Commands(), args[0]) || watched() {
		return nil, "", false
	}
	l.verb, l.args = args[0], args[1:]
	if len(l.args) == 1 && (l.args[0] == "--help" || l.args[0] == "-h") {
		return nil, "", false
	}
	if socket = os.Getenv("EMANAGEMENT_CONTROL"); socket != "" {
		return l, socket, filepath.IsAbs(socket)
	}
	text, err := os.ReadFile(wire.ConfigFile)
	if err != nil {
		return l, wire.DefaultSocket, true
	}
	socket, ok = socketIn(string(text))
	return l, socket, ok
}

func isFlag(arg string) bool { return strings.HasPrefix(arg, "-") }

// socketIn is the socket that a configuration names, where that can be seen
// without YAML: as a line "control: /path", or by not naming one.
func socketIn(text string) (socket string, ok bool) {
	socket = wire.DefaultSocket
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

// isPlainPath says whether YAML takes a path as it is.
func isPlainPath(path string) bool {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-"
	return strings.HasPrefix(path, "/") && strings.Trim(path, plain) == ""
}

// watched says whether a person looks, who wants to see how far a verb is and
// to be asked before anything is destroyed.
func watched() bool {
	return term.IsTerminal(int(os.Stdout.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))
}

// run runs the verb and returns the exit status that it means. Where nobody was
// asked, or a flag may be meant that is not known here, emanagementd knows better
// what to say, if it is there.
func (l *line) run(socket string) int {
	// A signal ends the connection, which the component notices.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	result, err := l.call(ctx, socket)
	if e, ok := errors.AsType[*wire.Error](err); ok && ctx.Err() != nil {
		e.Print(os.Stdout, os.Stderr, l.json)
		return wire.ExitInterrupted
	}
	if e, ok := errors.AsType[*wire.Error](err); ok {
		if e.Unsent || e.Kind == wire.Usage && slices.ContainsFunc(l.args, isFlag) {
			_ = become(l.all)
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

// call has the component run the verb. How many arguments that has is known
// there: what stands in a place of it is none of the flags, and what is one too
// many may be.
func (l *line) call(ctx context.Context, socket string) (wire.Result, error) {
	far := ""
	for {
		result, err := wire.Run(ctx, socket, l.verb, wire.Call{Args: append([]string{}, l.args...), Confirm: l.yes}, func(p wire.Progress) { far = p.Text })
		e, ok := errors.AsType[*wire.Error](err)
		if ok && ctx.Err() != nil && far != "" {
			e.Text = far + "; " + e.Text
		}
		last := len(l.args) - 1
		if !ok || last < 0 || !blamed(e, l.args[last]) || !l.take(l.args[last]) {
			return result, err
		}
		l.args = l.args[:last]
	}
}

// blamed says whether an error can be due to an argument that is a flag.
func blamed(e *wire.Error, last string) bool {
	switch e.Kind {
	case wire.Usage, wire.Unknown:
		return true
	case wire.Argument:
		return strings.Contains(e.Text, strconv.Quote(last)) // it filled the place of a missing one
	}
	return false
}

// become replaces this program by emanagementd, which is beside it or on the
// PATH. It returns only where that cannot be.
func become(args []string) error {
	const name = "emanagementd"
	self, err := os.Executable()
	if err != nil {
		return err
	}
	path := filepath.Join(filepath.Dir(self), name)
	if _, err := os.Stat(path); err != nil {
		if path, err = exec.LookPath(name); err != nil {
			return fmt.Errorf("this takes %s, which is neither in %s nor on the PATH", name, filepath.Dir(self))
		}
	}
	return syscall.Exec(path, append([]string{"emanagement"}, args...), os.Environ())
}
