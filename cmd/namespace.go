package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/rosterpush"
)

// ErrNoSuchVerb is for a name that the table does not have.
var ErrNoSuchVerb = errors.New("no such verb")

// ForbiddenError refuses an asker. Why may be shown.
type ForbiddenError struct{ Why string }

func (e *ForbiddenError) Error() string { return e.Why }

// FailedError is a verb that could not be carried out, or not to its end.
// Text is what the asker may know; Err is for the log.
type FailedError struct {
	Text      string
	Temporary bool // it may work when asked again
	Err       error
}

func (e *FailedError) Error() string { return e.Text + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *FailedError) Unwrap() error { return e.Err }

// Namespace is the table of verbs with those who may run them. It may be used
// by many goroutines at once.
type Namespace struct {
	rosters *rosterpush.Rosters
	access  []Grant
	log     *slog.Logger
	verbs   []*Verb // in the table's order
}

// New returns the namespace of all verbs.
func New(r *rosterpush.Rosters, access []Grant, log *slog.Logger) *Namespace {
	return &Namespace{rosters: r, access: access, log: log, verbs: rosterVerbs()}
}

// Visible lists the verbs that an asker may run, in the table's order.
func (n *Namespace) Visible(asker jid.JID) []*Verb {
	var verbs []*Verb
	for _, v := range n.verbs {
		if len(n.grantsOf(asker, v.Role)) > 0 {
			verbs = append(verbs, v)
		}
	}
	return verbs
}

// Find looks a verb up for an asker. The error is a *ForbiddenError, also for
// a verb that does not exist where the asker may run none at all, or
// ErrNoSuchVerb.
func (n *Namespace) Find(asker jid.JID, name string) (*Verb, error) {
	if len(n.grantsOf(asker, Read)) == 0 {
		return nil, &ForbiddenError{fmt.Sprintf("%s may not run commands here", asker.Bare())}
	}
	i := slices.IndexFunc(n.verbs, func(v *Verb) bool { return v.Name == name })
	if i < 0 {
		return nil, ErrNoSuchVerb
	}
	if v := n.verbs[i]; len(n.grantsOf(asker, v.Role)) > 0 {
		return v, nil
	}
	return nil, &ForbiddenError{fmt.Sprintf("%s may not run %s: it takes the role %s", asker.Bare(), name, n.verbs[i].Role)}
}

// Run runs a verb for an asker with the arguments given as text, by parameter.
// It waits until the verb is done. Errors: those of Find, *ArgError,
// *FailedError. A refusal that the verb itself knows is a Result.
func (n *Namespace) Run(ctx context.Context, asker jid.JID, name string, values map[string][]string) (Result, error) {
	v, err := n.Find(asker, name)
	if err != nil {
		return Result{}, err
	}
	args, err := v.parse(values)
	if err != nil {
		return Result{}, err
	}
	if err := n.checkHosts(asker, v, args); err != nil {
		return Result{}, err
	}
	began := time.Now()
	result, err := v.run(ctx, n.rosters, args)
	result, err = n.outcome(v, args, result, err)
	n.report(asker, v, result, err, time.Since(began))
	return result, err
}

// checkHosts refuses arguments that name a host beyond what the asker was
// granted: that of a contact too, for removing an item changes the contact's.
func (n *Namespace) checkHosts(asker jid.JID, v *Verb, a Args) error {
	var named []string
	for _, p := range v.Params {
		if p.Kind == User || p.Kind == Contact {
			named = append(named, a.jid(p.Name).Domainpart())
		}
	}
	grants := n.grantsOf(asker, v.Role)
	for _, g := range grants {
		if !slices.ContainsFunc(named, func(h string) bool { return !g.covers(h) }) {
			return nil
		}
	}
	return &ForbiddenError{fmt.Sprintf("%s may not run %s on %s", asker.Bare(), v.Name, strings.Join(named, ", "))}
}

// outcome turns what a verb returned into what an asker is told.
func (n *Namespace) outcome(v *Verb, a Args, r Result, err error) (Result, error) {
	if err == nil {
		return r, nil
	}
	if e, ok := errors.AsType[*rosterpush.ChangeError](err); ok {
		if foreign, ok := errors.AsType[*rosterpush.ForeignContactError](e.Err); ok && e.Undone() {
			return refused("%s", foreign.Error()), nil
		}
		return r, &FailedError{Text: fmt.Sprintf("%s (%s)", explain(e.Err), e.Stands()), Temporary: errors.Is(e.Err, rosterpush.ErrNoAnswer), Err: err}
	}
	if e, ok := errors.AsType[*rosterpush.InvalidError](err); ok {
		return r, &ArgError{e.Field, fmt.Sprintf("%q is %s", e.Value, e.Why)}
	}
	if e, ok := errors.AsType[*rosterpush.NotServedError](err); ok {
		for _, p := range v.Params {
			if p.Kind == User && a.jid(p.Name).Domainpart() == e.Host {
				return r, &ArgError{p.Name, e.Error()}
			}
		}
	}
	if e, ok := errors.AsType[*rosterpush.ForeignContactError](err); ok {
		return refused("%s", e.Error()), nil
	}
	return r, &FailedError{Text: explain(err), Temporary: errors.Is(err, rosterpush.ErrNoAnswer), Err: err}
}

// explain says why a verb failed in words that an asker may read.
func explain(err error) string {
	if e, ok := errors.AsType[*rosterpush.NotPermittedError](err); ok {
		return e.Error()
	}
	if e, ok := errors.AsType[*rosterpush.ForeignContactError](err); ok {
		return e.Error()
	}
	if e, ok := errors.AsType[*rosterpush.RefusedError](err); ok {
		return e.Error()
	}
	if errors.Is(err, rosterpush.ErrNoAnswer) {
		return "the server did not answer; whether it did what was asked is unknown, and asking again does no harm"
	}
	if e, ok := errors.AsType[stanza.Error](err); ok {
		return "the server refuses: " + string(e.Condition)
	}
	return "something went wrong here; the log of the component says what"
}

func (n *Namespace) report(asker jid.JID, v *Verb, r Result, err error, took time.Duration) {
	switch {
	case err != nil:
		n.log.Warn("verb failed", "verb", v.Name, "asker", asker, "took", took, "why", err)
	case v.Role > Read:
		n.log.Info("verb", "verb", v.Name, "asker", asker, "took", took, "outcome", r.Outcome())
	default:
		n.log.Debug("verb", "verb", v.Name, "asker", asker, "took", took, "outcome", r.Outcome())
	}
}
