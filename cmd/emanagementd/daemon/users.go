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

// usersCommand returns the command users, which imports users into the index. It may run
// while the component runs.
func usersCommand(path *string, std streams) *cobra.Command {
	users := &cobra.Command{Use: "users", Short: "the index of users", RunE: func(*cobra.Command, []string) error { return errUsersUsage }}
	users.AddCommand(&cobra.Command{
		Use:   "import FILE|-",
		Short: "import users into the index of users",
		Long: "import reads a file, or the standard input, and adds its users to the index. A line\n" +
			"is one JID, or a line that ejabberdctl process_rosteritems list prints.",
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return errUsersUsage
			case len(args) > 1:
				return fmt.Errorf("users: %q is one argument too many", args[1])
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			conf, err := config.Load(*path, os.Getenv)
			if err == nil && conf.State == "" {
				err = fmt.Errorf("%s: state: missing; it names the folder of the index of users", *path)
			}
			if err == nil {
				err = importUsers(c.Context(), conf.State, args[0], std)
			}
			if err != nil {
				return &runError{err}
			}
			return nil
		},
	})
	return users
}

// errUsersUsage refuses the command users without import and a file.
var errUsersUsage = errors.New("users: write users import FILE, or users import - for the standard input")

// importUsers adds the users in a file to the index in the folder state. The name - means
// the standard input. It reports each bad line and goes on; then it returns an error.
func importUsers(ctx context.Context, state, name string, std streams) (err error) {
	input := std.in
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		input = file
	}
	index, err := store.Open(ctx, state, slog.New(slog.NewTextHandler(std.err, nil)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, index.Close()) }()
	bad := 0
	read, added, err := index.Users().Import(ctx, input, func(line int, err error) {
		bad++
		std.printError("%s: line %d: %v", name, line, err)
	})
	fmt.Fprintf(std.out, "users: %d read, %d new\n", read, added)
	if err == nil && bad > 0 {
		err = fmt.Errorf("%s: lines left out: %d", name, bad)
	}
	return err
}
