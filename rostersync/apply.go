package rostersync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/rostersync/graph"
	"emanagement/rostersync/plan"
	"emanagement/store"
)

const (
	// concurrentUsers is how many users' changes are made at the same time. They leave room in
	// the component's window for other requests.
	concurrentUsers = 6
	// concurrentRosters is how many rosters are changed at the same time for one of them.
	concurrentRosters = 4
)

// StateError refuses what cannot be done with a run in its state.
type StateError struct {
	Run   int64
	State State
	Can   string // what can be done with a run, and when
}

func (e *StateError) Error() string {
	return fmt.Sprintf("run %d is %s; a run can be %s", e.Run, e.State, e.Can)
}

// LimitError refuses a plan that removes more than the limits allow. Nothing was written.
type LimitError struct{ Summary Summary }

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s; nothing was written; if that is right, plan again with %s; to do the rest meanwhile, add --additions-only", e.Summary.Refused, e.Summary.Flag)
}

// Apply makes the changes of a plan: first the additions, then the changes, then the removals.
// An item that is not as planned any more is planned again from what stands, and left alone if
// the plan was saved by somebody. What cannot be written is counted, and the rest is done.
//
// Errors: a *StateError, a *LimitError, store.ErrNoRun, a *BusyError; the server's if it does
// not answer, or the cause of the context's end. After these two the same plan can be applied
// again.
func (s *Syncer) Apply(ctx context.Context, run int64, progress func(Progress)) (r Report, err error) {
	stored, err := s.store.Run(ctx, run)
	if err != nil {
		return Report{}, err
	}
	end, err := s.begin(stored.Host)
	if err != nil {
		return Report{}, err
	}
	defer end()
	r, o, err := reportOf(stored)
	switch {
	case err != nil:
		return r, err
	case r.State != Planned && r.State != Applying && r.State != Partly:
		return r, &StateError{run, r.State, "applied once it is planned"}
	case r.Summary.Refused != "" && !o.AdditionsOnly:
		return r, &LimitError{r.Summary}
	}
	rules, err := s.rules(ctx, o)
	if err != nil {
		return r, err
	}
	if err := s.note(ctx, run, Applying, o); err != nil {
		return r, err
	}
	if err := s.settleUnfinished(ctx, o.Host); err != nil {
		return r, err
	}
	a := &application{Syncer: s, run: run, rules: rules, strict: r.Kind == KindFile || r.Kind == KindUndo, total: r.Summary.Differences() - r.Summary.Held, progress: progress}
	err = a.applyAll(ctx, r, o)
	counts, countErr := s.store.CountChanges(context.WithoutCancel(ctx), run)
	r.Summary.Done, r.Summary.Differs, r.Summary.Failed = counts[store.Done], counts[store.Differs], counts[store.Failed]
	r.State = Applied
	if err != nil || countErr != nil || r.Summary.Failed > 0 || r.Summary.Differs > 0 || counts[store.Writing] > 0 {
		r.State = Partly
	}
	return r, errors.Join(err, countErr, s.endRun(ctx, run, r.State, r.Summary))
}

// reportOf returns a run as a report, with its options.
func reportOf(stored store.Run) (r Report, o Options, err error) {
	r = Report{Run: stored.Number, Host: stored.Host, Kind: Kind(stored.Kind), State: State(stored.State), Began: stored.Began, Ended: stored.Ended, Requester: stored.Requester}
	if err := json.Unmarshal(stored.Summary, &r.Summary); err != nil {
		return r, o, err
	}
	return r, o, json.Unmarshal(stored.Options, &o)
}

// application makes the changes of a plan.
type application struct {
	*Syncer
	run      int64
	rules    plan.Rules
	strict   bool // an item that is not as planned is left alone
	total    int
	progress func(Progress)

	mu   sync.Mutex
	done int // changes that are settled; guarded by mu
}

// applyAll makes the changes of one phase after the other.
func (a *application) applyAll(ctx context.Context, r Report, o Options) error {
	if r.Kind == KindForget {
		if err := a.store.RemoveGroups(ctx, o.Host, o.Groups...); err != nil {
			return err
		}
	} else if err := a.store.AddGroups(ctx, o.Host, o.Groups...); err != nil {
		return err
	}
	phases := []store.Phase{store.Additions, store.Alterations, store.Endings}
	if r.Summary.Held > 0 {
		phases = phases[:2]
	}
	for _, phase := range phases {
		if err := a.applyPhase(ctx, phase); err != nil {
			return err
		}
	}
	if err := a.store.RecordAll(ctx, a.run); err != nil {
		return err
	}
	return a.store.KeepIDs(ctx, a.run)
}

// applyPhase makes the changes of a phase. The users with the most changes come first, each
// together with the other sides: a roster of thousands is read once for all of them.
func (a *application) applyPhase(ctx context.Context, phase store.Phase) error {
	leaders, err := a.store.Leaders(ctx, a.run, phase)
	if err != nil {
		return err
	}
	var users errgroup.Group
	users.SetLimit(concurrentUsers)
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	for _, user := range leaders {
		changes, err := a.store.Take(working, a.run, phase, user)
		if err != nil {
			stop(err)
			break
		}
		users.Go(func() error {
			err := a.applyTogether(working, changes)
			if err != nil {
				stop(err)
			}
			return err
		})
	}
	_ = users.Wait() // the first error is the cause
	if working.Err() != nil {
		return context.Cause(working)
	}
	return nil
}

// applyTogether makes changes that belong together, and stores what became of them. The error
// is one that the other changes would meet too.
func (a *application) applyTogether(ctx context.Context, changes []plan.Change) error {
	byUser := make(map[string][]plan.Change)
	for _, c := range changes {
		byUser[c.User.String()] = append(byUser[c.User.String()], c)
	}
	var mu sync.Mutex
	var settled []store.SyncChange
	var group errgroup.Group
	group.SetLimit(concurrentRosters)
	for _, of := range byUser {
		group.Go(func() error {
			outcomes, err := a.applyRoster(ctx, of)
			mu.Lock()
			defer mu.Unlock()
			settled = append(settled, outcomes...)
			return err
		})
	}
	err := group.Wait()
	if len(settled) > 0 {
		storing, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
		defer cancel()
		err = errors.Join(err, a.store.Settle(storing, a.run, settled))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.done += len(settled)
	a.progress(Progress{Doing: "items written", Done: a.done, Total: a.total})
	return err
}

// applyRoster makes the changes of one roster. A change without an outcome is not part of the
// result: it may have been written or not.
func (a *application) applyRoster(ctx context.Context, changes []plan.Change) ([]store.SyncChange, error) {
	user := changes[0].User
	found := make([]*rosterpush.Item, len(changes))
	targets := make([]rosterpush.Target, len(changes))
	for n, c := range changes {
		targets[n] = target(c, &found[n])
	}
	applied, err := a.rosters.Apply(ctx, user, targets...)
	if err != nil {
		return nil, err
	}
	var settled []store.SyncChange
	for n, c := range changes {
		err := applied[n].Err
		if errors.Is(err, rosterpush.ErrOtherwise) {
			c, err = a.again(ctx, c, found[n])
		}
		outcome, ok := outcomeOf(c, err)
		if !ok {
			return settled, err
		}
		settled = append(settled, outcome)
	}
	return settled, nil
}

// target returns the target of a change, which is left alone if the item is neither as planned
// nor as wanted. found is set to the item that stands.
func target(c plan.Change, found **rosterpush.Item) rosterpush.Target {
	return rosterpush.Target{
		Contact: c.Contact, Item: c.After.Item(c.Contact),
		Fields: rosterpush.Fields{JID: "contact", Name: "nick", Groups: "groups", Subscription: "type"},
		When: func(now *rosterpush.Item) bool {
			*found = now
			state := plan.StateOf(now)
			return state.Equal(c.Before) || state.Equal(c.After)
		},
	}
}

// again plans a change again whose item was not as planned, and makes it.
func (a *application) again(ctx context.Context, c plan.Change, now *rosterpush.Item) (plan.Change, error) {
	if a.strict {
		return c, errChanged
	}
	u := plan.User{JID: c.User}
	if c.WasRecorded != nil {
		u.Ledger = []plan.Recorded{{Contact: c.Contact, Entry: *c.WasRecorded}}
	}
	if now != nil {
		u.Items = []rosterpush.Item{*now}
	}
	if !c.Ends {
		u.Declared = []graph.Declared{{User: c.User, Contact: c.Contact, Subscription: string(c.Record.Subscription), Nick: c.Record.Nick, Groups: c.Record.Groups}}
	}
	p := a.rules.Make(u)
	if len(p.Changes) == 0 { // it stands as it must, or is the user's own now
		return c, nil
	}
	next := p.Changes[0]
	switch next.Action {
	case plan.Leave:
		return c, errChanged
	case plan.Record:
		c.Record = next.Record
		return c, nil
	}
	var found *rosterpush.Item
	applied, err := a.rosters.Apply(ctx, next.User, target(next, &found))
	if err == nil {
		err = applied[0].Err
	}
	if errors.Is(err, rosterpush.ErrOtherwise) {
		err = errChanged
	}
	return next, err
}

// errChanged leaves an item alone.
var errChanged = errors.New("the item has changed since it was planned")

// outcomeOf returns what became of a change. ok is false if that is unknown, or if the run
// cannot go on.
func outcomeOf(c plan.Change, err error) (outcome store.SyncChange, ok bool) {
	outcome = store.SyncChange{Change: c, State: store.Done}
	switch {
	case err == nil:
		return outcome, true
	case errors.Is(err, errChanged):
		outcome.State = store.Differs
	case errors.Is(err, rosterpush.ErrSharedItem):
		outcome.State = store.Differs
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return outcome, false
	default:
		f := fault.Of(err)
		if f.IsAway() || f.Code == fault.NotServed || f.Code == fault.Internal {
			return outcome, false
		}
		outcome.State = store.Failed
	}
	outcome.Why = err.Error()
	return outcome, true
}

// settleUnfinished finds out what became of the changes that an interrupted run was about to
// write, so that the ledger knows them.
func (s *Syncer) settleUnfinished(ctx context.Context, host string) error {
	unfinished, err := s.store.Unfinished(ctx, host)
	if err != nil {
		return err
	}
	for run, changes := range unfinished {
		rosters := make(map[string][]rosterpush.Item) // by user
		for n := range changes {
			c := &changes[n]
			items, read := rosters[c.User.String()]
			if !read {
				if items, err = s.readSettled(ctx, c.User); err != nil {
					return err
				}
				rosters[c.User.String()] = items
			}
			c.State = store.Planned
			if plan.StateOf(find(items, c.Contact)).Equal(c.After) {
				c.State = store.Done
			}
		}
		if err := s.store.Settle(ctx, run, changes); err != nil {
			return err
		}
	}
	return nil
}

// readSettled reads a roster after what was under way for it is settled.
func (s *Syncer) readSettled(ctx context.Context, user jid.JID) ([]rosterpush.Item, error) {
	items, err := s.rosters.Get(ctx, user)
	if _, damaged := errors.AsType[*rosterpush.DamagedError](err); damaged {
		err = nil
	}
	return items, err
}

func find(items []rosterpush.Item, contact jid.JID) *rosterpush.Item {
	for n := range items {
		if plan.Key(items[n].JID) == plan.Key(contact) {
			return &items[n]
		}
	}
	return nil
}
