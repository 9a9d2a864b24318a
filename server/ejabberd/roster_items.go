package ejabberd

import (
	"context"

	"mellium.im/xmpp/jid"
)

// TakesOneGroup says whether AddRosterItem has been found to write an item of
// several groups without any (mod_adhoc_api's default_version).
func (a *API) TakesOneGroup(host string) bool {
	_, one := a.adhoc.oneGroup.Load(host)
	return one
}

// AddRosterItem writes an item, with its subscription, into a user's roster,
// whatever stood there but a pending request. The groups: see TakesOneGroup.
func (a *API) AddRosterItem(ctx context.Context, user, contact jid.JID, nick string, groups []string, subscription string) error {
	return a.do(ctx, user.Domainpart(), "add_rosteritem",
		arg{"localuser", user.Localpart()},
		arg{"localhost", user.Domainpart()},
		arg{"user", contact.Localpart()},
		arg{"host", contact.Domainpart()},
		arg{"nick", nick},
		arg{"groups", groups},
		arg{"subs", subscription},
	)
}

// DeleteRosterItem removes an item from a user's roster, with both
// subscriptions.
func (a *API) DeleteRosterItem(ctx context.Context, user, contact jid.JID) error {
	return a.do(ctx, user.Domainpart(), "delete_rosteritem",
		arg{"localuser", user.Localpart()},
		arg{"localhost", user.Domainpart()},
		arg{"user", contact.Localpart()},
		arg{"host", contact.Domainpart()},
	)
}
