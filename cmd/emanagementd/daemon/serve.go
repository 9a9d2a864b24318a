package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"mellium.im/xmpp/jid"

	"emanagement/audit"
	"emanagement/cmd/emanagementd/config"
	"emanagement/cmd/internal/version"
	"emanagement/component"
	"emanagement/front/adhoc"
	"emanagement/front/chat"
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
	"emanagement/verb/work"
)

// serveComponent connects the parts of the component and runs it until the context ends.
func serveComponent(ctx context.Context, conf config.Config, log *slog.Logger) (err error) {
	defer beginReturningMemory(ctx)()
	auditLog, flushAudit, err := openAuditLog(conf.Audit, log)
	if err != nil {
		return err
	}
	defer flushAudit()
	c, err := newComponent(conf, log)
	if err != nil {
		return err
	}
	state, err := openStore(ctx, conf.State, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	api := newAPI(c, conf.API)
	defer api.Close()
	remote := stanzas.New(c, api, log)
	rosters, err := newRosters(ctx, c, remote, state, auditLog, log)
	if err != nil {
		return err
	}
	services := newServices(c, api, remote, rosters, state.Users(), log)
	services.Limits = conf.Limits.Arguments
	defer services.Jobs.Wait()
	watchGrants(c, services.Presences, conf.Access, log)
	namespace := verb.New(services, withLocalAdmins(conf.Access), auditLog, log)
	defer namespace.Flush()
	registerFronts(c, remote, services.Presences, namespace, log)
	if len(conf.Access) == 0 {
		log.Warn("the configuration has no access: only root and this program's user may run verbs, and only on this machine")
	}
	socket, err := listen(ctx, conf.Control, log)
	if err != nil {
		return err
	}
	return runUntilStopped(ctx, c, socket, namespace, services.Work, log, func(ctx context.Context) {
		awaitJobs(ctx, services.Jobs)
		if err := services.Presences.Withdraw(ctx, c.Served()...); err != nil {
			log.Warn("not every subscriber knows that the addresses at the component's domain are unavailable now", "why", err)
		}
	})
}

// openAuditLog returns the log of every write. Without a path its lines go to the
// program's log, marked log=audit. flush must be called at last.
func openAuditLog(path string, log *slog.Logger) (lines *slog.Logger, flush func(), err error) {
	if path == "" {
		return log.With("log", "audit"), func() {}, nil
	}
	return audit.Open(path, log)
}

// newComponent returns the component, which is not connected yet.
func newComponent(conf config.Config, log *slog.Logger) (*component.Component, error) {
	return component.New(component.Config{
		JID: conf.JID, Address: conf.Server, Secret: conf.Secret, Hosts: conf.Hosts, MaxStanza: conf.MaxStanza,
		MaxRequest: conf.Limits.Form, MaxAnswer: conf.Limits.Stanza,
		OversizeAdvice: oversizeAdvice, Probe: stanzas.Probe, CheckGrant: stanzas.CheckGrant,
		Name: "emanagement", Version: version.String(), Log: log,
	})
}

// openStore locks the state folder for this process until the store is closed, and opens
// the store in it. Without a folder the store is kept in memory.
func openStore(ctx context.Context, folder string, log *slog.Logger) (*store.Store, error) {
	if folder == "" {
		log.Warn("the configuration has no state: the index of users and the journal are lost when the program stops")
		return store.Open(ctx, "", log)
	}
	lock, err := store.Claim(folder)
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	return lock.Open(ctx, log)
}

// newAPI returns the server's API commands: by ad-hoc commands, and also over HTTP if the
// endpoint has a URL.
func newAPI(c *component.Component, endpoint ejabberd.Endpoint) *ejabberd.API {
	if endpoint.URL != "" {
		return ejabberd.NewWithHTTP(c, endpoint)
	}
	return ejabberd.New(c)
}

// presenceServer implements presence.Server: sessions by API commands, and presences by
// stanzas.
type presenceServer struct {
	ejabberd.SessionServer
	*stanzas.Server
}

// newRosters returns the rosters with their journal. Audit wraps the server, to record
// each write, and the index of users wraps it, to remember their users. What a killed
// process has left in the journal is settled as soon as the host of a user grants access.
func newRosters(ctx context.Context, c *component.Component, remote *stanzas.Server, state *store.Store, auditLog, log *slog.Logger) (*rosterpush.Rosters, error) {
	rosters := rosterpush.NewJournaled(state.Users().Rosters(audit.Rosters(remote)), state.Journal(), audit.WithOrigin(auditLog), audit.Settled)
	if err := rosters.Recover(ctx); err != nil {
		return nil, err
	}
	c.OnGrant(rosters.Settle)
	c.OnGrant(rosters.Refresh)
	c.OnBreak(func(ctx context.Context) {
		if err := rosters.Suspect(context.WithoutCancel(ctx)); err != nil {
			log.Error("changes that the server may have lost are not looked at", "why", err)
		}
	})
	return rosters, nil
}

// newServices returns the services of the verbs. Audit wraps each of them, to record its
// writes.
func newServices(c *component.Component, api *ejabberd.API, remote *stanzas.Server, rosters *rosterpush.Rosters, users *store.Users, log *slog.Logger) verb.Services {
	messages := message.New(audit.Messages(remote))
	working := work.New()
	return verb.Services{
		Rosters:        rosters,
		HostRosters:    hosts.New(rosters, append([]hosts.Source{users.Source()}, remote.Sources()...)...),
		Presences:      presence.New(audit.Presences(presenceServer{api.SessionServer(), remote})),
		Messages:       messages,
		Rooms:          room.New(audit.Rooms(api)),
		Jobs:           jobs.New(working.Context()),
		Work:           working,
		OwnDomain:      c.JID().String(),
		Spelling:       c.Spelling,
		OnUnservedHost: (&unservedHosts{log: log}).warn,
		Hosts: func(ctx context.Context) ([]string, error) {
			hosts, err := c.Hosts(ctx)
			return hosts, server.Classify(ctx, "hosts", err)
		},
		Notify: func(ctx context.Context, to jid.JID, text string) error {
			return messages.Send(ctx, c.JID(), to, text)
		},
	}
}

// watchGrants has the component do two things when a host grants access: send the
// presences of addresses at its domain to that host again, and check the configuration's
// access.
func watchGrants(c *component.Component, presences *presence.Presences, access []verb.Grant, log *slog.Logger) {
	c.OnGrant(func(ctx context.Context, host string) {
		if err := presences.Reannounce(ctx, host); err != nil && ctx.Err() == nil {
			log.Warn("the presences of addresses at the component's domain were not sent again", "host", host, "why", err)
		}
	})
	c.OnGrant((&accessCheck{access: access, hosts: c.Hosts, log: log}).run)
}

// withLocalAdmins adds grants for root and for the user of this process, because both
// could do anything here anyway.
func withLocalAdmins(access []verb.Grant) []verb.Grant {
	for _, uid := range []uint32{0, uint32(os.Getuid())} {
		access = append(access, verb.Grant{UID: &uid, Role: verb.Admin})
	}
	return access
}

// registerFronts has the component answer presences, ad-hoc commands and chat. It is
// available only to users who may run a verb.
func registerFronts(c *component.Component, remote *stanzas.Server, presences *presence.Presences, namespace *verb.Namespace, log *slog.Logger) {
	c.OnPresence(remote.AnswerPresences(presences, func(user jid.JID) bool { return len(namespace.Visible(user)) > 0 }))
	adhoc.Register(c, namespace)
	chat.Register(c, namespace, log)
}
