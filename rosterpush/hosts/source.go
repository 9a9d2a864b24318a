package hosts

import (
	"context"

	"mellium.im/xmpp/jid"
)

// Source is one way to learn of users who may have a roster.
type Source struct {
	Name string // for people
	// Users lists users of a host. conclusive says that the source would know of
	// rosters there: if none of these users has a roster, then, as far as can be
	// known, no user of the host has one.
	Users func(ctx context.Context, host string) (users []jid.JID, conclusive bool, err error)
	// Save, if not nil, stores users, so that Users lists them from now on. It is
	// called before the rosters that lead to them are cleared. Such a source may know
	// users whom no other source knows. So an error of its Users ends the search,
	// whereas the search goes on without any other source that fails.
	Save func(ctx context.Context, users []jid.JID) error
}
