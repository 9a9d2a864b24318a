package rostersync

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"emanagement/fault"
	"emanagement/rostersync/plan"
	"emanagement/store"
)

// maxExamples is how many changes of each kind are shown with a plan.
const maxExamples = 10

// Line shows a change to people: + for a new item, ~ for one that changes, - for one that is
// removed, and ! for one that is left alone.
func Line(c store.SyncChange) string {
	text := fmt.Sprintf("%s → %s ", c.User, c.Contact)
	switch {
	case c.Action == plan.Add:
		text = "+ " + text + stateText(c.After)
	case c.Action == plan.Remove:
		text = "- " + text + stateText(c.Before)
	case c.Action == plan.Alter:
		text = "~ " + text + difference(c.Before, c.After)
	default:
		text = "! " + text + stateText(c.Before)
	}
	var remarks []string
	if c.Renamed {
		remarks = append(remarks, "renamed")
	}
	for _, r := range []string{c.Reason, c.Why} {
		if r != "" {
			remarks = append(remarks, r)
		}
	}
	if len(remarks) > 0 {
		text += " (" + strings.Join(remarks, "; ") + ")"
	}
	return text
}

func stateText(s *plan.State) string {
	if s == nil {
		return "no item"
	}
	return fmt.Sprintf("%s %s %s", s.Subscription, strconv.Quote(s.Nick), groupsText(s.Groups))
}

func groupsText(groups []string) string { return "[" + strings.Join(groups, ", ") + "]" }

// difference shows what differs between two states.
func difference(a, b *plan.State) string {
	var parts []string
	if a.Subscription != b.Subscription {
		parts = append(parts, fmt.Sprintf("%s → %s", a.Subscription, b.Subscription))
	}
	if a.Nick != b.Nick {
		parts = append(parts, fmt.Sprintf("%q → %q", a.Nick, b.Nick))
	}
	if from, to := groupsText(a.Groups), groupsText(b.Groups); from != to {
		parts = append(parts, from+" → "+to)
	}
	return strings.Join(parts, ", ")
}

// Examples returns the first changes of a run: at most ten of each kind.
func (s *Syncer) Examples(ctx context.Context, run int64) (examples []store.SyncChange, err error) {
	for phase := store.Additions; phase <= store.Conflicts; phase++ {
		if phase == store.Records {
			continue
		}
		some, err := s.store.Examples(ctx, run, phase, maxExamples)
		if err != nil {
			return nil, err
		}
		examples = append(examples, some...)
	}
	return examples, nil
}

// Remarks says what an administrator must know of a plan besides its verdict.
func (r Report) Remarks(l Limits) (lines []string) {
	s := r.Summary
	if r.Kind == KindPlan || r.Kind == KindCheck {
		lines = append(lines, "Limits: "+l.String())
	}
	if s.Held > 0 && s.Refused == "" {
		lines = append(lines, fmt.Sprintf("Not removed: %s, because %s", counted(s.Held, "item"), s.HeldWhy))
	}
	if s.Refused != "" {
		lines = append(lines, "Refused: "+s.Refused+"; if that is right, plan again with "+s.Flag)
	}
	for _, m := range s.MaybeRenamed {
		lines = append(lines, "Probably renamed: "+m+"; --moved keeps what belongs to a renamed account")
	}
	return lines
}

// LimitsOf returns the limits of a run.
func (s *Syncer) LimitsOf(ctx context.Context, run int64) (Limits, error) {
	stored, err := s.store.Run(ctx, run)
	if err != nil {
		return Limits{}, err
	}
	_, o, err := reportOf(stored)
	return o.Limits, err
}

// Runs returns the runs of a host that are kept, the latest first.
func (s *Syncer) Runs(ctx context.Context, host string) (reports []Report, err error) {
	runs, err := s.store.Runs(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, stored := range runs {
		r, _, err := reportOf(stored)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// Run returns a run of a host. The error wraps store.ErrNoRun if the host has none of that
// number.
func (s *Syncer) Run(ctx context.Context, host string, run int64) (Report, error) {
	stored, err := s.store.Run(ctx, run)
	if err == nil && stored.Host != host {
		err = fmt.Errorf("run %d of %s: %w", run, host, store.ErrNoRun)
	}
	if err != nil {
		return Report{}, err
	}
	r, _, err := reportOf(stored)
	return r, err
}

// Changes calls each with the changes of a run in the order of their users, those of users
// after the given one, until each returns false.
func (s *Syncer) Changes(ctx context.Context, run int64, after string, each func(store.SyncChange) bool) error {
	for {
		changes, err := s.store.ChangesAfter(ctx, run, after, storePart)
		if err != nil || len(changes) == 0 {
			return err
		}
		for _, c := range changes {
			if c.Action != plan.Record && !each(c) {
				return nil
			}
			after = plan.Key(c.User)
		}
	}
}

// String shows how far a run is.
func (p Progress) String() string {
	if p.Total > 0 {
		return fmt.Sprintf("%s of %s %s", number(p.Done), number(p.Total), p.Doing)
	}
	return number(p.Done) + " " + p.Doing
}

// Fault classifies the error as Invalid, of the argument rows.
func (e *InputError) Fault() *fault.Error {
	return &fault.Error{Code: fault.Invalid, Param: "rows", Text: e.Text}
}

// Fault classifies the error as Busy.
func (e *BusyError) Fault() *fault.Error { return &fault.Error{Code: fault.Busy, Text: e.Error()} }

// Fault classifies the error as Declined.
func (e *StateError) Fault() *fault.Error {
	return &fault.Error{Code: fault.Declined, Text: e.Error()}
}

// Fault classifies the error as Declined.
func (e *LimitError) Fault() *fault.Error {
	return &fault.Error{Code: fault.Declined, Text: e.Error()}
}

// Verdict is a plan in one line.
func (r Report) Verdict() string {
	switch r.Kind {
	case KindAdopt:
		return fmt.Sprintf("Plan: %s to take over", counted(r.Summary.Recorded, "item"))
	case KindForget:
		return fmt.Sprintf("Plan: %s to give up", counted(r.Summary.Recorded, "item"))
	}
	return r.Summary.Verdict()
}

// Troubles calls each with every change of a run that was not made.
func (s *Syncer) Troubles(ctx context.Context, run int64, each func(store.SyncChange)) error {
	changes, err := s.store.Troubles(ctx, run)
	for _, c := range changes {
		each(c)
	}
	return err
}
