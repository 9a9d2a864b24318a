package stanzas

import (
	"context"
	"sync"
)

// hostStates holds what is known of each host. Whoever finds out something about a host
// delays nobody who wants to know about another one.
type hostStates[T any] struct {
	mu    sync.Mutex
	hosts map[string]*hostState[T]
}

// hostState is what is known of one host. The lock guards it and has a capacity of one: the
// holder's token.
type hostState[T any] struct {
	lock  chan struct{}
	known T
}

// acquire returns what is known of a host, for the caller alone until release is called. The
// error is the cause of the context's end.
func (s *hostStates[T]) acquire(ctx context.Context, host string) (known *T, release func(), err error) {
	s.mu.Lock()
	h := s.hosts[host]
	if h == nil {
		h = &hostState[T]{lock: make(chan struct{}, 1)}
		if s.hosts == nil {
			s.hosts = make(map[string]*hostState[T])
		}
		s.hosts[host] = h
	}
	s.mu.Unlock()
	select {
	case h.lock <- struct{}{}:
		return &h.known, func() { <-h.lock }, nil
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
}

// forget forgets what is known of a host. It waits for whoever finds out something about it.
func (s *hostStates[T]) forget(ctx context.Context, host string) {
	if known, release, err := s.acquire(ctx, host); err == nil {
		*known = *new(T)
		release()
	}
}
