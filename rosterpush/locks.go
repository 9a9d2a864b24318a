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
	mu     sync.Mutex
	byUser map[string]*userLock
}

// userLock serializes requests that touch one user. Its channel has a capacity of
// one: the holder's token.
type userLock struct {
	token chan struct{}
	refs  int // requests that hold the lock or wait for it
}

// lock waits until no other request holds any of the users, and returns the
// function that frees them. It takes them in sorted order, so that no two requests
// can deadlock. The error is the cause of the context's end.
func (l *locks) lock(ctx context.Context, users ...jid.JID) (unlock func(), err error) {
	names := make([]string, len(users))
	for i, u := range users {
		names[i] = u.Bare().String()
	}
	slices.Sort(names)
	names = slices.Compact(names)

	var held []string
	unlock = func() {
		for _, n := range held {
			l.release(n, true)
		}
	}
	for _, n := range names {
		u := l.reserve(n)
		select {
		case u.token <- struct{}{}:
			held = append(held, n)
		case <-ctx.Done():
			l.release(n, false)
			unlock()
			return nil, context.Cause(ctx)
		}
	}
	return unlock, nil
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
		u = &userLock{token: make(chan struct{}, 1)}
		l.byUser[name] = u
	}
	u.refs++
	return u
}

// release undoes reserve. held says that the caller holds the lock.
func (l *locks) release(name string, held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.byUser[name]
	if held {
		<-u.token
	}
	if u.refs--; u.refs == 0 {
		delete(l.byUser, name)
	}
}
