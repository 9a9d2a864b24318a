package rostersync

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
	"emanagement/rostersync/plan"
	"emanagement/store"
)

const (
	// standingHolds is how long the version of a roster counts after the roster was read whole.
	// ejabberd leaves the version as it is when an account is unregistered. So a run each night
	// reads every roster, and those in between ask for versions.
	standingHolds = 20 * time.Hour
	// storePart is how many changes one transaction stores.
	storePart = 1000
)

// comparison compares the rosters of a host with what a run's input declares.
type comparison struct {
	*Syncer
	run   int64
	full  bool
	make  func(plan.User) plan.Plan
	ruled []byte // the rules, as a part of each digest

	mu       sync.Mutex // guards what follows
	summary  Summary
	renames  *renameGuess
	changes  []plan.Change    // not yet stored
	standing []store.Standing // not yet stored
}

// compareAll compares every roster of the host, and stores the changes that make plans for it.
// What make does must depend on the rules only.
func (s *Syncer) compareAll(ctx context.Context, run int64, o Options, rules plan.Rules, make func(plan.User) plan.Plan, progress func(Progress)) (Summary, error) {
	ruled, err := json.Marshal([]any{rules.Managed, rules.Named, rules.Nicks, rules.Overwrite, rules.OwnAll})
	if err != nil {
		return Summary{}, err
	}
	c := &comparison{Syncer: s, run: run, full: o.Full, make: make, ruled: ruled, renames: newRenameGuess()}
	census, err := s.hosts.Visit(ctx, o.Host, c.users(), c.compare, func(census hosts.Census) {
		progress(Progress{Doing: "rosters compared", Done: census.Visited, Total: census.Users})
	})
	if err = errors.Join(err, c.flush(ctx)); err != nil {
		return c.summary, err
	}
	c.summary.Unread = census.Unread
	c.summary.MaybeRenamed = c.renames.probable()
	return c.summary, nil
}

// users lists the users of whom anything is declared or recorded.
func (c *comparison) users() hosts.Source {
	return hosts.Source{Name: "the graph", Users: func(ctx context.Context, host string) ([]jid.JID, bool, error) {
		declared, err := c.store.DeclaredUsers(ctx, c.run)
		if err != nil {
			return nil, false, err
		}
		recorded, err := c.store.LedgerUsers(ctx, host)
		return append(declared, recorded...), false, err
	}}
}

// compare plans one user's roster, and returns its items.
func (c *comparison) compare(ctx context.Context, user jid.JID) ([]rosterpush.Item, error) {
	u, err := c.known(ctx, user)
	if err != nil {
		return nil, err
	}
	digest, err := c.digest(u)
	if err != nil {
		return nil, err
	}
	last, err := c.store.Standing(ctx, user)
	if err != nil {
		return nil, err
	}
	version := ""
	if last != nil && !c.full && last.Digest == digest && time.Since(last.Read) < standingHolds {
		version = last.Version
	}
	roster, err := c.rosters.PeekSince(ctx, user, version)
	if _, damaged := errors.AsType[*rosterpush.DamagedError](err); err != nil && !damaged {
		return nil, err
	}
	if roster == nil {
		return nil, c.add(ctx, user, plan.Plan{Counts: last.Counts}, nil)
	}
	u.Items = roster.Items()
	u.Lost = len(u.Items) == 0 && last != nil && roster.Version() != "" && roster.Version() == last.Version
	p := c.make(u)
	var standing *store.Standing
	if len(p.Changes) == 0 && roster.Version() != "" {
		standing = &store.Standing{User: user, Version: roster.Version(), Read: time.Now(), Digest: digest, Counts: p.Counts}
	}
	return u.Items, c.add(ctx, user, p, standing)
}

// known returns what is declared and recorded of a user.
func (c *comparison) known(ctx context.Context, user jid.JID) (u plan.User, err error) {
	u.JID = user
	if u.Declared, err = c.store.Declared(ctx, c.run, user); err != nil {
		return u, err
	}
	u.Ledger, err = c.store.Ledger(ctx, user)
	return u, err
}

// digest is the same for a user as long as the application, the ledger and the rules say the
// same.
func (c *comparison) digest(u plan.User) (digest [sha256.Size]byte, err error) {
	h := sha256.New()
	e := json.NewEncoder(h)
	for _, d := range u.Declared {
		if err := e.Encode([]any{d.Contact.String(), d.Subscription, d.Nick, d.Groups}); err != nil {
			return digest, err
		}
	}
	for _, r := range u.Ledger {
		if err := e.Encode([]any{r.Contact.String(), r.Entry}); err != nil {
			return digest, err
		}
	}
	h.Write(c.ruled)
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// add counts the plan of a user, and stores it together with those of others.
func (c *comparison) add(ctx context.Context, user jid.JID, p plan.Plan, standing *store.Standing) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.summary.count(p)
	c.renames.note(user, p)
	c.changes = append(c.changes, p.Changes...)
	if standing != nil {
		c.standing = append(c.standing, *standing)
	}
	if len(c.changes) < storePart && len(c.standing) < storePart {
		return nil
	}
	return c.flushLocked(ctx)
}

// flush stores what is not yet stored.
func (c *comparison) flush(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flushLocked(ctx)
}

func (c *comparison) flushLocked(ctx context.Context) error {
	if err := c.store.AddChanges(ctx, c.run, c.changes); err != nil {
		return err
	}
	c.changes = nil
	err := c.store.KeepStanding(ctx, c.standing)
	c.standing = nil
	return err
}
