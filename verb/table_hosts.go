package verb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
	"emanagement/verb/wire"
	"emanagement/xmpp/address"
)

// countTimeout limits how long a requester waits for the number of items that would be
// removed.
const countTimeout = 2 * time.Second

// hostVerbs are the verbs about the rosters of whole hosts.
func hostVerbs() []*Verb {
	from := Param{Name: "from", Label: "Continue after this JID", Kind: After, Extra: true}
	limit := Param{Name: "limit", Label: fmt.Sprintf("Maximum number of entries, %d by default", defaultLimit), Kind: Number, Extra: true, Example: "100"}
	const removing = "It removes each contact as removeBuddyFromRoster does. Without confirmation it removes nothing, and reports the number of items."
	const paging = "The list is sorted. If the limit cuts it, the title says where to continue."
	return []*Verb{
		{
			Name:    "removeAllRostersByDomain",
			Title:   "Empty host's rosters",
			Summary: "remove every contact from every roster of a host",
			Help:    removing,
			Role:    Admin,
			Long:    true,
			Params:  []Param{domainParam, confirmParam},
			run:     removeAllRosters,
			preview: previewRemoveAllRosters,
		},
		{
			Name:    "removeAllRosters",
			Title:   "Empty all rosters",
			Summary: "remove every contact from every roster",
			Help:    removing,
			Role:    Admin,
			Long:    true,
			Params:  []Param{confirmParam},
			run:     removeAllRosters,
			preview: previewRemoveAllRosters,
		},
		{
			Name:    "getAllUserJidsWithRosterByDomain",
			Title:   "Users with a roster",
			Summary: "show the users of a host who have a roster",
			Help:    "One JID per line. " + paging,
			Role:    Read,
			Long:    true,
			Params:  []Param{domainParam, from, limit},
			run:     getAllUserJidsWithRoster,
		},
		{
			Name:    "printAllRostersByDomain",
			Title:   "Show host's rosters",
			Summary: "show every roster of a host",
			Help:    "It shows each roster as getRoster does, between lines of dashes. " + paging,
			Role:    Read,
			Long:    true,
			Params:  []Param{domainParam, from, limit},
			run:     printAllRosters,
		},
		{
			Name:    "printAllRosters",
			Title:   "Show all rosters",
			Summary: "show every roster",
			Help:    "It shows each roster as getRoster does, between lines of dashes. " + paging,
			Role:    Read,
			Long:    true,
			Params:  []Param{from, limit},
			run:     printAllRosters,
		},
		{
			Name:    "printAllBidirecctionalBuddysByDomain",
			Title:   "Show host's pairs",
			Summary: "show every pair of users of a host",
			Help:    "A pair is two users of the host who have each other. One pair per line: [a@host,b@host]. The limit does not separate the pairs of one user. " + paging,
			Role:    Read,
			Long:    true,
			Params:  []Param{domainParam, from, limit},
			run:     printAllBidirecctionalBuddys,
		},
	}
}

// previewRemoveAllRosters counts what removeAllRosters would remove. It stops counting
// after 2 s, so that the requester still waits for the answer.
func previewRemoveAllRosters(ctx context.Context, c *call) (string, error) {
	counting, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	domains, err := c.domains(ctx)
	if err != nil {
		return "", err
	}
	// A search on a host that is not served would wait for the host until the timeout.
	if served, err := c.Hosts(ctx); err == nil && c.target() != All && !address.HasHost(served, c.target()) {
		return "", &fault.NotServedError{Host: c.target(), Served: served}
	}
	census, err := c.HostRosters.Count(counting, domains)
	least := ""
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		least, err = "at least ", nil
	}
	if err == nil && least == "" && census.Items == 0 && census.Unread == 0 && len(census.Inconclusive) == 0 {
		return "", nil
	}
	scope := "on " + c.target()
	if c.target() == All {
		scope = "on every host"
	}
	return fmt.Sprintf("this removes %s%s of %s %s", least, wire.Count(census.Items, "item"), wire.Count(census.Rosters, "roster"), scope), err
}

func removeAllRosters(ctx context.Context, c *call) (Result, error) {
	domains, err := c.domains(ctx)
	if err != nil {
		return Result{}, err
	}
	removal, err := c.HostRosters.ClearAll(ctx, domains, func(r hosts.Removal) {
		c.progress(Progress{Text: fmt.Sprintf("%s looked at, %s", wire.Count(r.Visited, "roster"), r), Done: r.Visited, Total: r.Users})
	})
	return Result{remarks: []string{removal.String(), foundBy(removal.Census)}}, withRepairVerbsForEach(err)
}

// withRepairVerbsForEach is withRepairVerbs for each roster that could not be cleared.
func withRepairVerbsForEach(err error) error {
	e, ok := errors.AsType[*hosts.ClearError](err)
	if !ok {
		return withRepairVerbs(err)
	}
	changed := *e
	changed.Failed = slices.Clone(e.Failed)
	for i := range changed.Failed {
		changed.Failed[i].Err = withRepairVerbs(changed.Failed[i].Err)
	}
	return &changed
}

func getAllUserJidsWithRoster(ctx context.Context, c *call) (Result, error) {
	owners, census, err := c.owners(ctx)
	if err != nil {
		return Result{}, err
	}
	list := c.newPagedList("user")
	for _, o := range c.afterFrom(owners) {
		if !list.add(o, o.String(), escapeControls(o.String())) {
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
	list := c.newPagedList("roster")
	owners = c.afterFrom(owners)
	for i, o := range owners {
		c.progress(Progress{Text: fmt.Sprintf("%d of %s read", i, wire.Count(len(owners), "roster")), Done: i, Total: len(owners)})
		items, err := c.Rosters.Peek(ctx, o)
		slices.SortFunc(items, func(a, b rosterpush.Item) int { return strings.Compare(a.JID.String(), b.JID.String()) })
		var entry ownedRoster
		var lines []string
		switch {
		case cannotBeShown(err):
			entry = ownedRoster{User: o.String(), Items: []any{}, Error: err.Error()}
			lines = []string{escapeControls(err.Error())}
		case err != nil:
			return Result{}, err
		case len(items) == 0:
			continue // it was removed in the meantime
		default:
			roster := rosterTable(items)
			entry, lines = ownedRoster{User: o.String(), Items: roster.items}, roster.lines
		}
		if !list.add(o, entry, slices.Concat([]string{rule, escapeControls(o.Localpart()) + " Roster", rule}, lines, []string{rule})...) {
			break
		}
	}
	return list.resultWithDone(census), nil
}

func printAllBidirecctionalBuddys(ctx context.Context, c *call) (Result, error) {
	domains, err := c.domains(ctx)
	if err != nil {
		return Result{}, err
	}
	pairs, census, err := c.HostRosters.Pairs(ctx, domains, c.reportSearch)
	if err != nil {
		return Result{}, err
	}
	from := c.jid("from").String()
	list := c.newPagedList("pair")
	for _, p := range pairs {
		if p.A.String() > from && !list.add(p.A, pair{p.A.String(), p.B.String()}, escapeControls(fmt.Sprintf("[%s,%s]", p.A, p.B))) {
			break
		}
	}
	return list.resultWithDone(census), nil
}
