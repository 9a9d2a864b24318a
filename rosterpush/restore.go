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
func (r *Rosters) undo(ctx context.Context, e entry, why error, sides ...sideChange) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTimeout)
	defer cancel()
	failure := &ChangeError{Err: why}
	for _, s := range sides {
		failure.Sides = append(failure.Sides, r.restoreSide(ctx, s))
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

// fail ends an intent of which the first write failed. Without an answer, the outcome is
// unknown, and the intent is left to be settled.
func (r *Rosters) fail(e entry, err error) {
	if isFinal(err) {
		r.end(e)
		return
	}
	r.leave(e)
}

func (r *Rosters) restoreSide(ctx context.Context, s sideChange) Side {
	side := Side{User: s.user}
	now, err := r.item(ctx, s.user, s.contact)
	if err == nil && !isSameItem(now, s.was) {
		if s.was == nil {
			err = r.removeOneSided(ctx, s.user, now)
		} else {
			err = r.server.Put(ctx, s.user, *s.was, now)
		}
		if err == nil {
			now, err = r.item(ctx, s.user, s.contact)
		}
	}
	side.Now, side.Err = now, err
	side.Restored = err == nil && isSameItem(now, s.was)
	return side
}

func isSameItem(a, b *Item) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.equals(*b)
}
