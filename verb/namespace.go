package verb

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/audit"
	"emanagement/message"
	"emanagement/presence"
	"emanagement/room"
	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
	"emanagement/verb/jobs"
	"emanagement/verb/wire"
)

// Services are what verbs work with.
type Services struct {
	Rosters     *rosterpush.Rosters
	HostRosters *hosts.Rosters // the rosters of whole hosts
	Presences   *presence.Presences
	Messages    *message.Messages
	Rooms       *room.Rooms
	Jobs        *jobs.Jobs

	// Own is the component's own domain.
	Own string
	// Spelling returns a host as its server spells it, given any spelling. One that
	// is not known is returned as it is. It does not wait.
	Spelling func(host string) string
	// Hosts lists the hosts that can be managed, sorted, and waits for a moment
	// where they are not known yet. Its error is as those of the services.
	Hosts func(ctx context.Context) ([]string, error)
	// Miss hears of each host that was named and grants no access. It may be nil.
	Miss func(host string)
	// Tell sends somebody a message about a job that nobody waits for any
	// more.
	Tell func(ctx context.Context, to jid.JID, text string) error
}

// Namespace is the table of verbs with those who may run them. It may be used
// by many goroutines at once.
type Namespace struct {
	services Services
	access   []Grant
	audit    *slog.Logger
	log      *slog.Logger
	verbs    []*Verb // in the table's order
	runs     atomic.Int64

	patience time.Duration // of an asker, see defaultPatience
	news     time.Duration // see defaultNews
}

// New returns the namespace of all verbs. Every write, and whatever is
// forbidden, is recorded in audit; every failure in log.
func New(s Services, access []Grant, audit, log *slog.Logger) *Namespace {
	if s.Spelling == nil {
		s.Spelling = func(host string) string { return host }
	}
	n := &Namespace{
		services: s, access: access, audit: audit, log: log, verbs: Verbs(),
		patience: defaultPatience, news: defaultNews,
	}
	// The runs are counted from here on, so that none has the number of one
	// before the last start.
	n.runs.Store(time.Now().UnixMicro())
	return n
}

// Verbs is the whole table.
func Verbs() []*Verb {
	return slices.Concat(rosterVerbs(), domainVerbs(), presenceVerbs(), messageVerbs(), roomVerbs(), jobVerbs())
}

// Visible lists the verbs that an asker may run, in the table's order.
func (n *Namespace) Visible(asker Asker) []*Verb {
	var verbs []*Verb
	for _, v := range n.verbs {
		if len(n.grantsFor(asker, v)) > 0 {
			verbs = append(verbs, v)
		}
	}
	return verbs
}

// Find returns the verb of that name, in upper or lower case, for a requester. The error
// is a *wire.Error of the kind Unknown or Forbidden. A requester who may run no verb at
// all gets Forbidden also for a verb that does not exist.
func (n *Namespace) Find(asker Asker, name string) (*Verb, error) {
	if len(n.grantsOf(asker, Read)) == 0 {
		return nil, forbidden("%s may not run commands here", identity(asker))
	}
	i := slices.IndexFunc(n.verbs, func(v *Verb) bool { return strings.EqualFold(v.Name, name) })
	if i < 0 {
		return nil, unknownVerb(name, n.Visible(asker))
	}
	if v := n.verbs[i]; len(n.grantsFor(asker, v)) > 0 {
		return v, nil
	}
	where := ""
	if n.verbs[i].everywhere() {
		where = " on every host"
	}
	return nil, forbidden("%s may not run %s: it takes the role %s%s", identity(asker), name, n.verbs[i].Role, where)
}

// Spelled returns a verb's name as the table spells it, given one that may
// differ in upper and lower case. Any other name is returned as it is.
func (n *Namespace) Spelled(name string) (spelled string, known bool) {
	for _, v := range n.verbs {
		if strings.EqualFold(v.Name, name) {
			return v.Name, true
		}
	}
	return name, false
}

// Meant is the name of the verb, of those that somebody may run, that is most like a
// word; "" where none is like it.
func (n *Namespace) Meant(asker Asker, word string) string {
	return unknownVerb(word, n.Visible(asker)).Meant
}

// Open looks a verb up for somebody who wants to run it, as Find does. That it
// is forbidden is recorded.
func (n *Namespace) Open(q Request) (*Verb, error) {
	v, err := n.Find(q.Asker, q.Verb)
	if err != nil {
		recordRefusal(n.recordsOf(q), nil, err)
	}
	return v, err
}

// Request is a verb that somebody wants to be run.
type Request struct {
	Asker  Asker  // a JID is full
	Front  string // the way in that it came by
	Verb   string
	Values map[string][]string // the arguments as text, by parameter

	// Confirmed says that the asker knows what a verb destroys: as if the
	// argument confirm repeated what it is aimed at.
	Confirmed bool
	// Patience is how long the asker waits for a verb that can take long; 8 s
	// where it is zero.
	Patience time.Duration
	// Attend, where there is one, hears how far a verb is that can take long.
	// Such an asker waits to the end and takes answers of any length, and the
	// verb is stopped when he leaves: when Run's context ends. It is called in
	// another goroutine than Run's, and not after Run has returned.
	Attend func(Progress)
}

// Progress is how far a verb is.
type Progress = wire.Progress

// Run runs a verb. It waits until the verb is done; one that takes long goes
// on as a job, and the result says so. The error is a *wire.Error. A refusal that the
// verb itself knows is a Result.
func (n *Namespace) Run(ctx context.Context, q Request) (Result, error) {
	v, err := n.Open(q)
	if err != nil {
		return Result{}, err
	}
	args, err := v.parse(n.services.Own, n.services.Spelling, q.Values)
	if err != nil {
		return Result{}, err
	}
	records := n.recordsOf(q)
	if err := n.checkHosts(q.Asker, v, args); err != nil {
		recordRefusal(records, v.loggable(q.Values), err)
		return Result{}, err
	}
	c := &call{
		Services: &n.services, Args: args, asker: q.Asker, admin: n.rules(q.Asker), whole: q.Attend != nil,
		say: func(Progress) {}, reports: new(reports),
	}
	if r, confirmed, err := n.confirmed(ctx, v, c, q); !confirmed {
		return r, err
	}
	carryOut := func(ctx context.Context) (Result, error) {
		began := time.Now()
		result, err := v.run(audit.With(ctx, records), c)
		result, err = v.outcome(c, result, err)
		if v.Long && err != nil && ctx.Err() != nil {
			err = cutShort(context.Cause(ctx), c.reports.last())
		}
		n.report(records, v, q.Values, result, err, time.Since(began))
		return result, err
	}
	if v.Long {
		return n.runAsJob(ctx, v, c, q, carryOut)
	}
	return carryOut(ctx)
}

// checkHosts refuses arguments that name a host beyond what the asker was
// granted: that of a contact too, for removing an item changes the contact's.
func (n *Namespace) checkHosts(asker Asker, v *Verb, a Args) error {
	hosts := slices.Compact(slices.Sorted(slices.Values(a.hosts)))
	beyond := hosts // the fewest that a grant lacks
	for _, g := range n.grantsFor(asker, v) {
		lacks := g.lacks(hosts)
		if len(lacks) == 0 {
			return nil
		}
		if len(lacks) < len(beyond) {
			beyond = lacks
		}
	}
	where := strings.Join(beyond, ", ")
	if slices.Contains(beyond, All) {
		where = "every host"
	}
	return forbidden("%s may not run %s on %s", identity(asker), v.Name, where)
}

// rules says whether somebody may do everything everywhere.
func (n *Namespace) rules(asker Asker) bool {
	return slices.ContainsFunc(n.grantsOf(asker, Admin), func(g Grant) bool { return g.covers(All) })
}

// confirmed refuses a verb that destroys much until the asker has repeated
// what it is to destroy. Where it does not say so, the verb must not run.
func (n *Namespace) confirmed(ctx context.Context, v *Verb, c *call, q Request) (r Result, confirmed bool, err error) {
	if v.stakes == nil || q.Confirmed || c.str("confirm") == c.target() || n.unconfirmed(q.Asker, v, c.hosts) {
		return Result{}, true, nil
	}
	if c.str("confirm") != "" {
		return Result{}, false, BadArgument("confirm", fmt.Sprintf("%q is not %q", c.str("confirm"), c.target()))
	}
	what, err := v.stakes(ctx, c)
	if err != nil {
		r, err = v.outcome(c, Result{}, err)
		return r, false, err
	}
	if what == "" {
		return Result{}, true, nil
	}
	return Result{}, false, &wire.Error{Kind: wire.Confirm, Text: what, Word: c.target()}
}

// unconfirmed says whether an asker was granted to run a verb on these hosts
// without confirmation, and by one grant.
func (n *Namespace) unconfirmed(asker Asker, v *Verb, hosts []string) bool {
	return slices.ContainsFunc(n.grantsFor(asker, v), func(g Grant) bool {
		return slices.Contains(g.Unconfirmed, v.Name) && len(g.lacks(hosts)) == 0
	})
}

// target is what a verb that destroys much is aimed at, and what confirms it.
func (c *call) target() string {
	if d := c.str("domain"); d != "" {
		return d
	}
	return All
}
