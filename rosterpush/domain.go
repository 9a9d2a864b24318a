package rosterpush

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/fault"
	"emanagement/xmpp/address"
)

// maxFailures is after how many rosters that cannot be cleared no more are
// tried.
const maxFailures = 100

// Pair is two users who have each other, A sorted before B.
type Pair struct{ A, B jid.JID }

// Removal is what was removed from all rosters of some hosts.
type Removal struct {
	Census
	Cleared int // rosters that lost an item
	Removed int // items
	Kept    int // items that the server shows on: those of shared roster groups
}

func (r Removal) String() string {
	s := fmt.Sprintf("%s of %s removed", count(r.Removed, "item"), count(r.Cleared, "roster"))
	if r.Kept > 0 {
		s += fmt.Sprintf(", %s of shared roster groups left", count(r.Kept, "item"))
	}
	return s
}

// Count counts the rosters of the hosts and their items. Where it ends with
// the context, it returns what it has counted until then. Errors are those of
// Owners.
func (r *Rosters) Count(ctx context.Context, hosts []string) (Census, error) {
	c, err := r.look(hosts)
	if err != nil {
		return Census{}, err
	}
	c.found = func(uint32, view) error { return nil }
	err = c.run(ctx)
	return c.census, err
}

// Owners finds every user of the hosts whose roster has an item, sorted. It
// reads every roster once; progress is told after each. Errors: a
// *NobodyError, a *BusyError, those of the server.
func (r *Rosters) Owners(ctx context.Context, hosts []string, progress func(Census)) ([]jid.JID, Census, error) {
	c, err := r.look(hosts)
	if err != nil {
		return nil, Census{}, err
	}
	var owners []jid.JID
	c.found = func(user uint32, v view) error {
		if len(v.items) > 0 {
			owners = append(owners, c.users[user])
		}
		progress(c.census)
		return nil
	}
	err = c.run(ctx)
	slices.SortFunc(owners, compare)
	return owners, c.census, err
}

// Pairs finds every two users of the hosts who have each other with the
// subscription both, sorted. It reads every roster once, and keeps of them
// only the halves whose other half it has not seen. progress and errors are
// those of Owners.
func (r *Rosters) Pairs(ctx context.Context, hosts []string, progress func(Census)) ([]Pair, Census, error) {
	type half struct{ user, contact uint32 }
	c, err := r.look(hosts)
	if err != nil {
		return nil, Census{}, err
	}
	single := make(map[half]struct{})
	var pairs []half
	c.found = func(user uint32, v view) error {
		for _, i := range v.items {
			contact, local := c.meet(i.JID)
			if !local || contact == user || i.Subscription != Both {
				continue
			}
			if _, ok := single[half{contact, user}]; ok {
				delete(single, half{contact, user})
				pairs = append(pairs, half{contact, user})
			} else {
				single[half{user, contact}] = struct{}{}
			}
		}
		progress(c.census)
		return nil
	}
	err = c.run(ctx)
	sorted := make([]Pair, len(pairs))
	for i, p := range pairs {
		sorted[i] = pairOf(c.users[p.user], c.users[p.contact])
	}
	slices.SortFunc(sorted, func(p, q Pair) int { return cmp.Or(compare(p.A, q.A), compare(p.B, q.B)) })
	return sorted, c.census, err
}

// ClearAll removes every item of every roster of the hosts, as Clear does,
// each roster when it is come upon. One that cannot be cleared does not keep it
// from the others. Before, the sources keep who is in it: another run finds them
// if this one does not get to its end. progress is told after each. Errors: a
// *ClearError where anything was removed or could not be, a *BusyError where
// rosters of a host are being removed already, a *SourceError, else those of
// Owners.
func (r *Rosters) ClearAll(ctx context.Context, hosts []string, progress func(Removal)) (Removal, error) {
	release, err := r.wiped.claim(hosts)
	if err != nil {
		return Removal{}, err
	}
	defer release()
	c := &crawl{sources: r.sources, hosts: hosts, look: r.wipe, all: true}
	var removal Removal
	var failed []Failure
	c.found = func(user uint32, v view) error {
		removal.Census = c.census
		removal.Removed += v.removed
		if v.removed > 0 {
			removal.Cleared++
		}
		removal.Kept += v.kept
		if v.failed != nil {
			failed = append(failed, Failure{c.users[user], v.failed})
		}
		progress(removal)
		if len(failed) == maxFailures {
			return ErrTooManyFailures
		}
		return nil
	}
	err = c.run(ctx)
	removal.Census = c.census
	if len(failed) > 0 || err != nil && removal.Removed > 0 {
		err = &ClearError{Removal: removal, Failed: failed, Err: err}
	}
	return removal, err
}

// look is a crawl that changes nothing. A *BusyError where rosters of the hosts
// are being removed: then the ways from one to the next are cut.
func (r *Rosters) look(hosts []string) (*crawl, error) {
	return &crawl{sources: r.sources, hosts: hosts, look: r.see}, r.wiped.busy(hosts)
}

// see looks at a roster. That the server refuses to show one does not keep it
// from the others: an index may name accounts that no server can have.
func (r *Rosters) see(ctx context.Context, user jid.JID) (view, error) {
	items, err := r.server.Roster(ctx, user)
	_, refused := errors.AsType[stanza.Error](err)
	_, unreadable := errors.AsType[*UnreadableError](err)
	if (refused || unreadable) && ctx.Err() == nil {
		return view{unread: err}, nil
	}
	if err != nil {
		return view{}, err
	}
	// A damaged one leads on to others, but cannot be shown.
	return view{items: items, unread: damage(user, items)}, nil
}

// wipe clears a roster. Its failure is part of what was seen, unless no other
// roster could be cleared either.
func (r *Rosters) wipe(ctx context.Context, user jid.JID) (v view, err error) {
	c, err := r.clear(ctx, user, func(items []Item) error { return r.keep(ctx, user, items) }, func(int, int) {})
	v.items, v.removed = c.items, c.removed
	_, unserved := errors.AsType[*fault.NotServedError](err)
	_, unkept := errors.AsType[*SourceError](err)
	if unserved || unkept || ctx.Err() != nil {
		return v, err
	}
	if err == nil {
		v.kept = c.kept()
	}
	v.failed = err
	return v, nil
}

// keep has the sources write down a user and the contacts in the roster, which
// may be the only way to them.
func (r *Rosters) keep(ctx context.Context, user jid.JID, items []Item) error {
	met := []jid.JID{user}
	for _, i := range items {
		met = append(met, address.Prepare(i.JID.Bare()))
	}
	for _, s := range r.sources {
		if s.Keep == nil {
			continue
		}
		if err := s.Keep(ctx, met); err != nil {
			return &SourceError{Source: s.Name, Err: err}
		}
	}
	return nil
}

func pairOf(a, b jid.JID) Pair {
	if compare(a, b) > 0 {
		a, b = b, a
	}
	return Pair{a, b}
}

func compare(a, b jid.JID) int { return strings.Compare(a.String(), b.String()) }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
