package rosterpush

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
	"mellium.im/xmpp/jid"
)

// Half is one user of a pair, and how the other one appears in this one's
// roster.
type Half struct {
	User   jid.JID
	Name   string   // the other's nick in this user's roster
	Groups []string // the other's groups in this user's roster
	Fields Fields   // for errors: JID names the argument User came in
}

// restoreTimeout bounds putting a pair back after a failure. It is given even
// where the request's own time is over.
const restoreTimeout = 30 * time.Second

// change is one side of a pair that is to be changed.
type change struct {
	user, contact jid.JID
	was           *Item // nil: there was none
	want          *Item // nil: there shall be none, and the contact's item stays
}

// Bidirectional says whether each has the other with the subscription both.
func (r *Rosters) Bidirectional(ctx context.Context, a, b jid.JID) (bool, error) {
	a, b = r.address(a), r.address(b)
	unlock, err := r.locks.lock(ctx, a, b)
	if err != nil {
		return false, err
	}
	defer unlock()
	sides, err := r.sides(ctx, a, b)
	return bidirectional(sides), err
}

// SetPair puts two users in each other's rosters with the subscription both.
// A side that already stands is not written. If one side fails, both are put
// back as they were and a *ChangeError says what stands. ErrSharedItem says that both
// were written, and that the server shows one otherwise.
func (r *Rosters) SetPair(ctx context.Context, a, b Half) (changed bool, err error) {
	if err := r.checkPair(a, b); err != nil {
		return false, err
	}
	return r.pair(ctx, a.User, b.User, func(sides [2]change) ([2]change, error) {
		sides[0].want = a.item(b.User)
		sides[1].want = b.item(a.User)
		return sides, nil
	})
}

// UnsetPair undoes a pair: the other one loses the user, and the user keeps
// the other one with the subscription to, under the name and groups given.
// ErrNotBidirectional where they do not have each other. A failure is handled
// as SetPair does.
func (r *Rosters) UnsetPair(ctx context.Context, user Half, other jid.JID) error {
	if err := r.checkPair(user, Half{User: other, Fields: user.Fields}); err != nil {
		return err
	}
	_, err := r.pair(ctx, user.User, other, func(sides [2]change) ([2]change, error) {
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

func (h Half) item(contact jid.JID) *Item {
	i := Item{JID: contact, Name: h.Name, Groups: h.Groups, Subscription: Both}.clean()
	return &i
}

func (r *Rosters) checkPair(a, b Half) error {
	if r.address(a.User).Equal(r.address(b.User)) {
		return &InvalidError{b.Fields.JID, r.address(b.User).String(), "is the same user as the other one"}
	}
	if err := a.item(b.User).check(a.Fields); err != nil {
		return err
	}
	return b.item(a.User).check(b.Fields)
}

func bidirectional(sides [2]change) bool {
	return sides[0].was != nil && sides[0].was.Subscription == Both &&
		sides[1].was != nil && sides[1].was.Subscription == Both
}

// sides reads what each has of the other.
func (r *Rosters) sides(ctx context.Context, a, b jid.JID) ([2]change, error) {
	sides := [2]change{{user: a, contact: b}, {user: b, contact: a}}
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

// pair reads both sides, has plan say what they shall be, and writes what
// differs.
func (r *Rosters) pair(ctx context.Context, a, b jid.JID, plan func([2]change) ([2]change, error)) (changed bool, err error) {
	a, b = r.address(a), r.address(b)
	unlock, err := r.locks.lock(ctx, a, b)
	if err != nil {
		return false, err
	}
	defer unlock()
	sides, err := r.sides(ctx, a, b)
	if err != nil {
		return false, err
	}
	if sides, err = plan(sides); err != nil {
		return false, err
	}
	for i := range sides {
		if s := &sides[i]; s.want != nil {
			*s.want = s.want.over(s.was)
		}
	}
	changed, err = r.change(ctx, sides)
	if err != nil {
		return changed, r.restore(ctx, err, sides[:]...)
	}
	if !changed {
		return false, nil
	}
	return true, r.shown(ctx, sides)
}

// shown wraps ErrSharedItem where the server shows a side otherwise that was
// written. One that was taken out has been looked at.
func (r *Rosters) shown(ctx context.Context, sides [2]change) error {
	for _, s := range sides {
		if s.want == nil {
			continue
		}
		if err := r.shownAs(ctx, s.user, *s.want, s.was); err != nil {
			return err
		}
	}
	return nil
}

// change writes what differs on two sides.
func (r *Rosters) change(ctx context.Context, sides [2]change) (changed bool, err error) {
	for _, s := range sides {
		if s.stands() {
			continue
		}
		changed = true
		if err := r.apply(ctx, s); err != nil {
			return true, err
		}
	}
	for _, s := range sides {
		if s.want != nil || s.was == nil {
			continue
		}
		if err := r.gone(ctx, s.user, s.contact); err != nil {
			return true, err
		}
	}
	// Only now, for a request that this ends cannot be put back.
	for i, s := range sides {
		if s.leaves(sides[1-i]) {
			changed = true
			if err := r.anew(ctx, s.user, *s.want, s.was); err != nil {
				return true, err
			}
		}
	}
	return changed, nil
}

func (s change) stands() bool {
	if s.want == nil || s.was == nil {
		return s.want == nil && s.was == nil
	}
	return s.was.settles(*s.want)
}

// leaves says whether a request remains with an item that has been written:
// one of the user's own, or one that the other has made, which the other's item
// tells. Over nothing, none remains.
func (s change) leaves(other change) bool {
	if s.want == nil || s.was == nil {
		return false
	}
	if other.was != nil && other.was.Pending && s.want.Subscription.includesFrom() {
		return true
	}
	own := s.was.Pending && s.want.Subscription.includesTo()
	return !s.stands() && (own || hides(*s.was, *s.want, other.was))
}

func (r *Rosters) apply(ctx context.Context, s change) error {
	if s.want == nil {
		return r.takeOut(ctx, s.user, s.contact)
	}
	return r.put(ctx, s.user, *s.want, s.was)
}

// restore puts what was changed back as it was and says what stands. It looks
// at each first: of a failed write nobody knows whether it was carried out.
func (r *Rosters) restore(ctx context.Context, why error, sides ...change) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTimeout)
	defer cancel()
	failure := &ChangeError{Err: why}
	for _, s := range sides {
		failure.Sides = append(failure.Sides, r.restoreSide(ctx, s))
	}
	return failure
}

func (r *Rosters) restoreSide(ctx context.Context, s change) Side {
	side := Side{User: s.user}
	now, err := r.item(ctx, s.user, s.contact)
	if err == nil && !equal(now, s.was) {
		if s.was == nil {
			err = r.takeOut(ctx, s.user, s.contact)
		} else {
			err = r.server.Put(ctx, s.user, *s.was, now)
		}
		if err == nil {
			now, err = r.item(ctx, s.user, s.contact)
		}
	}
	side.Now, side.Err = now, err
	side.Restored = err == nil && equal(now, s.was)
	return side
}

func equal(a, b *Item) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.same(*b)
}
