package rosterpush

import (
	"context"
	"sync"
	"time"

	"mellium.im/xmpp/jid"
)

const (
	// quietTime is how long there must have been no request before a large roster that was
	// changed is read again. The next request would wait long for that.
	quietTime = 250 * time.Millisecond
	// gatherTime is how long a change of a large roster waits for other requests: after the
	// first change, a request has to read the roster whole. While others come, it waits on,
	// gatherRounds times at most.
	gatherTime   = 10 * time.Millisecond
	gatherRounds = 5
)

// gather waits before a change of rosters until requests that come at the same time have read
// those that are large. Its only error is the cause of the context's end.
func (r *Rosters) gather(ctx context.Context, users ...jid.JID) error {
	for _, user := range users {
		if r.kept.bytesOf(user) < largeRoster {
			continue
		}
		if err := r.awaitOthers(ctx, user); err != nil {
			return err
		}
		if err := r.reads.await(ctx, user); err != nil {
			return err
		}
	}
	return nil
}

// awaitOthers waits until no request about a roster has come for gatherTime. The caller has a
// lock on it.
func (r *Rosters) awaitOthers(ctx context.Context, user jid.JID) error {
	key := wholeRoster(user, changingItems).key
	before := r.locks.wishesFor(key)
	for range gatherRounds {
		select {
		case <-time.After(gatherTime):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		now := r.locks.wishesFor(key)
		if now == before {
			break
		}
		before = now
	}
	return nil
}

// changedRosters is the large rosters that were changed and not read since.
type changedRosters struct {
	mu     sync.Mutex
	byHost map[string]map[string]jid.JID // users, by host and name
	grown  chan struct{}                 // closed and replaced whenever a user is added
}

func newChangedRosters() *changedRosters {
	return &changedRosters{byHost: make(map[string]map[string]jid.JID), grown: make(chan struct{})}
}

func (c *changedRosters) add(user jid.JID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	host := user.Domainpart()
	if c.byHost[host] == nil {
		c.byHost[host] = make(map[string]jid.JID)
	}
	c.byHost[host][user.String()] = user
	close(c.grown)
	c.grown = make(chan struct{})
}

// await waits until there is a user of a host. It returns false if the context ends before.
func (c *changedRosters) await(ctx context.Context, host string) bool {
	for {
		c.mu.Lock()
		some, grown := len(c.byHost[host]) > 0, c.grown
		c.mu.Unlock()
		if some {
			return true
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return false
		}
	}
}

// take returns a user of a host, and forgets the user. ok is false if there is none.
func (c *changedRosters) take(host string) (user jid.JID, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, user := range c.byHost[host] {
		delete(c.byHost[host], name)
		return user, true
	}
	return jid.JID{}, false
}

// noteChange notes that a user's roster was changed.
func (r *Rosters) noteChange(user jid.JID) {
	if r.kept.bytesOf(user) >= largeRoster {
		r.changed.add(user)
	}
}

// Refresh reads large rosters of a host again after they were changed, while there is no other
// request, until the context ends. So the next request about such a roster need not wait until
// the server has sent it. One call for each host is enough.
func (r *Rosters) Refresh(ctx context.Context, host string) {
	for r.changed.await(ctx, host) && r.awaitQuiet(ctx) {
		if user, ok := r.changed.take(host); ok {
			_, _ = r.read(ctx, user) // after an error, the next request reads it
		}
	}
}

// awaitQuiet waits until there has been no request for quietTime. It returns false if the
// context ends before.
func (r *Rosters) awaitQuiet(ctx context.Context) bool {
	for before := r.locks.wishes(); ; {
		select {
		case <-time.After(quietTime):
		case <-ctx.Done():
			return false
		}
		now := r.locks.wishes()
		if now == before && r.locks.isFree() {
			return true
		}
		before = now
	}
}
