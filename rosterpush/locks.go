package rosterpush

import (
	"context"
	"slices"
	"sync"

	"mellium.im/xmpp/jid"
)

// locks lets requests that touch the same user wait for each other, first
// come first served as far as the runtime goes.
type locks struct {
	mu   sync.Mutex
	held map[string]*turnstile
}

// turnstile is one user's lock; its channel has room for the one who holds it.
type turnstile struct {
	hold    chan struct{}
	holders int // who hold it or wait for it
}

// lock waits until nobody else holds any of the users and returns the function
// that frees them. Everybody takes them in the same order, so nobody waits in
// a circle.
func (l *locks) lock(ctx context.Context, users ...jid.JID) (unlock func(), err error) {
	names := make([]string, len(users))
	for i, u := range users {
		names[i] = u.Bare().String()
	}
	slices.Sort(names)
	names = slices.Compact(names)

	var taken []string
	unlock = func() {
		for _, n := range taken {
			l.leave(n, true)
		}
	}
	for _, n := range names {
		t := l.enter(n)
		select {
		case t.hold <- struct{}{}:
			taken = append(taken, n)
		case <-ctx.Done():
			l.leave(n, false)
			unlock()
			return nil, context.Cause(ctx)
		}
	}
	return unlock, nil
}

func (l *locks) enter(name string) *turnstile {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		l.held = make(map[string]*turnstile)
	}
	t := l.held[name]
	if t == nil {
		t = &turnstile{hold: make(chan struct{}, 1)}
		l.held[name] = t
	}
	t.holders++
	return t
}

func (l *locks) leave(name string, held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.held[name]
	if held {
		<-t.hold
	}
	if t.holders--; t.holders == 0 {
		delete(l.held, name)
	}
}
