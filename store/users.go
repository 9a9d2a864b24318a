package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush/hosts"
)

// queueTime is how long a queued user may wait for others, so that one transaction writes
// them all.
const queueTime = 50 * time.Millisecond

// maxCached bounds the set of users that are not queued again. The set saves the
// database most of the work.
const maxCached = 100_000

// maxQueued bounds the queue of users while the file cannot be written.
const maxQueued = 100_000

// errorLogInterval is the shortest time between two log lines about failed writes:
// thousands of users may be queued in a second.
const errorLogInterval = time.Minute

// Users is the index of users in a store. Its methods may be called concurrently.
type Users struct {
	store *Store
	log   *slog.Logger

	wake   chan struct{} // contains one token while users are queued
	quit   chan struct{} // closed by stop
	writer sync.WaitGroup

	flushing chan struct{} // contains the token of the goroutine that writes queued users
	loggedAt time.Time     // when a failed write was last logged; used with that token only

	mu         sync.Mutex
	queue      []jid.JID           // not yet written
	cached     map[string]struct{} // queued or written before
	cacheLimit int
}

// newUsers starts the goroutine that writes queued users, which stop ends.
func newUsers(s *Store, log *slog.Logger) *Users {
	u := &Users{store: s, log: log, wake: make(chan struct{}, 1), quit: make(chan struct{}), flushing: make(chan struct{}, 1), cached: make(map[string]struct{}), cacheLimit: maxCached}
	u.writer.Go(u.writeQueued)
	return u
}

// stop writes the queued users and waits until that is done.
func (u *Users) stop() {
	close(u.quit)
	u.writer.Wait()
}

// Queue adds the bare JIDs of users to the index in the background, and does not wait
// for the file. JIDs without a local part are left out. If the users cannot be written,
// that is logged and tried again.
func (u *Users) Queue(users ...jid.JID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, user := range users {
		if !isUser(user) {
			continue
		}
		user = user.Bare()
		name := user.String()
		if _, ok := u.cached[name]; ok {
			continue
		}
		if len(u.cached) >= u.cacheLimit {
			clear(u.cached)
		}
		u.cached[name] = struct{}{}
		u.queue = append(u.queue, user)
	}
	if len(u.queue) > 0 {
		u.signal()
	}
}

// signal wakes the goroutine that writes queued users.
func (u *Users) signal() {
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

// writeQueued writes queued users until stop is called. One transaction writes all users
// that were queued within queueTime.
func (u *Users) writeQueued() {
	for {
		select {
		case <-u.wake:
		case <-u.quit:
			_ = u.flush(context.Background()) // logged
			return
		}
		u.pause(queueTime)
		if u.flush(context.Background()) != nil {
			u.pause(retryInterval)
			u.signal()
		}
	}
}

// pause blocks for a time, or until stop is called.
func (u *Users) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-u.quit:
	}
}

// flush writes all users that were queued before the call. After a failure, which it logs,
// they are queued again.
func (u *Users) flush(ctx context.Context) error {
	select {
	case u.flushing <- struct{}{}:
		defer func() { <-u.flushing }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	u.mu.Lock()
	queued := u.queue
	u.queue = nil
	u.mu.Unlock()
	_, err := u.Add(ctx, queued...)
	if err == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.queue = append(queued, u.queue...)
	lost := max(0, len(u.queue)-maxQueued)
	if lost > 0 { // these must be seen again
		u.queue = u.queue[lost:]
		clear(u.cached)
	}
	if ctx.Err() == nil && (lost > 0 || time.Since(u.loggedAt) >= errorLogInterval) {
		u.loggedAt = time.Now()
		u.log.Error("the index of users cannot be written; it is tried again", "waiting", len(u.queue), "lost until they are seen again", lost, "why", err)
	}
	return err
}

// Add adds users to the index, waits until they are written, and returns the number of
// those that were new. They must be bare JIDs with a local part. The error names the
// file; no user was added then.
func (u *Users) Add(ctx context.Context, users ...jid.JID) (added int, err error) {
	if len(users) == 0 {
		return 0, nil
	}
	err = u.store.transact(ctx, func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, "INSERT OR IGNORE INTO users (host, local) VALUES (?, ?)")
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, user := range users {
			r, err := insert.ExecContext(ctx, user.Domainpart(), user.Localpart())
			if err != nil {
				return err
			}
			n, err := r.RowsAffected()
			if err != nil {
				return err
			}
			added += int(n)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("%s: cannot be written: %w", u.store.name, err)
	}
	return added, nil
}

// List returns the users of a host, including the queued ones, sorted by their local
// parts. The error names the file.
func (u *Users) List(ctx context.Context, host string) ([]jid.JID, error) {
	_ = u.flush(ctx) // users that cannot be written stay queued
	users, err := u.list(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read: %w", u.store.name, err)
	}
	if queued := u.queued(host); len(queued) > 0 {
		users = append(users, queued...)
		slices.SortFunc(users, func(a, b jid.JID) int { return strings.Compare(a.Localpart(), b.Localpart()) })
		users = slices.CompactFunc(users, jid.JID.Equal)
	}
	return users, nil
}

// queued returns the queued users of a host.
func (u *Users) queued(host string) (users []jid.JID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, user := range u.queue {
		if user.Domainpart() == host {
			users = append(users, user)
		}
	}
	return users
}

func (u *Users) list(ctx context.Context, host string) (users []jid.JID, err error) {
	rows, err := u.store.db.QueryContext(ctx, "SELECT local FROM users WHERE host = ? ORDER BY local", host)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var local string
		if err := rows.Scan(&local); err != nil {
			return nil, err
		}
		// Unchecked: a server may keep JIDs that today's rules do not allow.
		users = append(users, jid.NewUnsafe(local, host, "").JID)
	}
	return users, rows.Err()
}

// Source returns the index as a source of users for package hosts. It is conclusive if it
// contains any user of the host: then it has seen the host's rosters.
func (u *Users) Source() hosts.Source {
	return hosts.Source{
		Name: "index of users",
		Users: func(ctx context.Context, host string) (users []jid.JID, conclusive bool, err error) {
			users, err = u.List(ctx, host)
			return users, len(users) > 0, err
		},
		Save: func(ctx context.Context, users []jid.JID) error {
			_, err := u.Add(ctx, slices.DeleteFunc(slices.Clone(users), func(j jid.JID) bool { return !isUser(j) })...)
			return err
		},
	}
}

// isUser reports whether a JID is a user's. A JID without a local part is a server's or
// a gateway's, which has no roster.
func isUser(j jid.JID) bool { return j.Localpart() != "" }
