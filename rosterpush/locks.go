package rosterpush

import (
	"context"
	"slices"
	"strings"
	"sync"

	"mellium.im/xmpp/jid"
)

// lockMode is what a request does to something that it locks.
type lockMode int

const (
	// looking requests read a roster, and see no half of a change. They do not wait for
	// each other.
	looking lockMode = iota
	// changingItems is for requests that change some items of a roster. They do not wait
	// for each other either: each locks its items too.
	changingItems
	// changingAll is for a request that no other may touch the same at the same time.
	changingAll
)

// locks lets requests wait for each other that touch the same. Waiting requests get their
// turns in the order of their arrival.
type locks struct {
	mu     sync.Mutex
	byKey  map[string]*lockState
	wished uint64 // how many locks were asked for
}

// lockState is who holds a lock, and who waits for it.
type lockState struct {
	mode    lockMode // of the holders
	wished  int      // how often it was asked for
	holders int
	waiting []*waiter
}

type waiter struct {
	mode  lockMode
	ready chan struct{} // closed when the waiter holds the lock
}

// lockWish is a lock that a request needs.
type lockWish struct {
	key   string
	mode  lockMode
	users []jid.JID // whom it concerns
}

// wholeRoster is a lock on a user's roster.
func wholeRoster(user jid.JID, m lockMode) lockWish {
	return lockWish{user.Bare().String(), m, []jid.JID{user}}
}

// bothItems is a lock on the items that two users have of each other: a change of one may
// change the other one, too.
func bothItems(a, b jid.JID) lockWish {
	names := []string{a.Bare().String(), b.Bare().String()}
	slices.Sort(names)
	return lockWish{strings.Join(names, " "), changingAll, []jid.JID{a, b}} // no bare JID has a space
}

// lock waits until the request may have all locks, and returns the function that frees them.
// It takes them in sorted order, so that no two requests can deadlock. The error is the
// cause of the context's end.
func (l *locks) lock(ctx context.Context, wishes ...lockWish) (unlock func(), err error) {
	wishes = slices.Clone(wishes)
	slices.SortFunc(wishes, func(a, b lockWish) int { return strings.Compare(a.key, b.key) })
	wishes = slices.CompactFunc(wishes, func(a, b lockWish) bool { return a.key == b.key })
	held := 0
	unlock = func() {
		for _, w := range wishes[:held] {
			l.release(w.key)
		}
	}
	for _, w := range wishes {
		if err := l.acquire(ctx, w); err != nil {
			unlock()
			return nil, err
		}
		held++
	}
	return unlock, nil
}

func (l *locks) acquire(ctx context.Context, wish lockWish) error {
	l.mu.Lock()
	if l.byKey == nil {
		l.byKey = make(map[string]*lockState)
	}
	s := l.byKey[wish.key]
	if s == nil {
		s = new(lockState)
		l.byKey[wish.key] = s
	}
	w := &waiter{wish.mode, make(chan struct{})}
	s.waiting = append(s.waiting, w)
	l.wished++
	s.wished++
	s.admit()
	l.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-w.ready: // it came at the same moment
		s.holders--
	default:
		s.waiting = slices.DeleteFunc(s.waiting, func(o *waiter) bool { return o == w })
	}
	l.settle(wish.key, s)
	return context.Cause(ctx)
}

func (l *locks) release(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.byKey[key]
	s.holders--
	l.settle(key, s)
}

// wishes returns how many locks were asked for until now.
func (l *locks) wishes() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wished
}

// wishesFor returns how often a lock was asked for that the caller holds.
func (l *locks) wishesFor(key string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.byKey[key].wished
}

// isFree reports whether nobody holds a lock.
func (l *locks) isFree() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.byKey) == 0
}

// settle gives the lock to whoever may have it now, and forgets a lock that nobody needs. The
// caller holds mu.
func (l *locks) settle(key string, s *lockState) {
	if s.admit(); s.holders == 0 {
		delete(l.byKey, key)
	}
}

// admit gives the lock to those who are next and may hold it together.
func (s *lockState) admit() {
	for len(s.waiting) > 0 {
		next := s.waiting[0]
		if s.holders > 0 && (next.mode == changingAll || next.mode != s.mode) {
			return
		}
		s.mode, s.waiting = next.mode, s.waiting[1:]
		s.holders++
		close(next.ready)
	}
}
