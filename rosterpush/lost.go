package rosterpush

import (
	"context"
	"slices"

	"mellium.im/xmpp/jid"
)

// A server that is killed can lose changes that it has confirmed: ejabberd on Mnesia
// loses those of the last seconds. The journal keeps confirmed changes for a while. After
// a stream broke, the items are read again.

// settleTrails reads a user's roster and writes again what the server has lost. The
// caller holds the user's lock.
func (r *Rosters) settleTrails(ctx context.Context, user jid.JID) error {
	trails := r.backlog.trailsOf(user)
	if len(trails) == 0 {
		return nil
	}
	roster, err := r.read(ctx, user)
	if err != nil && !isFinal(err) {
		return err
	}
	for _, t := range trails {
		last := t[len(t)-1]
		s := Settled{Intent: last.intent, Outcome: Stands}
		s.Changes = []Change{last.Change}
		if err != nil {
			s.Outcome, s.Err = GivenUp, err
		} else if s.Outcome, s.Err = r.settleTrail(ctx, t, r.find(roster, last.Contact)); s.Err != nil && !isFinal(s.Err) {
			return s.Err
		}
		r.backlog.removeTrail(t)
		if s.Outcome != Stands {
			r.onSettled(r.asOrigin(ctx, s.Origin), s)
		}
	}
	return nil
}

// settleTrail writes the last state of a trail again if an earlier one stands.
func (r *Rosters) settleTrail(ctx context.Context, t trail, now *Item) (Outcome, error) {
	last := t[len(t)-1]
	isEarlier := func(s step) bool {
		return isSameItem(now, s.Before) || s.isHalfRemoved(now) || s.intent.Number != last.intent.Number && s.achievedBy(now)
	}
	switch {
	case last.achievedBy(now):
		return Stands, nil
	case !slices.ContainsFunc(t, isEarlier):
		return Left, nil
	}
	if err := r.writeAgain(r.asOrigin(ctx, last.intent.Origin), last, now); err != nil {
		return GivenUp, err
	}
	return WrittenAgain, nil
}

// isHalfRemoved reports whether the item is as removeOneSided leaves it before its last
// write.
func (s step) isHalfRemoved(now *Item) bool {
	if s.intent.Kind != Write || s.Before == nil || s.After != nil {
		return false
	}
	half := *s.Before
	half.Subscription = None
	return isSameItem(now, &half)
}

func (r *Rosters) writeAgain(ctx context.Context, s step, now *Item) error {
	switch {
	case s.After != nil:
		return r.write(ctx, s.User, *s.After, now)
	case s.intent.Kind == Removal:
		return r.removeItem(ctx, s.User, *now)
	}
	return r.removeOneSided(ctx, s.User, now)
}
