package ejabberd

import (
	"context"
	"errors"

	"mellium.im/xmpp/jid"
)

// internalError is the code of an Error for what went wrong in the server.
const internalError = 500

// RegisteredUsers lists the users that have an account on a host.
func (a *API) RegisteredUsers(ctx context.Context, host string) ([]jid.JID, error) {
	answer, err := a.call(ctx, host, "registered_users", arg{"host", host})
	if err != nil {
		return nil, err
	}
	names := answer.list()
	users := make([]jid.JID, len(names))
	for i, name := range names {
		users[i] = kept(name, host)
	}
	return users, nil
}

// RosterOwners lists the users of a host in whose rosters there is an item.
// Only where ListsRosters says so is it to be asked.
func (a *API) RosterOwners(ctx context.Context, host string) ([]jid.JID, error) {
	answer, err := a.rosterItems(ctx, host, "%@"+host)
	if err != nil {
		return nil, err
	}
	var owners []jid.JID
	known := make(map[string]struct{})
	for row, err := range answer.rows("user", "contact") {
		if err != nil {
			return nil, err
		}
		name := row["user"] // SQL leaves the host out
		if _, ok := known[name]; ok {
			continue
		}
		known[name] = struct{}{}
		owners = append(owners, kept(name, host))
	}
	return owners, nil
}

// ListsRosters says whether the server can list its rosters in time: with an
// SQL database it does, with Mnesia it scans them all, gives up after 5 s, and
// lets everything else wait meanwhile. So this too can take 5 s, once.
func (a *API) ListsRosters(ctx context.Context, host string) (bool, error) {
	// SQL refuses a user without a host, Mnesia finds none.
	_, err := a.rosterItems(ctx, host, "x")
	refused, ok := errors.AsType[*Error](err)
	if ok && refused.Code != Forbidden {
		return refused.Code == internalError, nil
	}
	return false, err
}

func (a *API) rosterItems(ctx context.Context, host, users string) (answer, error) {
	return a.call(ctx, host, "process_rosteritems",
		arg{"action", "list"}, arg{"subs", "any"}, arg{"asks", "any"}, arg{"users", users}, arg{"contacts", "%"})
}

// kept is a user as the server keeps it, which today's rules need not allow.
func kept(local, host string) jid.JID { return jid.NewUnsafe(local, host, "").JID }
