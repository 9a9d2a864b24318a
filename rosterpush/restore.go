package rosterpush

import (
	"context"
	"time"
)

// restoreTimeout bounds the restoring of items after a failure. It applies in full even
// if the request's own time is over.
const restoreTimeout = 30 * time.Second

// restore puts changed items back as they were, and returns a *ChangeError that says
// what stands. It reads each item first: the server may have carried out a write that
// failed.
func (r *Rosters) restore(ctx context.Context, why error, sides ...sideChange) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTimeout)
	defer cancel()
	failure := &ChangeError{Err: why}
	for _, s := range sides {
		failure.Sides = append(failure.Sides, r.restoreSide(ctx, s))
	}
	return failure
}

func (r *Rosters) restoreSide(ctx context.Context, s sideChange) Side {
	side := Side{User: s.user}
	now, err := r.item(ctx, s.user, s.contact)
	if err == nil && !isSameItem(now, s.was) {
		if s.was == nil {
			err = r.removeOneSided(ctx, s.user, s.contact)
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
