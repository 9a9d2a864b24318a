// Package cli is the command line of emanagement. It runs every command line except a
// plain one, which the program emanagement itself sends to the control socket.
package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Main runs the command line args, which does not have the program's name, and returns the
// exit status. It blocks until the command ends. Ctrl-C or SIGTERM stops a verb that can
// be stopped.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal, a second one ends the program at once.
	context.AfterFunc(ctx, stop)
	std := streams{os.Stdin, os.Stdout, os.Stderr}
	return run(ctx, args, std)
}

func isHelp(arg string) bool { return arg == "--help" || arg == "-h" }
