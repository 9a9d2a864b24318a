package rostersync

import (
	"context"
	"slices"

	"emanagement/rosterpush"
	"emanagement/rostersync/plan"
)

// Adopt plans to take over the items of a group: from now on they belong to the application,
// as if it had written them. Applied, it changes the ledger and no roster. Errors are those of
// Plan.
func (s *Syncer) Adopt(ctx context.Context, host, group, requester string, progress func(Progress)) (Report, error) {
	return s.planRecords(ctx, KindAdopt, Options{Host: host, Groups: []string{group}}, requester, func(u plan.User) plan.Plan {
		return records(u, func(i rosterpush.Item, e *plan.Entry) (*plan.Entry, bool) {
			state := plan.StateOf(&i)
			state.Groups = []string{group}
			return &plan.Entry{State: *state}, e == nil && slices.Contains(i.Groups, group)
		})
	}, progress)
}

// Forget plans to give up the items of a group: from now on they are their users' own. Applied,
// it changes the ledger and no roster. Errors are those of Plan.
func (s *Syncer) Forget(ctx context.Context, host, group, requester string, progress func(Progress)) (Report, error) {
	return s.planRecords(ctx, KindForget, Options{Host: host, Groups: []string{group}}, requester, func(u plan.User) plan.Plan {
		return records(u, func(i rosterpush.Item, e *plan.Entry) (*plan.Entry, bool) {
			return nil, e != nil && slices.Contains(e.Groups, group)
		})
	}, progress)
}

// planRecords plans changes of the ledger alone.
func (s *Syncer) planRecords(ctx context.Context, kind Kind, o Options, requester string, make func(plan.User) plan.Plan, progress func(Progress)) (Report, error) {
	o.Full = true
	return s.prepare(ctx, kind, o, requester, func(ctx context.Context, r *Report) (err error) {
		r.Summary, err = s.compareAll(ctx, r.Run, o, plan.Rules{}, make, progress)
		return err
	})
}

// records returns the plan that changes the ledger about the items for which record says so.
// An entry without an item goes with an item that has nothing but the contact.
func records(u plan.User, record func(rosterpush.Item, *plan.Entry) (*plan.Entry, bool)) (p plan.Plan) {
	entries := make(map[string]*plan.Entry)
	for n := range u.Ledger {
		entries[plan.Key(u.Ledger[n].Contact)] = &u.Ledger[n].Entry
	}
	note := func(i rosterpush.Item, now *rosterpush.Item) {
		e := entries[plan.Key(i.JID)]
		delete(entries, plan.Key(i.JID))
		if next, changes := record(i, e); changes {
			p.Changes = append(p.Changes, plan.Change{Action: plan.Record, User: u.JID, Contact: i.JID, Before: plan.StateOf(now), After: plan.StateOf(now), WasRecorded: e, Record: next})
		}
	}
	for n := range u.Items {
		note(u.Items[n], &u.Items[n])
	}
	for _, r := range u.Ledger {
		if entries[plan.Key(r.Contact)] != nil {
			note(rosterpush.Item{JID: r.Contact}, nil)
		}
	}
	return p
}
