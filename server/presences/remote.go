package presences

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"mellium.im/xmpp/jid"

	"emanagement/component"
	"emanagement/fault"
	"emanagement/presence"
	"emanagement/rosterpush"
	"emanagement/server"
	"emanagement/server/ejabberd"
)

const (
	// rosterReads is how many rosters are read at once.
	rosterReads = 16
	// startedTimeout is how long a server that runs may take to say so: longer
	// than it takes to find out that it has no command that could.
	startedTimeout = 8 * time.Second
)

// Server reaches the presences of every host that grants a component access.
// It implements presence.Server and message.Server.
type Server struct {
	component *component.Component
	api       *ejabberd.API
	rosters   rosterpush.Server
	log       *slog.Logger
}

// New returns the presences that c may reach.
func New(c *component.Component, api *ejabberd.API, rosters rosterpush.Server, log *slog.Logger) *Server {
	return &Server{component: c, api: api, rosters: rosters, log: log}
}

// Sessions implements presence.Server.
func (s *Server) Sessions(ctx context.Context, user jid.JID) (sessions []presence.Session, err error) {
	err = s.again(ctx, user.Domainpart(), func() error {
		sessions, err = s.api.Sessions(ctx, user)
		return err
	})
	return sessions, err
}

// Connected implements presence.Server.
func (s *Server) Connected(ctx context.Context, host string) (connected []jid.JID, err error) {
	err = s.again(ctx, host, func() error {
		connected, err = s.api.Connected(ctx, host)
		return err
	})
	return connected, err
}

// SetPresence implements presence.Server.
func (s *Server) SetPresence(ctx context.Context, of presence.Session, p presence.Presence) error {
	return s.again(ctx, of.JID.Domainpart(), func() error { return s.api.SetPresence(ctx, of.JID, p) })
}

// Kick implements presence.Server.
func (s *Server) Kick(ctx context.Context, session jid.JID, reason string) error {
	return s.explained(ctx, session.Domainpart(), s.api.Kick(ctx, session, reason))
}

// Started implements presence.Server.
func (s *Server) Started(ctx context.Context) (bool, error) {
	hosts := s.component.Served()
	if len(hosts) == 0 {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, startedTimeout)
	defer cancel()
	started, err := s.api.Started(ctx, hosts[0])
	if err = s.explained(ctx, hosts[0], err); errors.Is(err, fault.ErrNoAnswer) {
		return false, nil
	}
	return started, err
}

// Subscribers implements presence.Server.
func (s *Server) Subscribers(ctx context.Context, name jid.JID, host string) ([]jid.JID, error) {
	connected, err := s.Connected(ctx, host)
	if err != nil {
		return nil, err
	}
	var (
		mu       sync.Mutex
		watchers []jid.JID
		seen     = make(map[string]bool)
	)
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(rosterReads)
	for _, c := range connected {
		user := c.Bare()
		if seen[user.String()] {
			continue
		}
		seen[user.String()] = true
		reads.Go(func() error {
			items, err := s.rosters.Roster(ctx, user)
			if e, ok := errors.AsType[*rosterpush.UnreadableError](err); ok {
				s.log.Warn("whether somebody watches a name cannot be seen", "name", name, "why", e)
				return nil
			}
			if err == nil && slices.ContainsFunc(items, func(i rosterpush.Item) bool { return watches(i, name) }) {
				mu.Lock()
				defer mu.Unlock()
				watchers = append(watchers, user)
			}
			return err
		})
	}
	err = reads.Wait()
	return watchers, err
}

func watches(i rosterpush.Item, name jid.JID) bool {
	return i.JID.Equal(name) && (i.Subscription == rosterpush.To || i.Subscription == rosterpush.Both)
}

// again makes a request of a host that sets or reads a state, again whenever
// its stream is lost.
func (s *Server) again(ctx context.Context, host string, request func() error) error {
	return s.explained(ctx, host, server.Repeat(ctx, request))
}

// explained gives an error of a request to a host the name that others know it
// by.
func (s *Server) explained(ctx context.Context, host string, err error) error {
	return s.api.Classify(ctx, host, err)
}
