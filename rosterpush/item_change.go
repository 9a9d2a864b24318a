package rosterpush

import (
	"context"
	"fmt"
	"slices"

	"mellium.im/xmpp/jid"
)

// itemChange is the change of one item of a user's roster.
type itemChange struct {
	user    jid.JID
	contact jid.JID // as the item that stands spells it, if there is one
	was     *Item   // nil: there is none
	want    *Item   // nil: there must be none, and the contact's own item stays
}

// over returns the change of the item that stands, or of none.
func (c itemChange) over(was *Item) itemChange {
	c.was = was
	if was != nil {
		c.contact = was.JID.Bare()
	}
	if c.want != nil {
		want := c.want.withJIDOf(was)
		c.want = &want
	}
	return c
}

// change returns the change as the journal keeps it.
func (c itemChange) change() Change {
	return Change{User: c.user, Contact: c.contact, Before: c.was, After: c.want}
}

// isSatisfied reports whether the item already stands as wanted.
func (c itemChange) isSatisfied() bool {
	if c.want == nil || c.was == nil {
		return c.want == nil && c.was == nil
	}
	return c.was.satisfies(*c.want)
}

// leavesRequest reports whether a request remains with an item that has been written: the
// user's own, or one of the contact, which the contact's item tells. theirs is that item, or
// nil if there is none or it cannot be read. None remains if no item stood there before.
func (c itemChange) leavesRequest(theirs *Item) bool {
	if c.want == nil || c.was == nil {
		return false
	}
	if theirs != nil && theirs.Pending && c.want.Subscription.includesFrom() {
		return true
	}
	own := c.was.Pending && c.want.Subscription.includesTo()
	return !c.isSatisfied() && (own || hidesRequest(*c.was, *c.want, theirs))
}

// isShared reports whether the server still shows an item as it was before it was written, or
// with more of its former groups. What a shared roster group says of a contact overrides the
// user's own item. now is the item that the server shows, or nil. A new item is not affected:
// a shared item would have been shown before.
func (c itemChange) isShared(now *Item) bool {
	switch {
	case c.was == nil || now == nil:
		return false
	case c.want == nil: // another spelling of the contact is another item
		return now.JID.Bare().Equal(c.was.JID.Bare())
	}
	more := slices.ContainsFunc(now.Groups, func(g string) bool {
		return !slices.Contains(c.want.Groups, g) && slices.Contains(c.was.Groups, g)
	})
	return more || now.Subscription == c.was.Subscription && now.Subscription != c.want.Subscription
}

// writeChange writes what differs.
func (r *Rosters) writeChange(ctx context.Context, c itemChange) error {
	switch {
	case c.isSatisfied():
		return nil
	case c.want == nil:
		return r.removeOneSided(ctx, c.user, c.was)
	}
	return r.write(ctx, c.user, *c.want, c.was)
}

// checkShown returns, for each change that was written, an error that wraps ErrSharedItem if
// the server still shows the item as it was. It does not look where no item is shared: the
// server's answer proves the write then. If the roster cannot be read, the answer has to do.
func (r *Rosters) checkShown(ctx context.Context, written ...itemChange) []error {
	shared := make([]error, len(written))
	rosters := make(map[string]*Roster) // by user
	for n, c := range written {
		if c.was == nil || !r.server.MayShare(ctx, c.user.Domainpart()) {
			continue
		}
		roster, found := rosters[c.user.String()]
		if !found {
			roster, _ = r.read(ctx, c.user)
			rosters[c.user.String()] = roster
		}
		if c.isShared(r.find(roster, c.was.JID)) {
			shared[n] = fmt.Errorf("%s in the roster of %s: %w", c.was.JID, c.user, ErrSharedItem)
		}
	}
	return shared
}
