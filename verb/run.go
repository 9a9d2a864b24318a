package verb

import (
	"context"
	"slices"
	"strings"
	"time"

	"emanagement/audit"
	"emanagement/rosterpush"
	"emanagement/verb/wire"
)

// Request is a request to run a verb.
type Request struct {
	Requester Requester // if it is a JID, a full one
	Front     string    // the front that received the request
	Verb      string
	Values    map[string][]string // the arguments as text, by parameter

	// Confirmed means that the requester knows what the verb destroys. It has the effect
	// of the right value of the parameter confirm.
	Confirmed bool
	// MaxWait is how long the requester waits for a long verb before it continues as a
	// job. Zero means 8 s.
	MaxWait time.Duration
	// OnProgress, if not nil, is called with the progress of a long verb. Such a requester
	// waits until the verb ends and accepts answers of any length. The verb is stopped if
	// Run's context ends. OnProgress is called in another goroutine than Run's, and never
	// after Run has returned.
	OnProgress func(Progress)
}

// Progress is how far a verb is.
type Progress = wire.Progress

// shortLimit limits a verb that is not Long. What it has begun is then undone within 3 s,
// so that no requester waits for more than 10 s.
const shortLimit = 7 * time.Second

// Run runs a verb and blocks until the verb has ended. A verb that is not Long is given up
// after 7 s. A long verb may continue as a job; then the result says so. The error is a
// *wire.Error. A refusal by the verb itself is a Result.
func (n *Namespace) Run(ctx context.Context, q Request) (Result, error) {
	ctx, end, err := n.services.Work.Begin(ctx)
	if err != nil {
		return Result{}, ending(err)
	}
	defer end()
	v, err := n.FindAudited(q)
	if err != nil {
		return Result{}, err
	}
	args, err := v.parse(n.services.OwnDomain, n.services.Spelling, n.services.Limits, q.Values)
	if err != nil {
		return Result{}, err
	}
	if err := n.checkHosts(q.Requester, v, args); err != nil {
		n.recordForbidden(q, v, err)
		return Result{}, err
	}
	origin := n.originOf(q)
	records := n.recordsOf(v, origin)
	c := &call{
		Services: &n.services, Args: args,
		requester: q.Requester, admin: n.isAdminEverywhere(q.Requester), unlimited: q.OnProgress != nil,
		progress: func(Progress) {}, report: new(jobReport),
	}
	if r, confirmed, err := n.checkConfirmation(ctx, v, c, q); !confirmed {
		return r, err
	}
	execute := func(ctx context.Context) (Result, error) {
		began := time.Now()
		if records != nil {
			ctx = audit.With(ctx, records)
		}
		result, err := v.run(rosterpush.WithOrigin(ctx, origin), c)
		result, err = v.outcome(c, result, err)
		if v.Long && err != nil && ctx.Err() != nil {
			err = interrupted(context.Cause(ctx), c.report.last())
		}
		n.record(records, v, q.Values, result, err, time.Since(began))
		return result, err
	}
	if v.Long {
		return n.runAsJob(ctx, v, c, q, execute)
	}
	ctx, cancel := context.WithTimeout(ctx, shortLimit)
	defer cancel()
	return execute(ctx)
}

// checkHosts refuses arguments that name a host outside the requester's grants. That
// includes the host of a contact: the removal of an item changes the contact's roster too.
func (n *Namespace) checkHosts(r Requester, v *Verb, a Args) error {
	hosts := slices.Compact(slices.Sorted(slices.Values(a.hosts)))
	denied := hosts // by the grant that denies the fewest
	for _, g := range n.grantsFor(r, v) {
		uncovered := g.uncovered(hosts)
		if len(uncovered) == 0 {
			return nil
		}
		if len(uncovered) < len(denied) {
			denied = uncovered
		}
	}
	scope := strings.Join(denied, ", ")
	if slices.Contains(denied, All) {
		scope = "every host"
	}
	return forbidden("%s may not run %s on %s", identity(r), v.Name, scope)
}
