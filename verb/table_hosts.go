package verb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
	"emanagement/verb/wire"
	"emanagement/xmpp/address"
)

const (
	// countTime is how long an asker is kept waiting for the count of what
	// would be removed.
	countTime = 2 * time.Second
)

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
	domains, err := c.domains(ctx)
	if err != nil {
		return "", err
	}
	// To wait for a host that is none would take all of the time, and count nothing.
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
	where := "on " + c.target()
	if c.target() == All {
		where = "on every host"
	}
	return fmt.Sprintf("this removes %s%s of %s %s", least, wire.Count(census.Items, "item"), wire.Count(census.Rosters, "roster"), where), err
}

func removeAllRosters(ctx context.Context, c *call) (Result, error) {
	domains, err := c.domains(ctx)
	if err != nil {
		return Result{}, err
	}
	removal, err := c.HostRosters.ClearAll(ctx, domains, func(r hosts.Removal) {
		c.say(Progress{Text: fmt.Sprintf("%s looked at, %s", wire.Count(r.Visited, "roster"), r), Done: r.Visited, Total: r.Users})
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
		c.say(Progress{Text: fmt.Sprintf("%d of %s read", i, wire.Count(len(rest), "roster")), Done: i, Total: len(rest)})
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
	domains, err := c.domains(ctx)
	if err != nil {
		return Result{}, err
	}
	pairs, census, err := c.HostRosters.Pairs(ctx, domains, c.looked)
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
func (c *call) owners(ctx context.Context) ([]jid.JID, hosts.Census, error) {
	domains, err := c.domains(ctx)
	if err != nil {
		return nil, hosts.Census{}, err
	}
	return c.HostRosters.Owners(ctx, domains, c.looked)
}

// looked says how far a search for rosters is.
func (c *call) looked(s hosts.Census) {
	c.say(Progress{Text: fmt.Sprintf("%s looked at, %s found", wire.Count(s.Visited, "user"), wire.Count(s.Rosters, "roster")), Done: s.Visited, Total: s.Users})
}
