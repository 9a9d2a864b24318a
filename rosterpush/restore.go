package rosterpush

import (
	"context"
	"slices"
	"time"
)

// restoreTimeout bounds the restoring of items after a failure. It applies in full even
// if the request's own time is over. With a journal, the rest is settled later.
const restoreTimeout = 3 * time.Second

// undo puts the items of an intent back as they were, and returns a *ChangeError that
// says what stands. It reads each item first: the server may have carried out a write
// that failed.
func (r *Rosters) undo(ctx context.Context, e entry, why error, changes ...itemChange) *ChangeError {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTimeout)
	defer cancel()
	failure := &ChangeError{Err: why}
	for _, c := range changes {
		failure.Sides = append(failure.Sides, r.restoreSide(ctx, c))
	}
	if !failure.Undone() && r.journal != nil && isUnsettled(failure) {
		failure.Pending = true
		r.leave(e)
		return failure
	}
	var stands []Change
	for i, c := range e.Changes {
		if failure.Sides[i].Restored {
			stands = append(stands, c.reversed())
		}
	}
	r.end(e, stands...)
	return failure
}

// isUnsettled reports whether another attempt may put back a side that this one did not.
func isUnsettled(e *ChangeError) bool {
	return slices.ContainsFunc(e.Sides, func(s Side) bool { return s.Err != nil && !isFinal(s.Err) })
}

// failed ends the intent of a change whose write failed, and returns the error for the
// requester. Without an answer the outcome is unknown, and the intent is left to be settled. A
// refused write may be one of several that the change takes, so the item is put back.
func (r *Rosters) failed(ctx context.Context, e entry, err error, c itemChange) error {
	if !isFinal(err) {
		r.leave(e)
		return err
	}
	if failure := r.undo(ctx, e, err, c); !failure.Undone() {
		return failure
	}
	return err
}

func (r *Rosters) restoreSide(ctx context.Context, c itemChange) Side {
	side := Side{User: c.user}
	now, err := r.item(ctx, c.user, c.contact)
	if err == nil && !isSameItem(now, c.was) {
		if c.was == nil {
			err = r.removeOneSided(ctx, c.user, now)
		} else {
			err = r.server.Put(ctx, c.user, *c.was, now)
		}
		if err == nil {
			now, err = r.item(ctx, c.user, c.contact)
		}
	}
	side.Now, side.Err = now, err
	side.Restored = err == nil && isSameItem(now, c.was)
	return side
}

func isSameItem(a, b *Item) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.equals(*b)
}
