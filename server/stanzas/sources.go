package stanzas

import (
	"context"
	"errors"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush/hosts"
	"emanagement/server"
)

// probeTimeout bounds finding out whether a host lists its rosters.
const probeTimeout = 30 * time.Second

// errNoList is why there is no list of rosters.
var errNoList = errors.New("its database cannot list rosters in time")

// Sources are the server's own ways to learn of users who may have a roster,
// the quickest first.
func (s *Server) Sources() []hosts.Source {
	return []hosts.Source{
		{Name: "registered users", Users: func(ctx context.Context, host string) ([]jid.JID, bool, error) {
			users, err := s.list(ctx, host, "registered_users", s.api.RegisteredUsers)
			return users, false, err
		}},
		{Name: "connected users", Users: func(ctx context.Context, host string) ([]jid.JID, bool, error) {
			users, err := s.list(ctx, host, "connected_users_vhost", s.api.Connected)
			return users, false, err
		}},
		{Name: "the server's list of rosters", Users: s.owners},
	}
}

// owners is the server's own list, where it has one. Then nobody else has a
// roster.
func (s *Server) owners(ctx context.Context, host string) (users []jid.JID, conclusive bool, err error) {
	if able, err := s.lists(ctx, host); err != nil || !able {
		return nil, false, errors.Join(err, errNoList)
	}
	users, err = s.list(ctx, host, "process_rosteritems", s.api.RosterOwners)
	return users, true, err
}

// lists says whether a host lists its rosters. That is asked once: it may keep
// the server busy for 5 s, and so it is also waited for where the asker has
// gone.
func (s *Server) lists(ctx context.Context, host string) (able bool, err error) {
	select {
	case s.probing <- struct{}{}:
		defer func() { <-s.probing }()
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	if able, known := s.listing[host]; known {
		return able, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	err = s.call(ctx, host, "process_rosteritems", func() error {
		able, err = s.api.ListsRosters(ctx, host)
		return err
	})
	if err == nil { // silence may be a moment's
		s.listing[host] = able
		s.log.Info("whether this host lists its rosters", "host", host, "lists", able)
	}
	return able, err
}

// forget has it asked again whether a host lists its rosters.
func (s *Server) forget(ctx context.Context, host string) {
	select {
	case s.probing <- struct{}{}:
		delete(s.listing, host)
		<-s.probing
	case <-ctx.Done():
	}
}

// list asks a host for users by one of its API commands. Whoever asks goes on
// without them, so that the log says why there are none.
func (s *Server) list(ctx context.Context, host, command string, ask func(context.Context, string) ([]jid.JID, error)) (users []jid.JID, err error) {
	err = s.call(ctx, host, command, func() error {
		users, err = ask(ctx, host)
		return err
	})
	if err != nil && ctx.Err() == nil {
		s.log.Warn("a list of users is not available", "host", host, "command", command, "why", err)
	}
	return users, err
}

// call asks something of a host by one of its API commands.
func (s *Server) call(ctx context.Context, host, command string, request func() error) error {
	return s.api.Classify(ctx, host, server.Repeat(ctx, request))
}
