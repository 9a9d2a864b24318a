package rosterpush

import (
	"context"
	"slices"
	"sync"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
)

// Settled is how something that an earlier request left was settled.
type Settled struct {
	Intent
	Outcome Outcome
	Err     error // why it was given up
}

// Outcome is the outcome of a settlement.
type Outcome string

// The outcomes.
const (
	Stands       Outcome = "all of it stands"
	PutBack      Outcome = "put back as it was"
	Completed    Outcome = "completed"
	WrittenAgain Outcome = "written again, because the server had lost it"
	Left         Outcome = "left, because somebody else has changed it since"
	GivenUp      Outcome = "given up"
)

// concurrentSettlements is the number of users who are settled at the same time.
const concurrentSettlements = 8

// maxSettlePause limits the pause between two attempts to settle.
const maxSettlePause = 10 * time.Second

// Recover makes every request about the users of an intent that was not over wait until
// the intent is settled. The same holds for changes that the server may have lost. It
// must be called before any other method, if the process before this one may have been
// killed.
func (r *Rosters) Recover(ctx context.Context) error {
	open, err := r.journal.Open(ctx)
	if err != nil {
		return err
	}
	for _, i := range open {
		r.backlog.addIntent(i)
	}
	return r.Suspect(ctx)
}

// Suspect makes every request about the users of recent changes wait until these
// changes were looked at: the server may have lost them. It must be called whenever a
// stream broke, before the next one serves requests.
func (r *Rosters) Suspect(ctx context.Context) error {
	r.kept.clear()         // a server that was restarted may use a version for another state
	r.backlog.countBreak() // first: a change that ends from now on is added by end
	kept, err := r.journal.Kept(ctx)
	r.backlog.suspect(kept...)
	return err
}

// Settle settles what earlier requests about users of a host have left, and what later
// ones leave, until the context ends. One call for each host is enough.
func (r *Rosters) Settle(ctx context.Context, host string) {
	for pause := time.Second; ; {
		users, grown := r.backlog.usersAt(host)
		if r.settleAll(ctx, users) {
			pause = time.Second
		} else {
			grown = nil // the pause comes first
		}
		if grown == nil {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return
			}
			pause = min(2*pause, maxSettlePause)
			continue
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return
		}
	}
}

// settleAll settles the backlog of users, several at once, and reports whether it
// succeeded.
func (r *Rosters) settleAll(ctx context.Context, users []jid.JID) bool {
	var (
		working sync.WaitGroup
		mu      sync.Mutex
		failed  bool
	)
	next := make(chan jid.JID)
	for range min(concurrentSettlements, len(users)) {
		working.Go(func() {
			for user := range next {
				if err := r.settle(ctx, user); err != nil {
					mu.Lock()
					failed = true
					mu.Unlock()
				}
			}
		})
	}
	for _, user := range users {
		next <- user
	}
	close(next)
	working.Wait()
	return !failed
}

// lock waits for the locks that a request needs, and settles what earlier requests have left
// of the users whom it concerns. It returns the function that frees the locks.
func (r *Rosters) lock(ctx context.Context, wishes ...lockWish) (unlock func(), err error) {
	var users []jid.JID
	for _, w := range wishes {
		users = append(users, w.users...)
	}
	for {
		unlock, err := r.locks.lock(ctx, wishes...)
		if err != nil || !r.backlog.concerns(users...) {
			return unlock, err
		}
		unlock()
		for _, user := range users {
			if err := r.settle(ctx, user); err != nil {
				return nil, err
			}
		}
	}
}

// settle settles the backlog of a user. An error means that something is left of it.
func (r *Rosters) settle(ctx context.Context, user jid.JID) error {
	for r.backlog.concerns(user) {
		users := []jid.JID{user}
		intent := r.backlog.firstIntent(user)
		if intent != nil {
			users = usersOf(*intent)
		}
		var wishes []lockWish
		for _, u := range users {
			wishes = append(wishes, wholeRoster(u, changingAll))
		}
		unlock, err := r.locks.lock(ctx, wishes...)
		if err != nil {
			return err
		}
		for _, u := range users {
			if err == nil {
				err = r.settleTrails(ctx, u)
			}
		}
		// Another request may have settled it meanwhile.
		if err == nil && intent != nil && r.backlog.firstIntent(user) == intent {
			err = r.settleIntent(ctx, intent)
		}
		unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// settleIntent settles an intent. The caller holds the locks of its users.
func (r *Rosters) settleIntent(ctx context.Context, i *Intent) error {
	ctx = r.asOrigin(ctx, i.Origin)
	s := Settled{Intent: *i}
	var stands []Change
	var err error
	if i.Kind == Removal {
		s.Outcome, stands, err = r.complete(ctx, *i)
	} else {
		s.Outcome, stands, err = r.putBack(ctx, *i)
	}
	if err != nil && !isFinal(err) {
		return err
	}
	if err != nil {
		s.Outcome, s.Err = GivenUp, err
	}
	r.journal.End(i.Number, stands)
	r.backlog.removeIntent(i)
	r.onSettled(ctx, s)
	return nil
}

// isFinal reports whether a failed settlement would fail again. A server that is away,
// and permissions, come back.
func isFinal(err error) bool {
	return slices.Contains([]fault.Code{fault.Refused, fault.Declined, fault.Failed, fault.Invalid, fault.Partial}, fault.Of(err).Code) && !isAway(err)
}

// putBack settles an intent of the kind Write: all of its changes stand, or none.
func (r *Rosters) putBack(ctx context.Context, i Intent) (o Outcome, stands []Change, err error) {
	var found []standing
	for _, c := range i.Changes {
		now, err := r.item(ctx, c.User, c.Contact)
		if err != nil {
			return "", nil, err
		}
		found = append(found, c.standing(now))
	}
	if slices.Contains(found, changedByOthers) {
		return Left, nil, nil
	}
	if !slices.ContainsFunc(found, func(s standing) bool { return s != asAfter }) {
		return Stands, i.Changes, nil
	}
	for n, c := range i.Changes {
		stands = append(stands, c.reversed())
		if found[n] == asBefore {
			continue
		}
		if side := r.restoreSide(ctx, itemChange{user: c.User, contact: c.Contact, was: c.Before}); !side.Restored && side.Err != nil {
			return "", nil, side.Err
		}
	}
	return PutBack, stands, nil
}

// complete settles an intent of the kind Removal: what still stands as before is
// removed.
func (r *Rosters) complete(ctx context.Context, i Intent) (o Outcome, stands []Change, err error) {
	user, left := i.Changes[0].User, 0
	roster, err := r.read(ctx, user)
	if err != nil {
		return "", nil, err
	}
	var remaining []Item
	for _, c := range i.Changes {
		now := r.find(roster, c.Contact)
		switch c.standing(now) {
		case changedByOthers:
			left++
			continue
		case asBefore, between:
			remaining = append(remaining, *now)
		}
		stands = append(stands, c)
	}
	if _, err = r.removeEach(ctx, user, remaining, nil); err != nil {
		return "", nil, err
	}
	if left > 0 {
		return Left, stands, nil
	}
	return Completed, stands, nil
}
