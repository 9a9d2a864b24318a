// Package daemon is the program emanagementd: its commands, and the wiring of its parts.
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

Exit status: 0 stopped by a signal; 1 the configuration is wrong, or the server refuses
the component; 2 wrong usage.

`

// configReference describes the configuration. An indented block after an empty line
// keeps its lines in the manual page.
const configReference = `The configuration is a YAML file, FILE (default ` + configfile.Path + `):

    jid: emanagement.example.org         # the component's domain
    server: 127.0.0.1:5347               # or unix:/path/to.sock, or tls://host:port
    secret_file: /etc/emanagement/secret # the secret shared with the server;
                                         # other users must not be able to read it
    # All keys below are optional.
    state: /var/lib/emanagement          # the folder of the index of users and the
                                         # journal; default: both are kept in memory
    audit: /var/log/emanagement/audit.log # the file of the audit log; default:
                                         # its lines go to the program's log
    control: ` + configfile.DefaultControl + ` # the control socket; this is the
                                         # default; none means no socket
    control_group: www-data              # the group that may use the socket;
                                         # default: the group of the component's user
    max_stanza_size: 262144              # that of the server's listener, if it has one
    hosts: [example.org]                 # the hosts to manage; default: the parent
                                         # domain of jid
    access:                              # the requesters that may run verbs; default:
                                         # root and the component's user, on this machine
      - {jid: admin@example.org, role: admin}
      - {jid: app@example.org, role: write, hosts: [example.org]}
      - {uid: 1001, role: write}         # a user of this machine; gid means a group
    api:                                 # ejabberd's API over HTTP, for an ejabberd
                                         # before 25.03, and for contacts at other servers
      url: http://127.0.0.1:5281/api/v3
      token_file: /etc/emanagement/token # or user and password_file; only if the server
                                         # asks for one
    limits:                              # in bytes, apart from groups; these are
                                         # the defaults
      nick: 1024                         # a nick, or the text of a status
      group: 1024                        # the name of a group
      groups: 100                        # the groups of one contact
      form: 1048576                      # a stanza to the component
      stanza: 33554432                   # an answer of the server; a roster of
                                         # 200,000 items fits

A jid with a local part is that account, at any resource. A jid without a local part is
the component or the host itself, not its users. The roles are read, write and admin. An
entry with hosts allows only verbs about users and contacts at these hosts. An entry with
unconfirmed: [VERB, ...] runs these verbs without confirmation, for a program that cannot
confirm.

These environment variables override the file: EMANAGEMENT_JID, EMANAGEMENT_SERVER,
EMANAGEMENT_SECRET (the secret itself), EMANAGEMENT_SECRET_FILE, EMANAGEMENT_STATE,
EMANAGEMENT_AUDIT, EMANAGEMENT_CONTROL, EMANAGEMENT_CONTROL_GROUP, EMANAGEMENT_HOSTS
(separated by commas), EMANAGEMENT_API_URL.
`

// streams are the program's standard streams.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// printError prints an error on the standard error.
func (s streams) printError(format string, args ...any) {
	fmt.Fprintf(s.err, "emanagement: "+format+"\n", args...)
}

// Exit statuses.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// Main runs the program with its arguments and returns the exit status. The first SIGINT
// or SIGTERM stops it in order. A second one ends it at once.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return run(ctx, args, streams{os.Stdin, os.Stdout, os.Stderr})
}

// runError is the error of a command that was used correctly. Any other error of a
// command is one of its usage.
type runError struct{ err error }

func (e *runError) Error() string { return e.err.Error() }

// run runs a command and returns the exit status.
func run(ctx context.Context, args []string, std streams) int {
	root := Command(std.in, std.out, std.err)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if e, ok := errors.AsType[*runError](err); ok {
		std.printError("%v", e.err)
		return exitError
	}
	if err != nil {
		std.printError("%s; 'emanagementd help' explains", strings.TrimSpace(err.Error()))
		return exitUsage
	}
	return exitOK
}

// Command returns the command tree, which uses these streams.
func Command(in io.Reader, out, diag io.Writer) *cobra.Command {
	std := streams{in, out, diag}
	root := &cobra.Command{
		Use: "emanagementd", Short: "the component that carries out emanagement's verbs", Long: about + configReference,
		SilenceErrors: true, SilenceUsage: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("%q is no command of emanagementd", args[0])
			}
			return nil
		},
	}
	printVersion := func() { fmt.Fprintln(out, "emanagement", version.String()) }
	// The library's own flag would link text/template into the program.
	wantsVersion := root.Flags().Bool("version", false, "print the version")
	root.RunE = func(c *cobra.Command, _ []string) error {
		if !*wantsVersion {
			return c.Help()
		}
		printVersion()
		return nil
	}
	root.SetOut(out)
	root.SetErr(diag)
	root.CompletionOptions.HiddenDefaultCmd = true
	path := root.PersistentFlags().String("config", configfile.Path, "the configuration `FILE`")
	root.AddCommand(
		serveCommand(path, std),
		&cobra.Command{Use: "version", Short: "print the version", Args: noArguments, Run: func(*cobra.Command, []string) { printVersion() }},
		usersCommand(path, std),
	)
	return root
}

// serveCommand returns the command serve.
func serveCommand(path *string, std streams) *cobra.Command {
	c := &cobra.Command{Use: "serve", Short: "connect to the server and serve until stopped", Args: noArguments}
	profiles := c.Flags().String("pprof", "", "serve profiles of the program (Go's pprof) at `HOST:PORT`, an address of this machine alone")
	c.RunE = func(c *cobra.Command, _ []string) error { return serve(c.Context(), *path, *profiles, std) }
	return c
}

// noArguments refuses arguments.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s: %q is one argument too many", c.Name(), args[0])
	}
	return nil
}

// serve reads the configuration and serves until the context ends. profiles is the address
// for profiles, or empty.
func serve(ctx context.Context, path, profiles string, std streams) error {
	conf, err := config.Load(path, os.Getenv)
	if err != nil {
		return &runError{err}
	}
	adviser := adviser{jid: conf.JID.String(), server: conf.Server}
	log := slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{ReplaceAttr: adviser.logAttr}))
	stopProfiles, err := serveProfiles(ctx, profiles, log)
	if err != nil {
		return &runError{err}
	}
	defer stopProfiles()
	if err := serveComponent(ctx, conf, log); err != nil {
		return &runError{adviser.advise(err)}
	}
	return nil
}
