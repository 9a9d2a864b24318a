package ejabberd

import (
	"context"

	"mellium.im/xmpp/jid"
)

// TakesOneGroup reports whether a host's AddRosterItem writes an item of several groups
// without any group (mod_adhoc_api's default_version). Until an AddRosterItem has found
// that out, it returns false. It does not block.
func (a *API) TakesOneGroup(host string) bool {
	_, ok := a.adhoc.singleGroup.Load(host)
	return ok
}

// AddRosterItem writes an item, with its subscription, into a user's roster. It replaces an
// item of the same contact, but not a pending request. It may drop the groups, see
// TakesOneGroup.
func (a *API) AddRosterItem(ctx context.Context, user, contact jid.JID, nick string, groups []string, subscription string) error {
	return a.callForCode(ctx, user.Domainpart(), "add_rosteritem",
		arg{"localuser", user.Localpart()},
		arg{"localhost", user.Domainpart()},
		arg{"user", contact.Localpart()},
		arg{"host", contact.Domainpart()},
		arg{"nick", nick},
		arg{"groups", groups},
		arg{"subs", subscription},
	)
}

// DeleteRosterItem removes an item from a user's roster, and ends the subscriptions in both
// directions.
func (a *API) DeleteRosterItem(ctx context.Context, user, contact jid.JID) error {
	return a.callForCode(ctx, user.Domainpart(), "delete_rosteritem",
		arg{"localuser", user.Localpart()},
		arg{"localhost", user.Domainpart()},
		arg{"user", contact.Localpart()},
		arg{"host", contact.Domainpart()},
	)
}
