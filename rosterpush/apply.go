package rosterpush

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	"mellium.im/xmpp/jid"

	"emanagement/xmpp/address"
)

// Target is how an item of a roster must stand.
type Target struct {
	Contact jid.JID
	// Item is the item, under any JID. Nil means that there must be none; the contact's own
	// item stays as it is.
	Item   *Item
	Fields Fields // for an *InvalidError
}

// Applied is what became of a target.
type Applied struct {
	Changed bool  // something was written
	Err     error // see Rosters.Put; ErrSharedItem also if an item that was removed is still shown
}

// concurrentWrites is the number of items of one roster that are written at the same time.
const concurrentWrites = 8

// Apply makes items of a user's roster exactly as given. It reads the roster once, and writes
// what differs: several items at once, each on its own, so that a target that fails stops no
// other. It reads the roster once more if the server's answers do not prove what was written.
// A contact must not occur twice.
//
// The result has one element for each target. The error is that of the first read, or the
// cause of the context's end, and nothing was written then.
func (r *Rosters) Apply(ctx context.Context, user jid.JID, targets ...Target) ([]Applied, error) {
	user = r.address(user)
	applied := make([]Applied, len(targets))
	changes := make([]*itemChange, len(targets)) // nil: the target is not valid
	wishes := []lockWish{wholeRoster(user, changingItems)}
	for n, t := range targets {
		changes[n], applied[n].Err = r.newItemChange(t)
		if applied[n].Err == nil {
			wishes = append(wishes, bothItems(user, r.address(t.Contact)))
		}
	}
	if len(wishes) == 1 {
		return applied, nil
	}
	unlock, err := r.lock(ctx, []jid.JID{user}, wishes...)
	if err != nil {
		return nil, err
	}
	defer unlock()
	roster, err := r.read(ctx, user)
	if _, unreadable := errors.AsType[*UnreadableError](err); err != nil && !unreadable {
		return nil, err // One of the targets may be what makes an unreadable roster so.
	}
	var different []int
	for n, c := range changes {
		if c == nil {
			continue
		}
		c.was = r.find(roster, c.Contact)
		differs, err := c.compare()
		if applied[n].Err = err; differs {
			different = append(different, n)
		}
	}
	if len(different) == 0 {
		return applied, nil
	}
	if err := r.gather(ctx, user); err != nil {
		return nil, err
	}
	var group errgroup.Group
	group.SetLimit(concurrentWrites)
	for _, n := range different {
		group.Go(func() error {
			applied[n].Changed, applied[n].Err = r.applyItem(ctx, user, changes[n])
			return nil
		})
	}
	_ = group.Wait() // applied has the failures
	if slices.ContainsFunc(applied, func(a Applied) bool { return a.Changed }) {
		r.noteChange(user)
		r.checkApplied(ctx, user, changes, applied)
	}
	return applied, nil
}

// itemChange is a target together with what stood before.
type itemChange struct {
	Target
	want *Item // as it is written; nil: none
	was  *Item // nil: none
}

// newItemChange returns the change for a target. The error is an *InvalidError.
func (r *Rosters) newItemChange(t Target) (*itemChange, error) {
	c := &itemChange{Target: t}
	if t.Item == nil {
		return c, nil
	}
	want := *t.Item
	want.JID = t.Contact
	want = want.normalized()
	if err := want.validate(t.Fields); err != nil {
		return nil, err
	}
	want.JID = r.address(t.Contact)
	c.want = &want
	return c, nil
}

// compare reports whether anything must be written. The error is an *InvalidError.
func (c *itemChange) compare() (differs bool, err error) {
	switch {
	case c.want == nil:
		return c.was != nil, nil
	case c.was != nil:
		*c.want = c.want.withJIDOf(c.was)
		return !c.was.satisfies(*c.want), nil
	}
	// The JID of an item that stands was accepted before. A new one must be a JID that
	// servers accept.
	if _, err := address.ParseNew(c.Contact.String()); err != nil {
		return false, &InvalidError{c.Fields.JID, c.Contact.String(), "is " + err.Error()}
	}
	return true, nil
}

// applyItem writes one item, which differs from what stands.
func (r *Rosters) applyItem(ctx context.Context, user jid.JID, c *itemChange) (changed bool, err error) {
	if c.want == nil {
		return r.applyAbsence(ctx, user, c.was)
	}
	e, err := r.begin(ctx, Write, Change{User: user, Contact: c.want.JID, Before: c.was, After: c.want})
	if err != nil {
		return false, err
	}
	if err := r.write(ctx, user, *c.want, c.was); err != nil {
		r.fail(e, err)
		return true, err
	}
	stays, err := r.requestStays(ctx, user, *c.want, c.was)
	if err == nil && stays {
		err = r.rewrite(ctx, user, *c.want, c.was)
	}
	if err != nil {
		return true, r.undo(ctx, e, err, sideChange{user: user, contact: c.want.JID, was: c.was, want: c.want})
	}
	r.end(e, e.Changes...)
	return true, nil
}

// applyAbsence removes an item, and leaves the contact's own item as it is.
func (r *Rosters) applyAbsence(ctx context.Context, user jid.JID, was *Item) (changed bool, err error) {
	side := sideChange{user: user, contact: was.JID.Bare(), was: was}
	e, err := r.begin(ctx, Write, side.change())
	if err != nil {
		return false, err
	}
	if err := r.removeOneSided(ctx, user, was); err != nil {
		return true, r.undo(ctx, e, err, side)
	}
	r.end(e, e.Changes...)
	return true, nil
}

// checkApplied reads the roster once more, if the host may have shared roster groups, and notes
// the items that the server shows otherwise than they were written.
func (r *Rosters) checkApplied(ctx context.Context, user jid.JID, changes []*itemChange, applied []Applied) {
	var open []int
	for n, a := range applied {
		if a.Changed && a.Err == nil && changes[n].was != nil {
			open = append(open, n)
		}
	}
	if len(open) == 0 || !r.server.MayShare(ctx, user.Domainpart()) {
		return
	}
	roster, err := r.read(ctx, user)
	if err != nil {
		return // The server has confirmed the writes themselves.
	}
	for _, n := range open {
		applied[n].Err = changes[n].shown(user, r.find(roster, changes[n].was.JID))
	}
}

// shown returns an error that wraps ErrSharedItem if the server still shows an item as it was
// before it was written, or with more of its former groups. What a shared roster group says of
// a contact overrides the user's own item. A new item is not affected: a shared item would
// have been shown before.
func (c *itemChange) shown(user jid.JID, now *Item) error {
	shared := fmt.Errorf("%s in the roster of %s: %w", c.was.JID, user, ErrSharedItem)
	switch {
	case now == nil:
		return nil
	case c.want == nil && now.JID.Bare().Equal(c.was.JID.Bare()):
		return shared
	case c.want == nil:
		return nil
	}
	more := slices.ContainsFunc(now.Groups, func(g string) bool {
		return !slices.Contains(c.want.Groups, g) && slices.Contains(c.was.Groups, g)
	})
	if now.Subscription == c.was.Subscription && now.Subscription != c.want.Subscription || more {
		return shared
	}
	return nil
}
