package rosterpush

import (
	"context"
	"errors"
	"slices"
	"sync"

	"emanagement/fault"

	"golang.org/x/sync/errgroup"
	"mellium.im/xmpp/jid"
)

// concurrentRemovals is the number of items of one roster that are removed at the
// same time: enough to keep the server busy, few enough to leave room for other
// requests.
const concurrentRemovals = 8

// Clear removes every item of a user's roster, one by one, as Remove does. After an
// item that the server refuses to remove it goes on. Any other failure ends it, and
// the items removed until then stay removed. Clear does not lock the contacts: each
// of their rosters has a single item to change, and the server itself changes it.
//
// before, if not nil, is called with all items before the first one is removed. It
// is not called for an empty roster. Clear returns its error, and then removes
// nothing. progress, if not nil, is called after each removal, by one goroutine at a
// time, with the number of removed items and of all items.
//
// removed counts the items that are gone. kept counts the items that the server
// goes on to show, which are those of shared roster groups. Errors: ErrNoRoster if
// there is no item, ErrShared if every item is of a shared roster group, an
// *ItemsError if some could not be removed.
func (r *Rosters) Clear(ctx context.Context, user jid.JID, before func([]Item) error, progress func(removed, all int)) (removed, kept int, err error) {
	user = r.address(user)
	unlock, err := r.locks.lock(ctx, user)
	if err != nil {
		return 0, 0, err
	}
	defer unlock()
	items, err := r.server.Roster(ctx, user)
	if err != nil {
		return 0, 0, err
	}
	if len(items) == 0 {
		return 0, 0, ErrNoRoster
	}
	if before != nil {
		if err := before(items); err != nil {
			return 0, 0, err
		}
	}
	confirmed, err := r.removeEach(ctx, user, items, progress)
	left, leftErr := r.countLeft(ctx, user, items)
	if leftErr != nil {
		return confirmed, 0, errors.Join(err, leftErr)
	}
	removed = len(items) - left
	if err != nil {
		return removed, 0, err
	}
	if removed == 0 {
		return 0, left, ErrShared
	}
	return removed, left, nil
}

// removeEach removes items, and returns how many removals the server confirmed.
// After a failure that is not the refusal of one item it begins no other removal,
// and waits for those under way.
func (r *Rosters) removeEach(ctx context.Context, user jid.JID, items []Item, progress func(removed, all int)) (confirmed int, err error) {
	var (
		group  errgroup.Group
		mu     sync.Mutex
		failed Failures
		broken bool
	)
	record := func(contact jid.JID, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failed = append(failed, Failure{contact, err})
			broken = broken || !fault.Is(err, fault.Refused)
			return
		}
		confirmed++
		if progress != nil {
			progress(confirmed, len(items))
		}
	}
	ended := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return broken || ctx.Err() != nil
	}
	group.SetLimit(concurrentRemovals)
	for _, i := range items {
		group.Go(func() error {
			if !ended() {
				record(i.JID, r.removeItem(ctx, user, i))
			}
			return nil
		})
	}
	_ = group.Wait() // record has the failures
	if len(failed) > 0 {
		slices.SortFunc(failed, func(a, b Failure) int { return compareJIDs(a.JID, b.JID) })
		return confirmed, &ItemsError{Failed: failed}
	}
	return confirmed, context.Cause(ctx)
}

// countLeft returns how many of the removed items the roster still shows. The
// server's answers do not tell: it confirms the removal of items that it shows but
// does not keep. countLeft reads the roster even if the request's own time is over.
// It ignores items that the user has added in the meantime.
func (r *Rosters) countLeft(ctx context.Context, user jid.JID, removed []Item) (n int, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTimeout)
	defer cancel()
	items, err := r.server.Roster(ctx, user)
	shown := make(map[string]bool)
	for _, i := range items {
		shown[i.JID.String()] = true
	}
	for _, i := range removed {
		if shown[i.JID.String()] {
			n++
		}
	}
	return n, err
}
