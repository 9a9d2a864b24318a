package rosterpush

import (
	"context"
	"slices"
	"sync"

	"mellium.im/xmpp/jid"
)

// locks serializes requests that touch the same user. Waiting requests get the lock
// in the order of their arrival, as far as the Go runtime keeps it.
type locks struct {
	mu       sync.Mutex
	byUser   map[string]*userLock
	arrivals uint64 // how many requests have asked for a lock
}

// userLock serializes requests that touch one user. Its channel has a capacity of
// one: the holder's token.
type userLock struct {
	name  string
	token chan struct{}
	refs  int         // requests that hold the lock or wait for it
	read  *sharedRead // by an earlier holder; for the holder only
}

// sharedRead is a roster that was read while a lock was held. The requests that already
// waited for the lock at that time need not read it again.
type sharedRead struct {
	roster  *Roster
	begun   uint64 // the number of arrivals when the read began
	changed map[contactKey]bool
}

// hold is the locks that one request holds.
type hold struct {
	locks   *locks
	arrival uint64
	held    []*userLock
}

// lock waits until no other request holds any of the users. It takes them in sorted order,
// so that no two requests can deadlock. The error is the cause of the context's end.
func (l *locks) lock(ctx context.Context, users ...jid.JID) (*hold, error) {
	names := make([]string, len(users))
	for i, u := range users {
		names[i] = u.Bare().String()
	}
	slices.Sort(names)
	names = slices.Compact(names)

	h := &hold{locks: l, arrival: l.arrive()}
	for _, n := range names {
		u := l.reserve(n)
		select {
		case u.token <- struct{}{}:
			h.held = append(h.held, u)
		case <-ctx.Done():
			l.release(u, false)
			h.unlock()
			return nil, context.Cause(ctx)
		}
	}
	return h, nil
}

// arrive returns the number of a request, counted from 1.
func (l *locks) arrive() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.arrivals++
	return l.arrivals
}

// arrived returns the number of the last request that has arrived.
func (l *locks) arrived() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.arrivals
}

// reserve returns the lock of a user, and makes it stay until release is called.
func (l *locks) reserve(name string) *userLock {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byUser == nil {
		l.byUser = make(map[string]*userLock)
	}
	u := l.byUser[name]
	if u == nil {
		u = &userLock{name: name, token: make(chan struct{}, 1)}
		l.byUser[name] = u
	}
	u.refs++
	return u
}

// release undoes reserve. held says that the caller holds the lock.
func (l *locks) release(u *userLock, held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if held {
		<-u.token
	}
	if u.refs--; u.refs == 0 {
		delete(l.byUser, u.name)
	}
}

// unlock frees the users.
func (h *hold) unlock() {
	for _, u := range h.held {
		h.locks.release(u, true)
	}
}

// of returns the lock of a user.
func (h *hold) of(user jid.JID) *userLock {
	name := user.Bare().String()
	for _, u := range h.held {
		if u.name == name {
			return u
		}
	}
	return nil
}

// shared returns a roster that was read after the request had arrived, and in which the item
// of the contact has not been changed since. Without one, ok is false.
func (h *hold) shared(user, contact jid.JID) (r *Roster, ok bool) {
	read := h.of(user).read
	if read == nil || read.begun < h.arrival || read.changed[keyOf(contact)] {
		return nil, false
	}
	return read.roster, true
}

// share has the requests that arrived before a read began use what it found.
func (h *hold) share(user jid.JID, r *Roster, begun uint64) {
	h.of(user).read = &sharedRead{r, begun, make(map[contactKey]bool)}
}

// change notes that the item of a contact is about to change.
func (h *hold) change(user, contact jid.JID) {
	if u := h.of(user); u != nil && u.read != nil {
		u.read.changed[keyOf(contact)] = true
	}
}

// forget notes that any item may change.
func (h *hold) forget() {
	for _, u := range h.held {
		u.read = nil
	}
}
