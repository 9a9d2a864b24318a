package hosts

import (
	"context"
	"errors"
	"fmt"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/xmpp/address"
)

// maxFailures is the number of rosters that could not be cleared after which ClearAll
// gives up.
const maxFailures = 100

// Removal is what was removed from all rosters of some hosts.
type Removal struct {
	Census
	Cleared int // rosters that lost an item
	Removed int // items
	Kept    int // items that the server still shows: those of shared roster groups
}

func (r Removal) String() string {
	s := fmt.Sprintf("%s of %s removed", plural(r.Removed, "item"), plural(r.Cleared, "roster"))
	if r.Kept > 0 {
		s += fmt.Sprintf(", %s of shared roster groups left", plural(r.Kept, "item"))
	}
	return s
}

// ClearAll removes every item of every roster of the hosts. It clears each roster as
// rosterpush.Rosters.Clear does, as soon as it finds it, and calls progress after
// each, by one goroutine at a time. After a roster that cannot be cleared it goes on,
// but it gives up after 100 of them. Before it clears a roster, the sources save the
// user and the contacts in it. So another run finds them if this one does not finish.
//
// Errors: a *ClearError if anything was removed before the failure, or if any roster
// could not be cleared; a *BusyError; a *SourceError; an *InconclusiveError, also if
// rosters were found on other hosts.
func (r *Rosters) ClearAll(ctx context.Context, hosts []string, progress func(Removal)) (Removal, error) {
	release, err := r.clearing.begin(hosts)
	if err != nil {
		return Removal{}, err
	}
	defer release()
	c := &crawl{sources: r.sources, hosts: hosts, visit: r.clear, complete: true}
	var removal Removal
	var failed rosterpush.Failures
	c.onVisit = func(user uint32, v visit) error {
		removal.Census = c.census
		removal.Removed += v.removed
		if v.removed > 0 {
			removal.Cleared++
		}
		removal.Kept += v.kept
		if v.clearErr != nil {
			failed = append(failed, rosterpush.Failure{JID: c.users[user], Err: v.clearErr})
		}
		progress(removal)
		if len(failed) == maxFailures {
			return ErrTooManyFailures
		}
		return nil
	}
	err = c.run(ctx)
	removal.Census = c.census
	if len(failed) > 0 || err != nil && removal.Removed > 0 {
		err = &ClearError{Removal: removal, Failed: failed, Err: err}
	}
	return removal, err
}

// clear visits a roster and clears it. A failure is part of the result, unless it
// would be the same for every other roster.
func (r *Rosters) clear(ctx context.Context, user jid.JID) (v visit, err error) {
	v.removed, v.kept, err = r.rosters.Clear(ctx, user, func(items []rosterpush.Item) error {
		v.items = items
		return r.save(ctx, user, items)
	}, nil)
	if errors.Is(err, rosterpush.ErrNoRoster) || errors.Is(err, rosterpush.ErrShared) {
		return v, nil
	}
	_, notServed := errors.AsType[*fault.NotServedError](err)
	_, notSaved := errors.AsType[*SourceError](err)
	if notServed || notSaved || ctx.Err() != nil {
		return v, err
	}
	v.clearErr = err
	return v, nil
}

// save makes the sources save a user and the contacts in the user's roster, which may
// be the only way to them.
func (r *Rosters) save(ctx context.Context, user jid.JID, items []rosterpush.Item) error {
	users := []jid.JID{user}
	for _, i := range items {
		users = append(users, address.Prepare(i.JID.Bare()))
	}
	for _, s := range r.sources {
		if s.Save == nil {
			continue
		}
		if err := s.Save(ctx, users); err != nil {
			return &SourceError{Source: s.Name, Err: err}
		}
	}
	return nil
}
