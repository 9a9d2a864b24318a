package rosterpush

import (
	"context"

	"mellium.im/xmpp/jid"
)

// Server is what this package needs of a server. Users are bare JIDs. A resource
// of a contact, which a client may have stored, is ignored.
//
// An implementation returns this package's error types where one fits. An error
// that wraps fault.ErrNoAnswer leaves open whether the request was carried out. All
// methods block until the server has answered or the context ends. They may be used
// concurrently.
type Server interface {
	// Roster reads a user's whole roster. The roster of a user whom the server does
	// not know is empty. known is a roster of the user that was read before: if the server
	// says that it still holds, Roster returns it. If known has no version, Roster only asks
	// for the version; if it is nil, not even that.
	Roster(ctx context.Context, user jid.JID, known *Roster) (*Roster, error)
	// MayShare reports whether rosters of a host may show items of shared roster groups:
	// such an item stays when it is written or removed.
	MayShare(ctx context.Context, host string) bool
	// Put writes an item's name, groups and subscription exactly as given. was is
	// the item that stands there, nil if there is none. A pending request may stay.
	// But if was is nil, no request of the contact may stay that the user could not
	// answer any more.
	Put(ctx context.Context, user jid.JID, item Item, was *Item) error
	// Remove removes an item, which stands there as was says. Both subscriptions
	// end (RFC 6121 §2.5): a server that knows the contact changes the contact's
	// item too.
	Remove(ctx context.Context, user jid.JID, was Item) error
	// Spelling returns a host as the server spells it. It accepts any spelling, and
	// returns an unknown host unchanged. It does not block.
	Spelling(host string) string
}
