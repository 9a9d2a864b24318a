// Command emanagement runs the verbs of a component: on the component's machine over its
// control socket, and from any other machine as an XMPP account.
//
// Scripts call it for every friendship, so it must start quickly. It sends a plain line
// (VERB ARGS... with no flags but --json and --yes) straight to the control socket, unless
// a person sees the output. For every other line it starts emanagement-client, which is
// installed beside it. To serve, and to import users, it starts emanagementd.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"

	"emanagement/cmd/internal/sibling"
	"emanagement/verb/wire"
)

// clientProgram is the program for every line that is not plain.
const clientProgram = "emanagement-client"

func main() {
	args := os.Args[1:]
	if l, socket, ok := parsePlain(args); ok {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		// After the first signal, a second one ends the program at once.
		context.AfterFunc(ctx, stop)
		os.Exit(l.run(ctx, socket, func() { _ = sibling.Exec(clientProgram, args) }))
	}
	program := clientProgram
	if len(args) > 0 && slices.Contains([]string{"serve", "users"}, args[0]) {
		program = "emanagementd"
	}
	fmt.Fprintln(os.Stderr, "emanagement:", sibling.Exec(program, args))
	os.Exit(wire.ExitNo)
}
