package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"emanagement/internal/config"
	"emanagement/internal/users"
)

// importUsers takes users into the index, beside a component that runs or not.
func importUsers(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	name, path, err := importArgs(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "emanagement: users: %v; 'emanagement help' explains\n", err)
		return exitUsage
	}
	conf, err := config.Load(path, os.Getenv)
	if err == nil && conf.State == "" {
		err = fmt.Errorf("%s: state: missing; the index of users is kept there", path)
	}
	if err == nil {
		err = importFrom(ctx, conf.State, name, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintln(stderr, "emanagement:", err)
		return exitError
	}
	return exitOK
}

// importArgs reads what follows the word users: import and a file, with flags
// between or after.
func importArgs(args []string) (file, config string, err error) {
	flags := flag.NewFlagSet("users", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&config, "config", defaultConfig, "")
	var words []string
	for len(args) > 0 && err == nil {
		err = flags.Parse(args)
		if args = flags.Args(); len(args) > 0 {
			words, args = append(words, args[0]), args[1:]
		}
	}
	switch {
	case err != nil:
		return "", "", err
	case len(words) != 2 || words[0] != "import":
		return "", "", errors.New("to be followed by import and a file, or - for the standard input")
	}
	return words[1], config, nil
}

func importFrom(ctx context.Context, state, name string, stdout, stderr io.Writer) (err error) {
	file := os.Stdin
	if name != "-" {
		if file, err = os.Open(name); err != nil {
			return err
		}
		defer file.Close()
	}
	index, err := users.Open(ctx, state, slog.New(slog.NewTextHandler(stderr, nil)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, index.Close()) }()
	bad := 0
	read, added, err := index.Import(ctx, file, func(line int, why error) {
		bad++
		fmt.Fprintf(stderr, "emanagement: %s: line %d: %v\n", name, line, why)
	})
	fmt.Fprintf(stdout, "users: %d read, %d new\n", read, added)
	if err == nil && bad > 0 {
		err = fmt.Errorf("%s: lines left out: %d", name, bad)
	}
	return err
}
