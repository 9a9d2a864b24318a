package rosterpush

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"emanagement/fault"

	"golang.org/x/sync/errgroup"
	"mellium.im/xmpp/jid"
)

// concurrentItems is the number of items of one roster that are changed at the
// same time: enough to keep the server busy, few enough to leave room for other
// requests.
const concurrentItems = 8

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
	unlock, err := r.lock(ctx, wholeRoster(user, changingAll))
	if err != nil {
		return 0, 0, err
	}
	defer unlock()
	roster, err := r.server.Roster(ctx, user, nil)
	if err != nil {
		return 0, 0, err
	}
	items := roster.Items()
	if len(items) == 0 {
		return 0, 0, ErrNoRoster
	}
	if before != nil {
		if err := before(items); err != nil {
			return 0, 0, err
		}
	}
	e, err := r.begin(ctx, Removal, removals(user, items)...)
	if err != nil {
		return 0, 0, err
	}
	confirmed, err := r.removeEach(ctx, user, items, progress)
	gone, leftErr := r.findGone(ctx, user, e.Changes)
	if leftErr != nil {
		r.leave(e)
		return confirmed, 0, errors.Join(err, leftErr)
	}
	r.end(e, gone...)
	removed = len(gone)
	left := len(items) - removed
	if err != nil {
		return removed, 0, err
	}
	if removed == 0 {
		return 0, left, ErrShared
	}
	return removed, left, nil
}

// removals returns the changes that remove items of a user.
func removals(user jid.JID, items []Item) []Change {
	changes := make([]Change, len(items))
	for i := range items {
		changes[i] = Change{User: user, Contact: items[i].JID.Bare(), Before: &items[i]}
	}
	return changes
}

// removeEach removes items, and returns how many removals the server confirmed.
// After a failure that is not the refusal of one item it begins no other removal,
// and waits for those under way.
func (r *Rosters) removeEach(ctx context.Context, user jid.JID, items []Item, progress func(removed, all int)) (confirmed int, err error) {
	type result struct {
		contact jid.JID
		err     error
	}
	// Room for all: a progress that blocks must not delay the removals.
	results := make(chan result, len(items))
	var broken atomic.Bool
	go func() { // ends before the last result is received below
		defer close(results)
		var group errgroup.Group
		group.SetLimit(concurrentItems)
		for _, i := range items {
			group.Go(func() error {
				if broken.Load() || ctx.Err() != nil {
					return nil
				}
				err := r.removeItem(ctx, user, i)
				if err != nil && !fault.Is(err, fault.Refused) {
					broken.Store(true)
				}
				results <- result{i.JID, err}
				return nil
			})
		}
		_ = group.Wait() // results have the failures
	}()
	var failed Failures
	for one := range results {
		if one.err != nil {
			failed = append(failed, Failure{one.contact, one.err})
			continue
		}
		confirmed++
		if progress != nil {
			progress(confirmed, len(items))
		}
	}
	if len(failed) > 0 {
		slices.SortFunc(failed, func(a, b Failure) int { return compareJIDs(a.JID, b.JID) })
		return confirmed, &ItemsError{Failed: failed}
	}
	return confirmed, context.Cause(ctx)
}

// findGone returns the removals whose item the roster does not show any more. The
// server's answers do not tell: it confirms the removal of items that it shows but does
// not keep. findGone reads the roster even if the request's own time is over.
func (r *Rosters) findGone(ctx context.Context, user jid.JID, removals []Change) (gone []Change, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTimeout)
	defer cancel()
	roster, err := r.server.Roster(ctx, user, nil)
	if err != nil {
		return nil, err
	}
	shown := make(map[string]bool)
	for _, i := range roster.Items() {
		shown[i.JID.String()] = true
	}
	for _, c := range removals {
		if !shown[c.Before.JID.String()] {
			gone = append(gone, c)
		}
	}
	return gone, nil
}
