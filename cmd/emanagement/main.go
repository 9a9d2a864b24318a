// Command emanagement runs a verb by the component of this machine, as fast as a
// process can: scripts call it for every friendship. A plain line, VERB ARGS...
// without flags, which nobody watches, goes straight to the control socket.
// Everything else (flags, people, help, serving) is the business of
// emanagementd, which stands beside it and takes its place.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/term"

	"emanagement/cmd/control/wire"
)

func main() {
	args := os.Args[1:]
	socket, ok := plain(args)
	if !ok {
		fmt.Fprintln(os.Stderr, "emanagement:", become(args))
		os.Exit(wire.ExitNo)
	}
	os.Exit(call(socket, args))
}

// plain says whether a line can go straight to a socket, and to which.
func plain(args []string) (socket string, ok bool) {
	isFlag := func(arg string) bool { return strings.HasPrefix(arg, "-") }
	if len(args) == 0 || slices.ContainsFunc(args, isFlag) || watched() {
		return "", false
	}
	if slices.Contains(wire.Commands(), args[0]) {
		return "", false
	}
	if socket = os.Getenv("EMANAGEMENT_CONTROL"); socket != "" {
		return socket, filepath.IsAbs(socket)
	}
	text, err := os.ReadFile(wire.ConfigFile)
	if err != nil {
		return wire.DefaultSocket, true
	}
	return socketIn(string(text))
}

// socketIn is the socket that a configuration names, where that can be seen
// without YAML: as a line "control: /path", or by not naming one.
func socketIn(text string) (socket string, ok bool) {
	socket = wire.DefaultSocket
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if !strings.Contains(line, "control") {
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

// call runs a verb and returns the exit status that it means. Where nobody was
// asked, emanagementd knows better what to say, if it is there.
func call(socket string, args []string) int {
	// A signal ends this program, which ends the connection, which the component
	// notices.
	result, err := wire.Run(context.Background(), socket, args[0], wire.Call{Args: append([]string{}, args[1:]...)}, nil)
	if e, ok := errors.AsType[*wire.Error](err); ok {
		if e.Unsent {
			_ = become(args)
		}
		e.Print(os.Stdout, os.Stderr)
		return e.Exit()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "emanagement:", err)
		return wire.ExitNo
	}
	if len(result.Lines) == 0 {
		return result.Exit()
	}
	if _, err := fmt.Println(strings.Join(result.Lines, "\n")); err != nil {
		fmt.Fprintf(os.Stderr, "emanagement: %v; the verb was carried out\n", err)
		return max(result.Exit(), wire.ExitNo)
	}
	return result.Exit()
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
