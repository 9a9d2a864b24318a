// Command demo shows emanagement at work. It starts a private ejabberd and the real
// program beside it, and runs the verbs of the emanagement guide as an XMPP client
// does. It compares every answer, and the rosters that the server stores in the
// end, with the expected ones in steps.go. It leaves nothing behind.
//
// "make demo" runs it, from the module's folder. If HOLD is set in the environment,
// the server and the program keep running afterwards, for other clients.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"emanagement/internal/testserver"
)

const (
	binary   = "bin/emanagement"
	access   = "  - {jid: " + admin + ", role: admin}\n"
	password = "demo"
)

func main() {
	// The clean-up must also run if the terminal or the pipe of the output is closed.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	err := run(ctx, newScreen(os.Stdout), os.Getenv("HOLD") != "")
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run is the whole demo: it starts everything, and stops and removes it in the end.
func run(ctx context.Context, s screen, hold bool) (err error) {
	server, err := testserver.New(nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	err = s.timed("Starting a private ejabberd on 127.0.0.1", func() error { return server.Start(ctx) })
	if err != nil {
		return causeOf(ctx, err)
	}
	var program *testserver.Program
	err = s.timed("Starting "+binary+" as "+testserver.Component, func() (err error) {
		program, err = testserver.StartProgram(ctx, binary, server, testserver.Settings{Access: access})
		return err
	})
	if err != nil {
		return causeOf(ctx, err)
	}
	defer func() { err = errors.Join(err, stopProgram(program, err != nil && ctx.Err() == nil)) }()
	err = s.timed("Creating the accounts "+strings.Join(accountNames(), ", "), func() error { return registerAccounts(ctx, server) })
	if err == nil {
		err = perform(ctx, s, server)
	}
	if err == nil && hold {
		s.howToConnect(server)
		<-ctx.Done()
		s.success("Stopped. Nothing is left running.")
		return nil
	}
	return causeOf(ctx, err)
}

// causeOf returns err, or the cause of the interruption if the demo was
// interrupted.
func causeOf(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// registerAccounts creates all accounts.
func registerAccounts(ctx context.Context, server *testserver.Server) error {
	for _, name := range accountNames() {
		args := map[string]string{"user": name, "host": host, "password": password}
		if err := server.API(ctx, "register", args, new(string)); err != nil {
			return err
		}
	}
	return nil
}

// stopProgram stops the program. If failed is set, or if the program does not exit
// well, the error contains the program's log.
func stopProgram(program *testserver.Program, failed bool) error {
	err := program.Stop()
	if err != nil {
		err = fmt.Errorf("%s: %w", binary, err)
	}
	if err != nil || failed {
		err = errors.Join(err, fmt.Errorf("the log of %s:\n%s", binary, strings.TrimSuffix(program.Log(), "\n")))
	}
	return err
}
