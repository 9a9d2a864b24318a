package verb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/xmpp/address"
)

const (
	// defaultLimit is how much a list shows where its argument limit is left
	// out.
	defaultLimit = 1000
	// maxAnswer bounds a list's text, in bytes.
	maxAnswer = 1 << 20
	// countTime is how long an asker is kept waiting for the count of what
	// would be removed.
	countTime = 2 * time.Second
	// maxNamed is how many failures are told one by one; the log has them all.
	maxNamed = 10
)

// More is said of a list that a limit has cut, and GoOn how it goes on after a
// JID. A front that has another way to go on says that instead.
const More = "there are more"

// GoOn is described at More.
func GoOn(after string) string { return ": go on with from = " + after }

// rule is what emanagement drew around a roster.
var rule = strings.Repeat("-", 37)

// domainVerbs is the part of the table about the rosters of whole hosts.
func domainVerbs() []*Verb {
	domain := Param{Name: "domain", Label: "Host, or all", Kind: Domain, Required: true}
	confirm := Param{Name: "confirm", Label: "Confirm: the host again, or all", Kind: Confirm, Extra: true}
	from := Param{Name: "from", Label: "Go on after this JID", Kind: After, Extra: true}
	limit := Param{Name: "limit", Label: fmt.Sprintf("Show no more than this (%d where left out)", defaultLimit), Kind: Number, Extra: true, Example: "100"}
	const removing = "Each item is removed as removeBuddyFromRoster does it. Unless that is confirmed, nothing is removed and the number of items is told."
	const paging = "Sorted. Where the limit cuts the list, the title says from where to go on."
	return []*Verb{
		{
			Name:    "removeAllRostersByDomain",
			Title:   "Empty host's rosters",
			Summary: "remove every contact from every roster of a host",
			Help:    removing,
			Role:    Admin,
			Long:    true,
			Params:  []Param{domain, confirm},
			run:     removeAllRosters,
			stakes:  countRosters,
		},
		{
			Name:    "removeAllRosters",
			Title:   "Empty all rosters",
			Summary: "remove every contact from every roster",
			Help:    removing,
			Role:    Admin,
			Long:    true,
			Params:  []Param{confirm},
			run:     removeAllRosters,
			stakes:  countRosters,
		},
		{
			Name:    "getAllUserJidsWithRosterByDomain",
			Title:   "Who has a roster",
			Summary: "show who on a host has a roster",
			Help:    "One JID a line. " + paging,
			Role:    Read,
			Long:    true,
			Params:  []Param{domain, from, limit},
			run:     getAllUserJidsWithRoster,
		},
		{
			Name:    "printAllRostersByDomain",
			Title:   "Show host's rosters",
			Summary: "show every roster of a host",
			Help:    "As getRoster shows it, between rules. " + paging,
			Role:    Read,
			Long:    true,
			Params:  []Param{domain, from, limit},
			run:     printAllRosters,
		},
		{
			Name:    "printAllRosters",
			Title:   "Show all rosters",
			Summary: "show every roster",
			Help:    "As getRoster shows it, between rules. " + paging,
			Role:    Read,
			Long:    true,
			Params:  []Param{from, limit},
			run:     printAllRosters,
		},
		{
			Name:    "printAllBidirecctionalBuddysByDomain",
			Title:   "Show host's pairs",
			Summary: "show every two users of a host who have each other",
			Help:    "One pair a line: [a@host,b@host]. Both users are of the host. The pairs of one user stay together. " + paging,
			Role:    Read,
			Long:    true,
			Params:  []Param{domain, from, limit},
			run:     printAllBidirecctionalBuddys,
		},
	}
}

// countRosters says what removeAllRosters would remove. It counts no longer
// than an asker is likely to wait.
func countRosters(ctx context.Context, c *call) (string, error) {
	counting, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	hosts, err := c.domains(ctx)
	if err != nil {
		return "", err
	}
	// To wait for a host that is none would take all of the time, and count nothing.
	if served, err := c.Hosts(ctx); err == nil && c.target() != All && !address.HasHost(served, c.target()) {
		return "", &fault.NotServedError{Host: c.target(), Served: served}
	}
	census, err := c.Rosters.Count(counting, hosts)
	least := ""
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		least, err = "at least ", nil
	}
	if err == nil && least == "" && census.Items == 0 && census.Unread == 0 && len(census.Blind) == 0 {
		return "", nil
	}
	where := "on " + c.target()
	if c.target() == All {
		where = "on every host"
	}
	return fmt.Sprintf("this removes %s%s of %s %s", least, count(census.Items, "item"), count(census.Rosters, "roster"), where), err
}

func removeAllRosters(ctx context.Context, c *call) (Result, error) {
	hosts, err := c.domains(ctx)
	if err != nil {
		return Result{}, err
	}
	removal, err := c.Rosters.ClearAll(ctx, hosts, func(r rosterpush.Removal) {
		c.say(Progress{Text: fmt.Sprintf("%s looked at, %s", count(r.Looked, "roster"), r), Done: r.Looked, Total: r.Met})
	})
	return Result{remarks: []string{removal.String(), restsOn(removal.Census)}}, err
}

func getAllUserJidsWithRoster(ctx context.Context, c *call) (Result, error) {
	owners, census, err := c.owners(ctx)
	if err != nil {
		return Result{}, err
	}
	list := c.newList("user")
	for _, o := range c.after(owners) {
		if !list.add(o, o.String(), oneLine(o.String())) {
			break
		}
	}
	return list.result(census), nil
}

func printAllRosters(ctx context.Context, c *call) (Result, error) {
	owners, census, err := c.owners(ctx)
	if err != nil {
		return Result{}, err
	}
	list := c.newList("roster")
	rest := c.after(owners)
	for i, o := range rest {
		c.say(Progress{Text: fmt.Sprintf("%d of %s read", i, count(len(rest), "roster")), Done: i, Total: len(rest)})
		items, err := c.Rosters.Get(ctx, o)
		unshown := isUnshown(err)
		if err != nil && !unshown {
			return Result{}, err
		}
		if len(items) == 0 && !unshown {
			continue // removed in the meantime
		}
		roster := rosterTable(items)
		entry := ownedRoster{User: o.String(), Items: roster.items}
		if unshown {
			entry, roster.lines = ownedRoster{User: o.String(), Items: []any{}, Error: err.Error()}, []string{oneLine(err.Error())}
		}
		head := []string{rule, oneLine(o.Localpart()) + " Roster", rule}
		if !list.add(o, entry, append(append(head, roster.lines...), rule)...) {
			break
		}
	}
	return list.done(census), nil
}

// isUnshown says whether a roster is there but cannot be shown.
func isUnshown(err error) bool {
	_, damaged := errors.AsType[*rosterpush.DamagedError](err)
	_, unreadable := errors.AsType[*rosterpush.UnreadableError](err)
	return damaged || unreadable
}

func printAllBidirecctionalBuddys(ctx context.Context, c *call) (Result, error) {
	hosts, err := c.domains(ctx)
	if err != nil {
		return Result{}, err
	}
	pairs, census, err := c.Rosters.Pairs(ctx, hosts, c.looked)
	if err != nil {
		return Result{}, err
	}
	from := c.jid("from").String()
	list := c.newList("pair")
	for _, p := range pairs {
		if p.A.String() > from && !list.add(p.A, pair{p.A.String(), p.B.String()}, oneLine(fmt.Sprintf("[%s,%s]", p.A, p.B))) {
			break
		}
	}
	return list.done(census), nil
}

// owners finds who on the hosts that a call means has a roster.
func (c *call) owners(ctx context.Context) ([]jid.JID, rosterpush.Census, error) {
	hosts, err := c.domains(ctx)
	if err != nil {
		return nil, rosterpush.Census{}, err
	}
	return c.Rosters.Owners(ctx, hosts, c.looked)
}

// looked says how far a search for rosters is.
func (c *call) looked(s rosterpush.Census) {
	c.say(Progress{Text: fmt.Sprintf("%s looked at, %s found", count(s.Looked, "user"), count(s.Rosters, "roster")), Done: s.Looked, Total: s.Met})
}

// after leaves out of sorted users those up to the argument from.
func (c *call) after(users []jid.JID) []jid.JID {
	from := c.jid("from").String()
	i := slices.IndexFunc(users, func(u jid.JID) bool { return u.String() > from })
	if i < 0 {
		return nil
	}
	return users[i:]
}

// list is an answer that grows until it is long enough.
type list struct {
	what  string
	limit int
	most  int // bytes
	items []any
	lines []string
	size  int
	last  jid.JID // whose entry was added last
	cut   bool
}

// newList is an empty list. Where the asker takes one of any length, only the
// argument limit cuts it.
func (c *call) newList(what string) *list {
	l := &list{what: what, limit: defaultLimit, most: maxAnswer}
	if c.whole {
		l.limit, l.most = math.MaxInt, math.MaxInt
	}
	if limit, given := c.num("limit"); given {
		l.limit = limit
	}
	return l
}

// pair is two who have each other, in JSON.
type pair [2]string

// ownedRoster is a roster of a list in JSON.
type ownedRoster struct {
	User  string `json:"user"`
	Items []any  `json:"items"`
	Error string `json:"error,omitempty"` // why it cannot be shown
}

// add adds a user's entry, unless the list is long enough and what was added
// last is another user's: a list goes on after a user.
func (l *list) add(user jid.JID, item any, lines ...string) bool {
	if (len(l.items) >= l.limit || l.size >= l.most) && !user.Equal(l.last) {
		l.cut = true
		return false
	}
	for _, line := range lines {
		l.size += len(line)
	}
	l.items = append(l.items, item)
	l.lines = append(l.lines, lines...)
	l.last = user
	return true
}

// result is the list as an answer. Its outcome says whether it goes on, and
// what it rests on.
func (l *list) result(census rosterpush.Census) Result {
	r := Result{shape: table, what: l.what, items: l.items, lines: l.lines}
	if l.cut {
		r.next = l.last.String()
		r.remarks = []string{l.rest()}
	}
	r.remarks = append(r.remarks, restsOn(census))
	return r
}

// done is the list as those verbs print it that say Done at the end.
func (l *list) done(census rosterpush.Census) Result {
	end := "Done"
	if l.cut {
		end = l.rest()
	}
	r := l.result(census)
	r.lines = append(r.lines, end)
	return r
}

func (l *list) rest() string { return More + GoOn(l.last.String()) }

func restsOn(c rosterpush.Census) string { return "found by " + c.String() }

// explainNobody says what can be done where nobody was found.
func explainNobody(e *rosterpush.NobodyError) string {
	return e.Error() + "; where the server knows rosters that this component has never seen, import their users (emanagement users import)"
}

// explainClear says what was removed and what was not.
func (v *Verb) explainClear(e *rosterpush.ClearError) string {
	parts := []string{e.Removal.String()}
	unserved, gone := errors.AsType[*fault.NotServedError](e.Err)
	switch {
	case gone:
		parts = append(parts, unserved.Error())
	case errors.Is(e.Err, rosterpush.ErrTooManyFailures):
		parts = append(parts, e.Err.Error())
	case e.Err != nil:
		parts = append(parts, v.explain(e.Err))
	}
	return strings.Join(append(parts, named(e.Failed, v.Once)...), "; ")
}

// named tells failures one by one, as many as can be read.
func named(failed []rosterpush.Failure, once bool) (parts []string) {
	for i, f := range failed {
		if i == maxNamed {
			return append(parts, fmt.Sprintf("and %d more, which the log names", len(failed)-i))
		}
		parts = append(parts, fmt.Sprintf("%s: %s", f.JID, explain(f.Err, once)))
	}
	return parts
}
