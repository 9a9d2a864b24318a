package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/audit"
	"emanagement/cmd/emanagementd/config"
	"emanagement/cmd/internal/version"
	"emanagement/component"
	"emanagement/front/adhoc"
	"emanagement/front/chat"
	"emanagement/front/control"
	"emanagement/message"
	"emanagement/presence"
	"emanagement/room"
	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
	"emanagement/server"
	"emanagement/server/ejabberd"
	"emanagement/server/stanzas"
	"emanagement/store"
	"emanagement/verb"
	"emanagement/verb/jobs"
)

// work wires the parts and runs them until the context ends.
func work(ctx context.Context, conf config.Config, log *slog.Logger) (err error) {
	records, err := auditLog(conf.Audit, log)
	if err != nil {
		return err
	}
	c, err := component.New(component.Config{
		JID: conf.JID, Address: conf.Server, Secret: conf.Secret, Hosts: conf.Hosts, MaxStanza: conf.MaxStanza,
		OversizeAdvice: oversizeAdvice, Probe: stanzas.Probe, CheckGrant: stanzas.CheckGrant,
		Name: "emanagement", Version: version.String(), Log: log,
	})
	if err != nil {
		return err
	}
	opened, err := openStore(ctx, conf.State, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	users := opened.Users()
	api := ejabberd.New(c)
	if conf.API.URL != "" {
		api = ejabberd.NewWithHTTP(c, conf.API)
	}
	defer api.Close()
	remote := stanzas.New(c, api, log)
	names := presence.New(audit.Presences(presences{api.SessionServer(), remote}))
	messages := message.New(audit.Messages(remote))
	c.OnGrant(func(ctx context.Context, host string) {
		if err := names.Reannounce(ctx, host); err != nil && ctx.Err() == nil {
			log.Warn("names' presences were not sent again", "host", host, "why", err)
		}
	})
	c.OnGrant((&misspelt{access: conf.Access, hosts: c.Hosts, log: log}).look)
	working := jobs.New(ctx)
	defer working.Wait()
	rosters := rosterpush.New(users.Rosters(audit.Rosters(remote)))
	services := verb.Services{
		Rosters:     rosters,
		HostRosters: hosts.New(rosters, append([]hosts.Source{users.Source()}, remote.Sources()...)...),
		Presences:   names,
		Messages:    messages,
		Rooms:       room.New(audit.Rooms(api)),
		Jobs:        working,
		Own:         conf.JID.String(),
		Spelling:    c.Spelling,
		Miss:        (&missing{log: log}).note,
		Hosts: func(ctx context.Context) ([]string, error) {
			hosts, err := c.Hosts(ctx)
			return hosts, server.Classify(ctx, "hosts", err)
		},
		Tell: func(ctx context.Context, to jid.JID, text string) error {
			return messages.Send(ctx, conf.JID, to, text)
		},
	}
	namespace := verb.New(services, withOwner(conf.Access), records, log)
	c.OnPresence(remote.AnswerPresences(names, func(asker jid.JID) bool { return len(namespace.Visible(asker)) > 0 }))
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
		if err := names.Withdraw(ctx, c.Served()...); err != nil {
			log.Warn("some do not know that names are unavailable now", "why", err)
		}
	})
}

// presences is what package presence needs of a server: sessions by API commands, and
// presences by stanzas.
type presences struct {
	ejabberd.SessionServer
	*stanzas.Server
}

// openStore takes the state's folder for this process, until the store is closed, and
// opens the store in it. Without a folder the store is kept in memory.
func openStore(ctx context.Context, folder string, log *slog.Logger) (*store.Store, error) {
	if folder == "" {
		log.Warn("the configuration has no state: the index of users is lost at every end")
		return store.Open(ctx, "", log)
	}
	lock, err := store.Claim(folder)
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	return lock.Open(ctx, log)
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
