package rosterpush

import (
	"cmp"
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

// Bidirectional reports whether each of two users has the other with the
// subscription both.
func (r *Rosters) Bidirectional(ctx context.Context, a, b jid.JID) (bool, error) {
	a, b = r.address(a), r.address(b)
	unlock, err := r.lock(ctx, wholeRoster(a, looking), wholeRoster(b, looking))
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
	return r.changePair(ctx, a.User, b.User, func(sides [2]itemChange) ([2]itemChange, error) {
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
	_, err := r.changePair(ctx, user.User, other, func(sides [2]itemChange) ([2]itemChange, error) {
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

func bidirectional(sides [2]itemChange) bool {
	return sides[0].was != nil && sides[0].was.Subscription == Both &&
		sides[1].was != nil && sides[1].was.Subscription == Both
}

// readSides reads each user's item of the other.
func (r *Rosters) readSides(ctx context.Context, a, b jid.JID) ([2]itemChange, error) {
	sides := [2]itemChange{{user: a, contact: b}, {user: b, contact: a}}
	group, ctx := errgroup.WithContext(ctx)
	for i, s := range sides {
		group.Go(func() error {
			was, err := r.item(ctx, s.user, s.contact)
			sides[i] = s.over(was)
			return err
		})
	}
	err := group.Wait()
	return sides, err
}

// changePair reads both sides, has plan set what is wanted, and writes what differs.
func (r *Rosters) changePair(ctx context.Context, a, b jid.JID, plan func([2]itemChange) ([2]itemChange, error)) (changed bool, err error) {
	a, b = r.address(a), r.address(b)
	unlock, err := r.lock(ctx, wholeRoster(a, changingItems), wholeRoster(b, changingItems), bothItems(a, b))
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
	for i, s := range sides {
		sides[i] = s.over(s.was)
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
	shared, err := r.writeSides(ctx, sides)
	if err != nil {
		return true, r.undo(ctx, e, err, sides[:]...)
	}
	r.end(e, e.Changes...)
	return true, shared
}

// isPairSatisfied reports whether both sides already stand as wanted, and no request
// remains with them.
func isPairSatisfied(sides [2]itemChange) bool {
	for i, s := range sides {
		if !s.isSatisfied() || s.leavesRequest(sides[1-i].was) {
			return false
		}
	}
	return true
}

// writeSides writes what differs on the two sides. shared wraps ErrSharedItem if the server
// shows an item otherwise than it was written. For an item that was removed, that is err.
func (r *Rosters) writeSides(ctx context.Context, sides [2]itemChange) (shared, err error) {
	if err := r.writeEach(ctx, sides); err != nil {
		return nil, err
	}
	for i, e := range r.checkShown(ctx, sides[:]...) {
		if e != nil && sides[i].want == nil {
			return nil, e
		}
		shared = cmp.Or(shared, e)
	}
	// This comes last, because a request that it ends cannot be put back.
	for i, s := range sides {
		if s.leavesRequest(sides[1-i].was) {
			if err := r.rewrite(ctx, s.user, *s.want, s.was); err != nil {
				return nil, err
			}
		}
	}
	return shared, nil
}

// writeEach writes the sides that are not satisfied. Two items are written at once: the
// clients of each user see the one of that user only. An item that is removed is removed
// after the other one was written, so that nobody loses an item if that fails.
func (r *Rosters) writeEach(ctx context.Context, sides [2]itemChange) error {
	if sides[1].want == nil {
		if err := r.writeChange(ctx, sides[0]); err != nil {
			return err
		}
		return r.writeChange(ctx, sides[1])
	}
	var group errgroup.Group // not ended by the first error: both outcomes must be known
	for _, s := range sides {
		group.Go(func() error { return r.writeChange(ctx, s) })
	}
	return group.Wait()
}
