package verb

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/message"
	"emanagement/presence"
	"emanagement/room"
	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
	"emanagement/verb/jobs"
	"emanagement/verb/work"
)

// Services are what verbs work with.
type Services struct {
	Rosters     *rosterpush.Rosters
	HostRosters *hosts.Rosters // the rosters of whole hosts
	Presences   *presence.Presences
	Messages    *message.Messages
	Rooms       *room.Rooms
	Jobs        *jobs.Jobs
	Work        *work.Work // the runs and jobs under way; nil: an account of the namespace's own

	// Limits bound the arguments. If they are zero, DefaultLimits apply.
	Limits Limits
	// OwnDomain is the component's own domain.
	OwnDomain string
	// Spelling returns a host as its server spells it, given any spelling. It returns an
	// unknown host as it is. It does not block. If it is nil, every host is returned as
	// it is.
	Spelling func(host string) string
	// Hosts lists the hosts that can be managed, sorted. It blocks for a moment if they
	// are not known yet. Its errors are those of the other services.
	Hosts func(ctx context.Context) ([]string, error)
	// OnUnservedHost, if not nil, is called with each host that a request named and that
	// grants no access.
	OnUnservedHost func(host string)
	// Notify sends a requester a message about a job that the requester no longer waits
	// for.
	Notify func(ctx context.Context, to jid.JID, text string) error
}

// Namespace is the table of verbs together with the grants to run them. It may be used
// concurrently.
type Namespace struct {
	services Services
	access   []Grant
	audit    *slog.Logger
	log      *slog.Logger
	verbs    []*Verb // in the table's order
	runs     atomic.Int64
	refusals *refusals

	maxWait        time.Duration // see defaultMaxWait
	reportInterval time.Duration // see defaultReportInterval
}

// New returns the namespace of all verbs. audit receives a record of every write and of
// forbidden requests (refusals), log receives every failure. Flush must be called when no
// request can come any more.
func New(s Services, access []Grant, audit, log *slog.Logger) *Namespace {
	if s.Spelling == nil {
		s.Spelling = func(host string) string { return host }
	}
	if s.Limits == (Limits{}) {
		s.Limits = DefaultLimits()
	}
	if s.Work == nil {
		s.Work = work.New()
	}
	n := &Namespace{
		services: s, access: access, audit: audit, log: log, verbs: Verbs(), refusals: newRefusals(audit),
		maxWait: defaultMaxWait, reportInterval: defaultReportInterval,
	}
	// No run may have the number of a run before the last restart.
	n.runs.Store(time.Now().UnixMicro())
	return n
}

// Visible lists the verbs that a requester may run, in the table's order.
func (n *Namespace) Visible(r Requester) []*Verb {
	var verbs []*Verb
	for _, v := range n.verbs {
		if len(n.grantsFor(r, v)) > 0 {
			verbs = append(verbs, v)
		}
	}
	return verbs
}

// Find returns the verb of that name, in upper or lower case, for a requester. The error
// is a *wire.Error of the kind Unknown or Forbidden. A requester who may run no verb at
// all gets Forbidden also for a verb that does not exist.
func (n *Namespace) Find(r Requester, name string) (*Verb, error) {
	if len(n.grantsWithRole(r, Read)) == 0 {
		return nil, forbidden("%s may not run commands here", identity(r))
	}
	i := slices.IndexFunc(n.verbs, func(v *Verb) bool { return strings.EqualFold(v.Name, name) })
	if i < 0 {
		return nil, unknownVerb(name, n.Visible(r))
	}
	v := n.verbs[i]
	if len(n.grantsFor(r, v)) > 0 {
		return v, nil
	}
	scope := ""
	if v.concernsEveryHost() {
		scope = " on every host"
	}
	return nil, forbidden("%s may not run %s: it takes the role %s%s", identity(r), name, v.Role, scope)
}

// FindAudited is Find for a requester who wants to run the verb. The audit log records an
// error of the kind Forbidden.
func (n *Namespace) FindAudited(q Request) (*Verb, error) {
	v, err := n.Find(q.Requester, q.Verb)
	if err != nil {
		n.recordForbidden(q, nil, err)
	}
	return v, err
}

// Flush writes the refusals that were only counted so far to the audit log.
func (n *Namespace) Flush() { n.refusals.flush() }

// Canonical returns the name of a verb as the table spells it, given a name in upper or
// lower case. known is false if there is no such verb; then the name is returned as it is.
func (n *Namespace) Canonical(name string) (canonical string, known bool) {
	for _, v := range n.verbs {
		if strings.EqualFold(v.Name, name) {
			return v.Name, true
		}
	}
	return name, false
}

// Suggest returns the name of the verb that is most similar to a word, among the verbs
// that the requester may run. It returns "" if none is similar.
func (n *Namespace) Suggest(r Requester, word string) string {
	return unknownVerb(word, n.Visible(r)).Meant
}
