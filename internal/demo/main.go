// Command demo shows emanagement at work. It starts an ejabberd of its own and
// the real program beside it, runs the verbs of the emanagement guide as an
// XMPP client does, and compares every answer, and what the server stores in
// the end, with what is written down in steps.go. It leaves nothing behind.
//
// It is run from the module's folder, by "make demo". With HOLD set in the
// environment, everything stays up afterwards for clients of one's own.
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
	// A closed terminal or pipe must not keep anything from being cleaned up.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	err := run(ctx, newScreen(os.Stdout), os.Getenv("HOLD") != "")
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run is the demo, from nothing to nothing.
func run(ctx context.Context, s screen, hold bool) (err error) {
	server, err := testserver.New(nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	err = s.timed("Starting a private ejabberd on 127.0.0.1", func() error { return server.Start(ctx) })
	if err != nil {
		return because(ctx, err)
	}
	var program *testserver.Program
	err = s.timed("Starting "+binary+" as "+testserver.Component, func() (err error) {
		program, err = testserver.StartProgram(ctx, binary, server, testserver.Settings{Access: access})
		return err
	})
	if err != nil {
		return because(ctx, err)
	}
	defer func() { err = errors.Join(err, end(program, err != nil && ctx.Err() == nil)) }()
	err = s.timed("Creating the accounts "+strings.Join(people(), ", "), func() error { return register(ctx, server) })
	if err == nil {
		err = perform(ctx, s, server)
	}
	if err == nil && hold {
		s.invite(server)
		<-ctx.Done()
		s.good("Stopped. Nothing is left running.")
		return nil
	}
	return because(ctx, err)
}

// because returns an error, or, where the demo was interrupted, that as its
// reason.
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// register creates an account for everybody.
func register(ctx context.Context, server *testserver.Server) error {
	for _, name := range people() {
		args := map[string]string{"user": name, "host": host, "password": password}
		if err := server.API(ctx, "register", args, new(string)); err != nil {
			return err
		}
	}
	return nil
}

// end stops the program. Where something went wrong, its log may tell why.
func end(program *testserver.Program, wrong bool) error {
	err := program.Stop()
	if err != nil {
		err = fmt.Errorf("%s: %w", binary, err)
	}
	if err != nil || wrong {
		err = errors.Join(err, fmt.Errorf("the log of %s:\n%s", binary, strings.TrimSuffix(program.Log(), "\n")))
	}
	return err
}
