// Package daemon is the program emanagementd: its commands, and the wiring of the parts
// that serve.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"emanagement/cmd/emanagementd/config"
	"emanagement/cmd/internal/configfile"
	"emanagement/cmd/internal/version"
)

const about = `emanagementd is the component that carries out the verbs of emanagement. It runs
beside an XMPP server and connects to it.

Exit status: 0 stopped as asked; 1 a configuration error, or the server refuses the
component; 2 wrong usage.

`

// configReference describes the configuration.
const configReference = `Configuration, in FILE (default ` + configfile.Path + `), a YAML file:
  jid: emanagement.example.org         # the component's name
  server: 127.0.0.1:5347               # or unix:/path/to.sock, or tls://host:port
  secret_file: /etc/emanagement/secret # shared with the server; not readable by others
  state: /var/lib/emanagement          # what it keeps: the index of users
  audit: /var/log/emanagement/audit.log # optional: where every write is recorded, default: the log
  control: ` + configfile.DefaultControl + ` # optional: the socket for verbs from here, or none
  control_group: www-data              # optional: who may open that, default: the user's group
  max_stanza_size: 262144              # optional: that of the server's listener, where it has one
  hosts: [example.org]                 # optional: default, every host that grants access
  access:                              # who may run verbs; nobody else can but, from
                                       # here, root and the component's own user
    - {jid: admin@example.org, role: admin}
    - {jid: app@example.org, role: write, hosts: [example.org]}
    - {uid: 1001, role: write}         # a user of this machine; or gid: a group
  api:                                 # optional: ejabberd's API over HTTP,
    url: http://127.0.0.1:5281/api/v3  # for one older than 25.03 and for
    token_file: /etc/emanagement/token # contacts of other servers; the token,
                                       # or user: and password_file:, only if
                                       # the server asks for one

A jid with a local part is that account, at any resource; a domain is that
component or host itself, not its users. Roles: read, write, admin. With hosts,
it may name only users and contacts of those. With unconfirmed: [VERB, ...] it
need not confirm those, for a program that cannot.

These environment variables count more than the file: EMANAGEMENT_JID,
EMANAGEMENT_SERVER, EMANAGEMENT_SECRET (the secret itself),
EMANAGEMENT_SECRET_FILE, EMANAGEMENT_STATE, EMANAGEMENT_AUDIT,
EMANAGEMENT_CONTROL, EMANAGEMENT_CONTROL_GROUP, EMANAGEMENT_HOSTS (with commas),
EMANAGEMENT_API_URL.
`

// streams are what the program reads from and writes to.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// complain writes an error to the standard error.
func (s streams) complain(format string, args ...any) {
	fmt.Fprintf(s.err, "emanagement: "+format+"\n", args...)
}

// Exit statuses.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// Main runs the program with its arguments and returns the exit status. The first
// SIGINT or SIGTERM stops it in order, a second one at once.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return run(ctx, args, streams{os.Stdin, os.Stdout, os.Stderr})
}

// failure is an error after which the usage of the program is beside the point.
type failure struct{ err error }

func (f *failure) Error() string { return f.err.Error() }

// run runs a command and returns the exit status.
func run(ctx context.Context, args []string, std streams) int {
	root := Command(std.in, std.out, std.err)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if f, ok := errors.AsType[*failure](err); ok {
		std.complain("%v", f.err)
		return exitError
	}
	if err != nil {
		std.complain("%s; 'emanagementd help' explains", strings.TrimSpace(err.Error()))
		return exitUsage
	}
	return exitOK
}

// Command returns the tree of commands.
func Command(in io.Reader, out, diag io.Writer) *cobra.Command {
	std := streams{in, out, diag}
	root := &cobra.Command{
		Use: "emanagementd", Short: "the component that carries out emanagement's verbs", Long: about + configReference,
		Version: version.String(), SilenceErrors: true, SilenceUsage: true,
	}
	root.SetVersionTemplate("emanagement {{.Version}}\n")
	root.SetOut(out)
	root.SetErr(diag)
	root.CompletionOptions.HiddenDefaultCmd = true
	path := root.PersistentFlags().String("config", configfile.Path, "the configuration, `FILE`")
	root.AddCommand(
		&cobra.Command{
			Use: "serve", Short: "connect to the server and serve until stopped", Args: noArguments,
			RunE: func(c *cobra.Command, _ []string) error { return serve(c.Context(), *path, std) },
		},
		&cobra.Command{Use: "version", Short: "print the version", Args: noArguments, Run: func(*cobra.Command, []string) {
			fmt.Fprintln(out, "emanagement", version.String())
		}},
		usersCommand(path, std),
	)
	return root
}

// noArguments refuses arguments.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s: %q is one argument too many", c.Name(), args[0])
	}
	return nil
}

// serve reads the configuration and serves until the context ends.
func serve(ctx context.Context, path string, std streams) error {
	conf, err := config.Load(path, os.Getenv)
	if err != nil {
		return &failure{err}
	}
	adviser := adviser{jid: conf.JID.String(), server: conf.Server}
	log := slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{ReplaceAttr: adviser.logAttr}))
	if err := work(ctx, conf, log); err != nil {
		return &failure{adviser.advise(err)}
	}
	return nil
}
