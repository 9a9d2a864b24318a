package hosts

import (
	"context"
	"errors"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
)

// Visit calls visit once for every user of a host who is found, at most twelve at a time, and
// progress after each, by one goroutine at a time. more lists users who are visited whether or
// not a source of r lists them.
//
// visit reads the user's roster and returns its items, whose contacts are visited too. If it
// fails as rosterpush.Rosters.Peek does for a roster that cannot be shown, Visit goes on, and
// the census names that roster. Any other error ends it. Errors of Visit itself are a
// *BusyError and a *SourceError; a host without rosters is none.
func (r *Rosters) Visit(ctx context.Context, host string, more Source, visitUser func(context.Context, jid.JID) ([]rosterpush.Item, error), progress func(Census)) (Census, error) {
	c, err := r.newSearch([]string{host})
	if err != nil {
		return Census{}, err
	}
	c.sources = append([]Source{more}, r.sources...)
	c.visit = func(ctx context.Context, user jid.JID) (visit, error) {
		items, err := visitUser(ctx, user)
		return unreadVisit(ctx, items, err)
	}
	c.onVisit = func(uint32, visit) error {
		progress(c.census)
		return nil
	}
	err = c.run(ctx)
	if _, inconclusive := errors.AsType[*InconclusiveError](err); inconclusive {
		err = nil
	}
	return c.census, err
}

// unreadVisit returns the visit of a roster that was read with that result. The search goes on
// after a roster that the server refuses to show: an index may list accounts that no server
// can have.
func unreadVisit(ctx context.Context, items []rosterpush.Item, err error) (visit, error) {
	if _, damaged := errors.AsType[*rosterpush.DamagedError](err); damaged {
		// Its contacts lead on to other rosters, although it cannot be shown.
		return visit{items: items, readErr: err}, nil
	}
	_, unreadable := errors.AsType[*rosterpush.UnreadableError](err)
	if (fault.Is(err, fault.Refused) || unreadable) && ctx.Err() == nil {
		return visit{readErr: err}, nil
	}
	if err != nil {
		return visit{}, err
	}
	return visit{items: items}, nil
}
