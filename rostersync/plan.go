package rostersync

import (
	"context"
	"fmt"
	"slices"

	"emanagement/rostersync/graph"
	"emanagement/rostersync/plan"
	"emanagement/xmpp/address"
)

// Plan reads the input and the rosters of the host, and stores what must change. It changes no
// roster. requester is who asks. The error is an *InputError if the input cannot be used.
func (s *Syncer) Plan(ctx context.Context, kind Kind, o Options, requester string, in graph.Input, read graph.Options, progress func(Progress)) (Report, error) {
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	return s.prepare(ctx, kind, o, requester, func(ctx context.Context, r *Report) error {
		staged, err := s.stage(ctx, r.Run, o, in, read, progress)
		if err != nil {
			return err
		}
		incomplete, err := o.checkInput(staged)
		if err != nil {
			return err
		}
		if err := s.settleUnfinished(ctx, o.Host); err != nil {
			return err
		}
		rules, err := s.rulesOf(ctx, r.Run, &o)
		if err != nil {
			return err
		}
		r.Summary, err = s.compareAll(ctx, r.Run, o, rules, rules.Make, progress)
		r.Summary.Rows, r.Summary.Incomplete = staged.Rows, incomplete
		r.Summary.hold(o)
		return err
	})
}

// rulesOf returns the rules of a run. The groups that its input names are managed, and become
// part of its options, which are stored: the plan may be applied later.
func (s *Syncer) rulesOf(ctx context.Context, run int64, o *Options) (plan.Rules, error) {
	named, err := s.store.DeclaredGroups(ctx, run)
	if err != nil {
		return plan.Rules{}, err
	}
	o.Groups = slices.Compact(slices.Sorted(slices.Values(append(named, o.Groups...))))
	byID, err := s.store.Moved(ctx, run, o.Host)
	if err != nil {
		return plan.Rules{}, err
	}
	for _, m := range byID {
		o.Renames = append(o.Renames, [2]string{m[0].String(), m[1].String()})
	}
	if err := s.note(ctx, run, Planning, *o); err != nil {
		return plan.Rules{}, err
	}
	return s.rules(ctx, *o)
}

// rules returns the rules that the options of a run make.
func (s *Syncer) rules(ctx context.Context, o Options) (plan.Rules, error) {
	before, err := s.store.Groups(ctx, o.Host)
	if err != nil {
		return plan.Rules{}, err
	}
	rules := plan.Rules{Nicks: o.Nicks, Overwrite: o.Overwrite, OwnAll: o.OwnAll, Managed: make(map[string]bool), Named: make(map[string]bool)}
	for _, g := range o.Groups {
		rules.Managed[g], rules.Named[g] = true, true
	}
	for _, g := range before {
		rules.Managed[g] = true
	}
	for _, m := range o.Renames {
		former, err := address.ParseStored(m[0])
		if err != nil {
			return plan.Rules{}, &InputError{Text: fmt.Sprintf("renames: %q is %v", m[0], err)}
		}
		now, err := address.ParseStored(m[1])
		if err != nil {
			return plan.Rules{}, &InputError{Text: fmt.Sprintf("renames: %q is %v", m[1], err)}
		}
		if !rules.Renames.Add(former, now) {
			return plan.Rules{}, &InputError{Text: fmt.Sprintf("renames: %s and %s contradict another rename", former, now)}
		}
	}
	return rules, nil
}
