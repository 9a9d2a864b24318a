// Command emanagementd is all of the program but what emanagement does at once:
// serving (it reads the configuration, wires the parts together and runs them
// until it is told to stop), verbs with flags and for people, and help.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/audit"
	"emanagement/cmd/emanagementd/config"
	"emanagement/component"
	"emanagement/front/adhoc"
	"emanagement/front/chat"
	"emanagement/front/control"
	"emanagement/presence"
	"emanagement/room"
	"emanagement/rosterpush"
	"emanagement/server/ejabberd"
	presences "emanagement/server/presences"
	"emanagement/server/stanzas"
	"emanagement/store"
	"emanagement/verb"
	"emanagement/verb/jobs"
	"emanagement/verb/wire"
)

const usage = `emanagement manages the rosters, presences, messages and rooms of an XMPP
server's users. It runs beside the server as a component of it ('serve'), and
has verbs, each of which does one thing.

Usage:
  emanagement [flags] VERB ARGS... [flags]
                                      run a verb by the component that runs here;
                                      what stands in an argument's place is taken
                                      as it is
  emanagement serve [--config FILE]   connect to the server and serve until stopped
  emanagement users import FILE|- [--config FILE]
                                      take users into the index of users: a JID a
                                      line, or what ejabberdctl process_rosteritems
                                      list prints
  emanagement completion bash         print completion for bash
  emanagement version                 print the version
  emanagement help [VERB]             print this, or explain a verb

Flags with a verb:
  --json             print the result as JSON, an error too
  --yes              do what destroys much (without it, it is only counted)
  --config FILE      find the component by this configuration
  --as JID           run it from anywhere, as this account, which may run it
  --server HOST:PORT where that account's server is, if DNS does not say
  --component JID    the component, if neither the configuration nor the server say
  --password-file FILE
                     the account's password (or the environment variable
                     EMANAGEMENT_PASSWORD; else it is asked for)
  and those of the verb itself, which its help names.

Exit status of a verb: 0 done, or yes; 1 no, or not done; 2 wrong usage, nothing
was done; 3 the server or the component is away; 130 Ctrl-C. Of serve: 0 stopped as asked; 1 a
configuration error, or the server refuses the component; 2 wrong usage.

Configuration, in FILE (default ` + wire.ConfigFile + `), a YAML file:
  jid: emanagement.example.org         # the component's name
  server: 127.0.0.1:5347               # or unix:/path/to.sock, or tls://host:port
  secret_file: /etc/emanagement/secret # shared with the server; not readable by others
  state: /var/lib/emanagement          # what it keeps: the index of users
  audit: /var/log/emanagement/audit.log # optional: where every write is recorded, default: the log
  control: ` + config.DefaultControl + ` # optional: the socket for verbs from here, or none
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

// Exit statuses; those of a verb are wire's.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal, a second one ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// run is the program: its arguments in, its exit status out. What is none of
// its commands is a line with a verb.
func run(ctx context.Context, args []string, std streams) int {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	switch name {
	case "serve":
		return serve(ctx, args[1:], std.out, std.err)
	case "users":
		return importUsers(ctx, args[1:], std)
	case "completion":
		return completion(args[1:], std)
	case "version", "--version":
		fmt.Fprintln(std.out, "emanagement", version())
		return exitOK
	case "help":
		return help(args[1:], std)
	}
	return runLine(ctx, args, std)
}

func serve(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	path := flags.String("config", wire.ConfigFile, "")
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
		JID: conf.JID, Address: conf.Server, Secret: conf.Secret, Hosts: conf.Hosts, MaxStanza: conf.MaxStanza,
		Name: "emanagement", Version: version(), Log: log,
	})
	if err != nil {
		return err
	}
	if conf.State == "" {
		log.Warn("the configuration has no state: the index of users is lost at every end")
	} else {
		release, lerr := claim(conf.State)
		if lerr != nil {
			return fmt.Errorf("state: %w", lerr)
		}
		defer func() { err = errors.Join(err, release()) }()
	}
	index, err := store.Open(ctx, conf.State, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, index.Close()) }()
	api := ejabberd.New(c)
	if conf.API.URL != "" {
		api = ejabberd.NewWithHTTP(c, conf.API)
	}
	defer api.Close()
	rosters := stanzas.New(c, api, log)
	sessions := presences.New(c, api, rosters, log)
	names := presence.New(audit.Presences(sessions))
	c.OnGrant(func(ctx context.Context, host string) {
		if err := names.Renew(ctx, host); err != nil && ctx.Err() == nil {
			log.Warn("names' presences were not sent again", "host", host, "why", err)
		}
	})
	c.OnGrant((&misspelt{access: conf.Access, hosts: c.Hosts, log: log}).look)
	working := jobs.New(ctx)
	defer working.Wait()
	services := verb.Services{
		Rosters:   rosterpush.New(index.Rosters(audit.Rosters(rosters)), append([]rosterpush.Source{index.Source()}, rosters.Sources()...)...),
		Presences: names,
		Rooms:     room.New(audit.Rooms(api)),
		Jobs:      working,
		Own:       conf.JID.String(),
		Spelling:  c.Spelling,
		Miss:      (&missing{log: log}).note,
		Hosts: func(ctx context.Context) ([]string, error) {
			hosts, err := c.Hosts(ctx)
			return hosts, ejabberd.Failure(ctx, "hosts", err)
		},
		Tell: func(ctx context.Context, to jid.JID, text string) error {
			return names.Message(ctx, conf.JID, to, text)
		},
	}
	namespace := verb.New(services, withOwner(conf.Access), records, log)
	c.OnPresence(sessions.Answer(names, func(asker jid.JID) bool { return len(namespace.Visible(asker)) > 0 }))
	adhoc.Register(c, namespace)
	chat.Register(c, namespace, log)
	if len(conf.Access) == 0 {
		log.Warn("the configuration has no access: nobody may run a command but on this machine, as root or as this user")
	}
	l, err := listen(ctx, conf.Control, log)
	if err != nil {
		return err
	}
	return runAll(ctx, c, l, namespace, log, func(ctx context.Context) {
		awaitJobs(ctx, working)
		if err := names.Leave(ctx, c.Served()...); err != nil {
			log.Warn("some do not know that names are unavailable now", "why", err)
		}
	})
}

// claim makes the state's folder and takes it for this process.
func claim(folder string) (release func() error, err error) {
	if err := store.Prepare(folder); err != nil {
		return nil, err
	}
	return store.Lock(folder)
}

// withOwner adds those to the grants who could do anything here anyway: root,
// and whoever runs the component.
func withOwner(access []verb.Grant) []verb.Grant {
	for _, uid := range []uint32{0, uint32(os.Getuid())} {
		access = append(access, verb.Grant{UID: &uid, Role: verb.Admin})
	}
	return access
}

// farewell is how long the component stays for those who are to be told that
// it ends.
const farewell = 5 * time.Second

// runAll runs the component, and the control socket where there is one, until
// the context ends. The component goes last: who calls on the socket needs it,
// and so does leave, which is given a moment to tell others.
func runAll(ctx context.Context, c *component.Component, l net.Listener, n *verb.Namespace, log *slog.Logger, leave func(context.Context)) error {
	serving, stopServing := context.WithCancel(ctx)
	running, stopRunning := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { // received below
		defer stopRunning()
		var err error
		if l != nil {
			err = control.Serve(serving, l, n, c.Connected, log)
		}
		<-serving.Done()
		leaving, cancel := context.WithTimeout(running, farewell)
		defer cancel()
		leave(leaving)
		served <- err
	}()
	err := c.Run(running)
	stopServing()
	return errors.Join(err, <-served)
}

// awaitJobs waits until every job has ended and its asker was told, or the
// context ends. Then the program's own end waits on.
func awaitJobs(ctx context.Context, working *jobs.Jobs) {
	ended := make(chan struct{})
	go func() { // ends with the jobs, for which the program waits
		working.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// listen makes the control socket, if there is to be one. That the usual place
// cannot be had is no reason not to serve.
func listen(ctx context.Context, at config.Socket, log *slog.Logger) (net.Listener, error) {
	if at.Path == "" {
		return nil, nil
	}
	l, err := control.Listen(ctx, at.Path, at.Group)
	_, taken := errors.AsType[*control.TakenError](err)
	switch {
	case err == nil:
		log.Info("verbs can be run from this machine", "control", at.Path)
		return l, nil
	// A second component of this name would take the first one's privileges away.
	case at.Fixed || taken:
		return nil, fmt.Errorf("control: %w", err)
	}
	log.Warn("verbs cannot be run from this machine: there is no control socket; name a place for it, as control in the configuration", "why", err)
	return nil, nil
}

// auditLog is where every write is recorded: a file of its own, or among the
// program's other lines.
func auditLog(path string, log *slog.Logger) (*slog.Logger, error) {
	if path == "" {
		return log.With("log", "audit"), nil
	}
	return audit.Open(path, log)
}
