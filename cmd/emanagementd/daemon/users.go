package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"emanagement/cmd/emanagementd/config"
	"emanagement/store"
)

// usersCommand imports users into the index. It may run beside a component.
func usersCommand(path *string, std streams) *cobra.Command {
	users := &cobra.Command{Use: "users", Short: "the index of users", RunE: func(*cobra.Command, []string) error { return errNoImport }}
	users.AddCommand(&cobra.Command{
		Use:   "import FILE|-",
		Short: "import users into the index of users",
		Long: "import reads a JID a line, or the lines that ejabberdctl process_rosteritems list\n" +
			"prints, from a file or from the standard input, and adds the users to the index.",
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return errNoImport
			case len(args) > 1:
				return fmt.Errorf("users: %q is one argument too many", args[1])
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			conf, err := config.Load(*path, os.Getenv)
			if err == nil && conf.State == "" {
				err = fmt.Errorf("%s: state: missing; the index of users is kept there", *path)
			}
			if err == nil {
				err = importFrom(c.Context(), conf.State, args[0], std)
			}
			if err != nil {
				return &failure{err}
			}
			return nil
		},
	})
	return users
}

// errNoImport refuses a line that does not say what to import.
var errNoImport = errors.New("users: to be followed by import and a file, or - for the standard input")

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
	opened, err := store.Open(ctx, state, slog.New(slog.NewTextHandler(std.err, nil)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	bad := 0
	read, added, err := opened.Users().Import(ctx, from, func(line int, why error) {
		bad++
		std.complain("%s: line %d: %v", name, line, why)
	})
	fmt.Fprintf(std.out, "users: %d read, %d new\n", read, added)
	if err == nil && bad > 0 {
		err = fmt.Errorf("%s: lines left out: %d", name, bad)
	}
	return err
}
