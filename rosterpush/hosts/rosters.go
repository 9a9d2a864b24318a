package hosts

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
)

// Rosters finds and clears the rosters of whole hosts. New makes one. Its methods
// block until they are done or the context ends, and may be used concurrently. But
// while the rosters of a host are being cleared, every other request about that host
// gets a *BusyError: clearing cuts the ways from roster to roster.
//
// Besides the errors that a method lists, it returns those of rosterpush.Server and
// the cause of the context's end.
type Rosters struct {
	rosters  *rosterpush.Rosters
	sources  []Source
	clearing clearing
}

// New returns the rosters of the hosts of a server. It asks the sources in the order
// given: the fastest must come first.
func New(r *rosterpush.Rosters, sources ...Source) *Rosters {
	return &Rosters{rosters: r, sources: sources}
}

// Pair is two users who have each other. A sorts before B.
type Pair struct{ A, B jid.JID }

// Count counts the rosters of the hosts and their items. If the context ends it, it
// returns what it has counted until then. Errors are those of Owners.
func (r *Rosters) Count(ctx context.Context, hosts []string) (Census, error) {
	c, err := r.newSearch(hosts)
	if err != nil {
		return Census{}, err
	}
	c.onVisit = func(uint32, visit) error { return nil }
	err = c.run(ctx)
	return c.census, err
}

// Owners finds every user of the hosts whose roster has an item, sorted. It reads
// every roster once, and calls progress after each, by one goroutine at a time.
// Errors: an *InconclusiveError, a *BusyError, a *SourceError.
func (r *Rosters) Owners(ctx context.Context, hosts []string, progress func(Census)) ([]jid.JID, Census, error) {
	c, err := r.newSearch(hosts)
	if err != nil {
		return nil, Census{}, err
	}
	var owners []jid.JID
	c.onVisit = func(user uint32, v visit) error {
		if len(v.items) > 0 {
			owners = append(owners, c.users[user])
		}
		progress(c.census)
		return nil
	}
	err = c.run(ctx)
	slices.SortFunc(owners, compareJIDs)
	return owners, c.census, err
}

// Pairs finds every two users of the hosts who have each other with the subscription
// both, sorted. It reads every roster once. Of the rosters it remembers only the
// items for which it has not yet seen the item of the other user. progress and
// errors are those of Owners.
func (r *Rosters) Pairs(ctx context.Context, hosts []string, progress func(Census)) ([]Pair, Census, error) {
	type edge struct{ user, contact uint32 }
	c, err := r.newSearch(hosts)
	if err != nil {
		return nil, Census{}, err
	}
	oneWay := make(map[edge]struct{})
	var bothWays []edge
	c.onVisit = func(user uint32, v visit) error {
		for _, i := range v.items {
			contact, isUser := c.add(i.JID)
			if !isUser || contact == user || i.Subscription != rosterpush.Both {
				continue
			}
			if _, ok := oneWay[edge{contact, user}]; ok {
				delete(oneWay, edge{contact, user})
				bothWays = append(bothWays, edge{contact, user})
			} else {
				oneWay[edge{user, contact}] = struct{}{}
			}
		}
		progress(c.census)
		return nil
	}
	err = c.run(ctx)
	pairs := make([]Pair, len(bothWays))
	for i, e := range bothWays {
		pairs[i] = newPair(c.users[e.user], c.users[e.contact])
	}
	slices.SortFunc(pairs, func(p, q Pair) int { return cmp.Or(compareJIDs(p.A, q.A), compareJIDs(p.B, q.B)) })
	return pairs, c.census, err
}

// newSearch returns a crawl that changes nothing, or a *BusyError.
func (r *Rosters) newSearch(hosts []string) (*crawl, error) {
	return &crawl{sources: r.sources, hosts: hosts, visit: r.read}, r.clearing.check(hosts)
}

// read visits a roster.
func (r *Rosters) read(ctx context.Context, user jid.JID) (visit, error) {
	items, err := r.rosters.Peek(ctx, user)
	return unreadVisit(ctx, items, err)
}

func newPair(a, b jid.JID) Pair {
	if compareJIDs(a, b) > 0 {
		a, b = b, a
	}
	return Pair{a, b}
}

func compareJIDs(a, b jid.JID) int { return strings.Compare(a.String(), b.String()) }
