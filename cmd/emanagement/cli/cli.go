// Package cli is the command line of emanagement.
//
// A plain line, VERB ARGS... with no flags but --json and --yes, goes straight to the
// control socket if no person watches (plain.go). That is what scripts call, and it
// must be quick. Every other line is parsed as a whole (command.go).
package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Main runs a line, without the program's name, and returns the exit status. It blocks
// until the line is done. Ctrl-C or SIGTERM stops a verb that can be stopped.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal, a second one ends the program at once.
	context.AfterFunc(ctx, stop)
	std := streams{os.Stdin, os.Stdout, os.Stderr}
	if l, socket, ok := plain(args); ok {
		if status, done := l.run(ctx, socket); done {
			return status
		}
	}
	return run(ctx, args, std)
}
