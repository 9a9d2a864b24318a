package stanzas

import (
	"context"
	"errors"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush/hosts"
	"emanagement/server"
)

// errNoListing is the error of the roster listing on a host that cannot list its rosters.
var errNoListing = errors.New("its database cannot list rosters in time")

// Sources returns the sources in which the server itself lists users who may have a roster,
// the quickest first.
func (s *Server) Sources() []hosts.Source {
	return []hosts.Source{
		{Name: "registered users", Users: func(ctx context.Context, host string) ([]jid.JID, bool, error) {
			users, err := s.listUsers(ctx, host, "registered_users", s.api.RegisteredUsers)
			return users, false, err
		}},
		{Name: "connected users", Users: func(ctx context.Context, host string) ([]jid.JID, bool, error) {
			users, err := s.listUsers(ctx, host, "connected_users_vhost", s.api.Connected)
			return users, false, err
		}},
		{Name: "the server's list of rosters", Users: s.listRosterOwners},
	}
}

// listRosterOwners lists the users in the server's roster listing (process_rosteritems). The
// listing is conclusive: no other user of the host has a roster.
func (s *Server) listRosterOwners(ctx context.Context, host string) (users []jid.JID, conclusive bool, err error) {
	if lists, err := s.canList(ctx, host); err != nil || !lists {
		return nil, false, errors.Join(err, errNoListing)
	}
	users, err = s.listUsers(ctx, host, "process_rosteritems", s.api.RosterOwners)
	return users, true, err
}

// listUsers lists users of a host by one of its API commands, and logs a failure: the
// caller may go on without the list.
func (s *Server) listUsers(ctx context.Context, host, command string, list func(context.Context, string) ([]jid.JID, error)) (users []jid.JID, err error) {
	err = s.callAPI(ctx, host, func() error {
		users, err = list(ctx, host)
		return err
	})
	if err != nil && ctx.Err() == nil {
		s.log.Warn("a list of users is not available", "host", host, "command", command, "why", err)
	}
	return users, err
}

// callAPI makes a request to a host's API, repeats it if its stream is lost, and classifies
// its error.
func (s *Server) callAPI(ctx context.Context, host string, request func() error) error {
	return s.api.Classify(ctx, host, server.Repeat(ctx, request))
}
