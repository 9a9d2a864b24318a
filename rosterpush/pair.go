package rosterpush

import (
	"context"

	"golang.org/x/sync/errgroup"
	"mellium.im/xmpp/jid"
)

// Half is one user of a pair, and how the other user appears in this user's roster.
type Half struct {
	User   jid.JID
	Name   string   // the other user's nick in this user's roster
	Groups []string // the other user's groups in this user's roster
	Fields Fields   // for an *InvalidError; its JID names the argument of User
}

// sideChange is the change of one user's item in a pair.
type sideChange struct {
	user, contact jid.JID
	was           *Item // nil: there was none
	want          *Item // nil: there must be none, and the contact's item stays
}

// Bidirectional reports whether each of two users has the other with the
// subscription both.
func (r *Rosters) Bidirectional(ctx context.Context, a, b jid.JID) (bool, error) {
	a, b = r.address(a), r.address(b)
	unlock, err := r.lock(ctx, []jid.JID{a, b}, wholeRoster(a, looking), wholeRoster(b, looking))
	if err != nil {
		return false, err
	}
	defer unlock()
	sides, err := r.readSides(ctx, a, b)
	return bidirectional(sides), err
}

// SetPair puts two users in each other's rosters with the subscription both. A side
// that already stands is not written. If one side fails, SetPair puts both back as
// they were, and a *ChangeError says what stands. changed reports whether anything
// was written. Other errors: an *InvalidError before anything is sent; ErrSharedItem
// if both sides were written and the server shows one of them otherwise.
func (r *Rosters) SetPair(ctx context.Context, a, b Half) (changed bool, err error) {
	if err := r.validatePair(a, b); err != nil {
		return false, err
	}
	return r.changePair(ctx, a.User, b.User, func(sides [2]sideChange) ([2]sideChange, error) {
		sides[0].want = a.item(b.User)
		sides[1].want = b.item(a.User)
		return sides, nil
	})
}

// UnsetPair undoes a pair. The other user's roster loses the user. The user keeps the
// other one with the subscription to, under the name and in the groups given. Errors:
// ErrNotBidirectional if the two do not have each other, else those of SetPair.
func (r *Rosters) UnsetPair(ctx context.Context, user Half, other jid.JID) error {
	if err := r.validatePair(user, Half{User: other, Fields: user.Fields}); err != nil {
		return err
	}
	_, err := r.changePair(ctx, user.User, other, func(sides [2]sideChange) ([2]sideChange, error) {
		if !bidirectional(sides) {
			return sides, ErrNotBidirectional
		}
		sides[0].want = user.item(other)
		sides[0].want.Subscription = To
		sides[1].want = nil
		return sides, nil
	})
	return err
}

// item returns the item of the other user that a pair needs in this user's roster.
func (h Half) item(contact jid.JID) *Item {
	i := Item{JID: contact, Name: h.Name, Groups: h.Groups, Subscription: Both}.normalized()
	return &i
}

func (r *Rosters) validatePair(a, b Half) error {
	if r.address(a.User).Equal(r.address(b.User)) {
		return &InvalidError{b.Fields.JID, r.address(b.User).String(), "is the same user as the other one"}
	}
	if err := a.item(b.User).validate(a.Fields); err != nil {
		return err
	}
	return b.item(a.User).validate(b.Fields)
}

func bidirectional(sides [2]sideChange) bool {
	return sides[0].was != nil && sides[0].was.Subscription == Both &&
		sides[1].was != nil && sides[1].was.Subscription == Both
}

// readSides reads each user's item of the other.
func (r *Rosters) readSides(ctx context.Context, a, b jid.JID) ([2]sideChange, error) {
	sides := [2]sideChange{{user: a, contact: b}, {user: b, contact: a}}
	group, ctx := errgroup.WithContext(ctx)
	for i := range sides {
		s := &sides[i]
		group.Go(func() (err error) {
			if s.was, err = r.item(ctx, s.user, s.contact); s.was != nil {
				s.contact = s.was.JID.Bare()
			}
			return err
		})
	}
	err := group.Wait()
	return sides, err
}

// changePair reads both sides, has plan set what is wanted, and writes what differs.
func (r *Rosters) changePair(ctx context.Context, a, b jid.JID, plan func([2]sideChange) ([2]sideChange, error)) (changed bool, err error) {
	a, b = r.address(a), r.address(b)
	unlock, err := r.lock(ctx, []jid.JID{a, b}, wholeRoster(a, changingItems), wholeRoster(b, changingItems), bothItems(a, b))
	if err != nil {
		return false, err
	}
	defer unlock()
	sides, err := r.readSides(ctx, a, b)
	if err != nil {
		return false, err
	}
	if sides, err = plan(sides); err != nil {
		return false, err
	}
	for i := range sides {
		if s := &sides[i]; s.want != nil {
			*s.want = s.want.withJIDOf(s.was)
		}
	}
	if isPairSatisfied(sides) {
		return false, nil
	}
	defer r.noteChange(a)
	defer r.noteChange(b)
	if err := r.gather(ctx, a, b); err != nil {
		return false, err
	}
	e, err := r.begin(ctx, Write, sides[0].change(), sides[1].change())
	if err != nil {
		return false, err
	}
	if err := r.writeSides(ctx, sides); err != nil {
		return true, r.undo(ctx, e, err, sides[:]...)
	}
	r.end(e, e.Changes...)
	return true, r.checkSidesShown(ctx, sides)
}

// isPairSatisfied reports whether both sides already stand as wanted, and no request
// remains with them.
func isPairSatisfied(sides [2]sideChange) bool {
	for i, s := range sides {
		if !s.isSatisfied() || s.leavesRequest(sides[1-i]) {
			return false
		}
	}
	return true
}

func (s sideChange) change() Change {
	return Change{User: s.user, Contact: s.contact, Before: s.was, After: s.want}
}

// checkSidesShown returns an error that wraps ErrSharedItem if the server shows a
// side otherwise than it was written. writeSides has already checked the removals.
func (r *Rosters) checkSidesShown(ctx context.Context, sides [2]sideChange) error {
	for _, s := range sides {
		if s.want == nil || s.was == nil || !r.server.MayShare(ctx, s.user.Domainpart()) {
			continue
		}
		now, err := r.item(ctx, s.user, s.want.JID)
		if err != nil {
			continue // The server has confirmed the write itself.
		}
		if err := (&itemChange{want: s.want, was: s.was}).shown(s.user, now); err != nil {
			return err
		}
	}
	return nil
}

// writeSides writes what differs on the two sides.
func (r *Rosters) writeSides(ctx context.Context, sides [2]sideChange) error {
	if err := r.writeEach(ctx, sides); err != nil {
		return err
	}
	for _, s := range sides {
		if s.want != nil || s.was == nil {
			continue
		}
		if err := r.checkRemoved(ctx, s.user, s.contact); err != nil {
			return err
		}
	}
	// This comes last, because a request that it ends cannot be put back.
	for i, s := range sides {
		if s.leavesRequest(sides[1-i]) {
			if err := r.rewrite(ctx, s.user, *s.want, s.was); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeEach writes the sides that are not satisfied. Two items are written at once: the
// clients of each user see the one of that user only. An item that is removed is removed
// after the other one was written, so that nobody loses an item if that fails.
func (r *Rosters) writeEach(ctx context.Context, sides [2]sideChange) error {
	if sides[1].want == nil {
		if err := r.writeSide(ctx, sides[0]); err != nil {
			return err
		}
		return r.writeSide(ctx, sides[1])
	}
	var group errgroup.Group // not ended by the first error: both outcomes must be known
	for _, s := range sides {
		group.Go(func() error { return r.writeSide(ctx, s) })
	}
	return group.Wait()
}

// isSatisfied reports whether a side already stands as wanted.
func (s sideChange) isSatisfied() bool {
	if s.want == nil || s.was == nil {
		return s.want == nil && s.was == nil
	}
	return s.was.satisfies(*s.want)
}

// leavesRequest reports whether a request remains with an item that has been
// written: the user's own, or one of the other user, which the other user's item
// tells. None remains if no item stood there before.
func (s sideChange) leavesRequest(other sideChange) bool {
	if s.want == nil || s.was == nil {
		return false
	}
	if other.was != nil && other.was.Pending && s.want.Subscription.includesFrom() {
		return true
	}
	own := s.was.Pending && s.want.Subscription.includesTo()
	return !s.isSatisfied() && (own || hidesRequest(*s.was, *s.want, other.was))
}

func (r *Rosters) writeSide(ctx context.Context, s sideChange) error {
	if s.isSatisfied() {
		return nil
	}
	if s.want == nil {
		return r.removeOneSided(ctx, s.user, s.was)
	}
	return r.write(ctx, s.user, *s.want, s.was)
}
