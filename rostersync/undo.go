package rostersync

import (
	"context"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
	"emanagement/rostersync/plan"
	"emanagement/store"
)

// Undo plans the way back from what a run has changed: the items that are still as it left
// them become as they were before. The limits do not apply to it. Errors are those of Plan,
// store.ErrNoRun, and a *StateError if the run has changed nothing.
func (s *Syncer) Undo(ctx context.Context, run int64, requester string, progress func(Progress)) (r Report, err error) {
	stored, err := s.store.Run(ctx, run)
	if err != nil {
		return Report{}, err
	}
	if state := State(stored.State); state != Applied && state != Partly && state != Applying {
		return Report{}, &StateError{run, state, "undone once it was applied"}
	}
	o := Options{Host: stored.Host, Limits: DefaultLimits(), Undoes: run}
	return s.prepare(ctx, KindUndo, o, requester, func(ctx context.Context, r *Report) error {
		if err := s.settleUnfinished(ctx, o.Host); err != nil {
			return err
		}
		return s.planBack(ctx, run, r, progress)
	})
}

// planBack stores the changes back, user by user.
func (s *Syncer) planBack(ctx context.Context, undone int64, r *Report, progress func(Progress)) error {
	loser, after := "", ""
	var owner jid.JID // of items
	var items []rosterpush.Item
	for looked := 0; ; {
		changes, err := s.store.ChangesAfter(ctx, undone, after, storePart)
		if err != nil || len(changes) == 0 {
			return err
		}
		var back []plan.Change
		for _, c := range changes {
			if c.State == store.Done && c.Action != plan.Record {
				if !c.User.Equal(owner) {
					if items, err = s.readSettled(ctx, c.User); err != nil {
						return err
					}
					owner = c.User
				}
				back = append(back, reversed(c.Change, find(items, c.Contact)))
			}
			after = plan.Key(c.User)
		}
		r.Summary.countChanges(back, &loser)
		if err := s.store.AddChanges(ctx, r.Run, back); err != nil {
			return err
		}
		looked += len(changes)
		progress(Progress{Doing: "items compared", Done: looked})
	}
}

// reversed returns the change back, or a conflict if the item is not as the change left it.
func reversed(c plan.Change, now *rosterpush.Item) plan.Change {
	b := plan.Change{Action: plan.Alter, User: c.User, Contact: c.Contact, Before: c.After, After: c.Before, WasRecorded: c.Record, Record: c.WasRecorded}
	switch {
	case !plan.StateOf(now).Equal(c.After):
		b.Action, b.Reason, b.Record = plan.Leave, "it is no longer as the run left it", c.Record
		b.Before, b.After = plan.StateOf(now), nil
	case b.Before == nil:
		b.Action = plan.Add
	case b.After == nil:
		b.Action, b.Ends = plan.Remove, true
	}
	return b
}
