package ejabberd

import (
	"context"
	"errors"

	"mellium.im/xmpp/jid"
)

// RegisteredUsers lists the users who have an account on a host.
func (a *API) RegisteredUsers(ctx context.Context, host string) ([]jid.JID, error) {
	got, err := a.call(ctx, host, "registered_users", arg{"host", host})
	if err != nil {
		return nil, err
	}
	names := got.list()
	users := make([]jid.JID, 0, len(names))
	for _, name := range names {
		if user, ok := userOn(host, name); ok {
			users = append(users, user)
		}
	}
	return users, nil
}

// RosterOwners lists the users of a host whose rosters have at least one item
// (process_rosteritems). Call it only if ListsRosters returns true.
func (a *API) RosterOwners(ctx context.Context, host string) ([]jid.JID, error) {
	got, err := a.processRosterItems(ctx, host, "%@"+host)
	if err != nil {
		return nil, err
	}
	var owners []jid.JID
	listed := make(map[string]struct{})
	for r, err := range got.records("user", "contact") {
		if err != nil {
			return nil, err
		}
		name := r["user"] // SQL leaves the host out
		if _, ok := listed[name]; ok {
			continue
		}
		listed[name] = struct{}{}
		if owner, ok := userOn(host, name); ok {
			owners = append(owners, owner)
		}
	}
	return owners, nil
}

// ListsRosters reports whether the server can list its rosters in time. With an SQL
// database it can. With Mnesia it scans all rosters, gives up after 5 s, and blocks
// everything else meanwhile. So this call, too, can block the server for 5 s.
func (a *API) ListsRosters(ctx context.Context, host string) (bool, error) {
	// SQL refuses a user without a host. Mnesia finds none.
	_, err := a.processRosterItems(ctx, host, "x")
	refusal, ok := errors.AsType[*Error](err)
	if ok && refusal.Code != Forbidden {
		return refusal.Code == internalError, nil
	}
	return false, err
}

// processRosterItems lists the roster items of the users who match a pattern, in which % is the
// wildcard.
func (a *API) processRosterItems(ctx context.Context, host, users string) (answer, error) {
	return a.call(ctx, host, "process_rosteritems",
		arg{"action", "list"}, arg{"subs", "any"}, arg{"asks", "any"}, arg{"users", users}, arg{"contacts", "%"})
}
