// Command emanagement is the program: it reads its configuration, wires the
// parts together and runs them until it is told to stop.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"mellium.im/xmpp/jid"

	"emanagement/cmd"
	"emanagement/cmd/adhoc"
	"emanagement/cmd/chat"
	"emanagement/component"
	"emanagement/internal/audit"
	"emanagement/internal/config"
	"emanagement/internal/jobs"
	"emanagement/internal/serverapi"
	"emanagement/internal/users"
	"emanagement/presence"
	presences "emanagement/presence/remote"
	"emanagement/rooms"
	"emanagement/rosterpush"
	"emanagement/rosterpush/remote"
)

// version is set when the program is built.
var version = "unknown"

const usage = `emanagement lets administrators and web applications manage the rosters of an
XMPP server's users. It runs beside the server, as a component of it.

Usage:
  emanagement serve [--config FILE]   connect to the server and serve until stopped
  emanagement users import FILE|- [--config FILE]
                                      take users into the index of users: a JID a
                                      line, or what ejabberdctl process_rosteritems
                                      list prints
  emanagement version                 print the version
  emanagement help                    print this

Configuration, in FILE (default ` + defaultConfig + `), a YAML file:
  jid: emanagement.example.org         # the component's name
  server: 127.0.0.1:5347               # or unix:/path/to.sock, or tls://host:port
  secret_file: /etc/emanagement/secret # shared with the server; not readable by others
  state: /var/lib/emanagement          # what it keeps: the index of users
  audit: /var/log/emanagement/audit.log # optional: where every write is recorded, default: the log
  hosts: [example.org]                 # optional: default, every host that grants access
  access:                              # who may run commands; nobody else can
    - {jid: admin@example.org, role: admin}
    - {jid: app@example.org, role: write, hosts: [example.org]}
  api:                                 # optional: ejabberd's API over HTTP,
    url: http://127.0.0.1:5280/api/v3  # for one older than 25.03 and for
    token_file: /etc/emanagement/token # contacts of other servers; the token,
                                       # or user: and password_file:, only if
                                       # the server asks for one

A jid with a local part is that account, at any resource; a domain is that
component or host itself, not its users. Roles: read, write, admin. With hosts,
it may name only users and contacts of those.

These environment variables count more than the file: EMANAGEMENT_JID,
EMANAGEMENT_SERVER, EMANAGEMENT_SECRET (the secret itself),
EMANAGEMENT_SECRET_FILE, EMANAGEMENT_STATE, EMANAGEMENT_AUDIT,
EMANAGEMENT_HOSTS (with commas), EMANAGEMENT_API_URL.

Exit status: 0 stopped as asked; 1 a configuration error, or the server refuses
the component; 2 wrong usage.
`

const defaultConfig = "/etc/emanagement/emanagement.yml"

// Exit statuses.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal, a second one ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program: its arguments in, its exit status out.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	name := "help"
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	switch name {
	case "serve":
		return serve(ctx, args, stdout, stderr)
	case "users":
		return importUsers(ctx, args, stdout, stderr)
	case "version", "--version":
		fmt.Fprintln(stdout, "emanagement", version)
		return exitOK
	case "help", "--help", "-h":
		fmt.Fprint(stdout, usage)
		return exitOK
	}
	fmt.Fprintf(stderr, "emanagement: %s: no such command; 'emanagement help' lists them\n", name)
	return exitUsage
}

func serve(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	path := flags.String("config", defaultConfig, "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "emanagement: serve: %v; 'emanagement help' explains\n", err)
		return exitUsage
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "emanagement: serve: %q is one argument too many; 'emanagement help' explains\n", flags.Arg(0))
		return exitUsage
	}
	conf, err := config.Load(*path, os.Getenv)
	if err == nil {
		err = work(ctx, conf, slog.New(slog.NewTextHandler(stderr, nil)))
	}
	if err != nil {
		fmt.Fprintln(stderr, "emanagement:", err)
		return exitError
	}
	return exitOK
}

// work wires the parts and runs them until the context ends.
func work(ctx context.Context, conf config.Config, log *slog.Logger) (err error) {
	records, err := auditLog(conf.Audit, log)
	if err != nil {
		return err
	}
	c, err := component.New(component.Config{
		JID: conf.JID, Address: conf.Server, Secret: conf.Secret, Hosts: conf.Hosts,
		Name: "emanagement", Version: version, Log: log,
	})
	if err != nil {
		return err
	}
	if conf.State == "" {
		log.Warn("the configuration has no state: the index of users is lost at every end")
	}
	index, err := users.Open(ctx, conf.State, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, index.Close()) }()
	api := serverapi.New(c)
	if conf.API.URL != "" {
		api = serverapi.NewWithHTTP(c, conf.API)
	}
	defer api.Close()
	rosters := remote.New(c, api, log)
	sessions := presences.New(c, api, rosters, log)
	names := presence.New(audit.Presences(sessions))
	c.OnPresence(sessions.Answer(names))
	working := jobs.New(ctx)
	defer working.Wait()
	services := cmd.Services{
		Rosters:   rosterpush.New(index.Rosters(audit.Rosters(rosters)), append([]rosterpush.Source{index.Source()}, rosters.Sources()...)...),
		Presences: names,
		Rooms:     rooms.New(audit.Rooms(api)),
		Jobs:      working,
		Own:       conf.JID.String(),
		Hosts:     c.Served,
		Tell: func(ctx context.Context, to jid.JID, text string) error {
			return names.Message(ctx, conf.JID, to, text)
		},
	}
	commands := cmd.New(services, conf.Access, records, log)
	adhoc.Register(c, commands)
	chat.Register(c, commands, log)
	if len(conf.Access) == 0 {
		log.Warn("the configuration has no access: nobody may run a command")
	}
	return c.Run(ctx)
}

// auditLog is where every write is recorded: a file of its own, or among the
// program's other lines.
func auditLog(path string, log *slog.Logger) (*slog.Logger, error) {
	if path == "" {
		return log.With("log", "audit"), nil
	}
	return audit.Open(path, log)
}
