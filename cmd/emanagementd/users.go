package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"emanagement/cmd/emanagementd/config"
	"emanagement/store"
	"emanagement/verb/wire"
)

// importUsers takes users into the index, beside a component that runs or not.
func importUsers(ctx context.Context, args []string, std streams) int {
	name, path, err := importArgs(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(std.out, usage)
		return exitOK
	}
	if err != nil {
		std.complain("users: %v; 'emanagement help' explains", err)
		return exitUsage
	}
	conf, err := config.Load(path, os.Getenv)
	if err == nil && conf.State == "" {
		err = fmt.Errorf("%s: state: missing; the index of users is kept there", path)
	}
	if err == nil {
		err = importFrom(ctx, conf.State, name, std)
	}
	if err != nil {
		std.complain("%v", err)
		return exitError
	}
	return exitOK
}

// importArgs reads what follows the word users: import and a file, with flags
// between or after.
func importArgs(args []string) (file, config string, err error) {
	flags := flag.NewFlagSet("users", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&config, "config", wire.ConfigFile, "")
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
	case len(words) > 2 && words[0] == "import":
		return "", "", fmt.Errorf("%q is one argument too many", words[2])
	case len(words) != 2 || words[0] != "import":
		return "", "", errors.New("to be followed by import and a file, or - for the standard input")
	}
	return words[1], config, nil
}

func importFrom(ctx context.Context, state, name string, std streams) (err error) {
	from := std.in
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		from = file
	}
	index, err := store.Open(ctx, state, slog.New(slog.NewTextHandler(std.err, nil)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, index.Close()) }()
	bad := 0
	read, added, err := index.Import(ctx, from, func(line int, why error) {
		bad++
		std.complain("%s: line %d: %v", name, line, why)
	})
	fmt.Fprintf(std.out, "users: %d read, %d new\n", read, added)
	if err == nil && bad > 0 {
		err = fmt.Errorf("%s: lines left out: %d", name, bad)
	}
	return err
}
