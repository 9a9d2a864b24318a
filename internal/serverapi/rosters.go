package serverapi

import (
	"context"

	"mellium.im/xmpp/jid"
)

// AddRosterItem writes an item, with its subscription, into a user's roster,
// whatever stood there but a pending request.
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
