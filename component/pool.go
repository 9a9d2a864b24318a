package component

import (
	"context"
	"sync"
	"time"
)

// crew is a bounded number of goroutines that somebody waits for. Nobody may
// have more than half of them at work.
type crew struct {
	mu      sync.Mutex
	size    int
	working int
	of      map[string]int // how many work for whom
	closed  bool
	idle    chan struct{} // closed once the crew is closed and nobody works
}

func newCrew(size int) *crew {
	return &crew{size: size, of: make(map[string]int), idle: make(chan struct{})}
}

// start runs f for somebody in a goroutine of its own, unless the crew is full
// or closed, or half of it works for them already.
func (c *crew) start(whom string, f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.working == c.size || c.of[whom] >= (c.size+1)/2 {
		return false
	}
	c.working++
	c.of[whom]++
	go func() {
		defer c.finished(whom)
		f()
	}()
	return true
}

func (c *crew) finished(whom string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.working--
	if c.of[whom]--; c.of[whom] == 0 {
		delete(c.of, whom)
	}
	if c.closed && c.working == 0 {
		close(c.idle)
	}
}

// resting says whether nobody works.
func (c *crew) resting() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.working == 0
}

// close lets nobody new start. It may be called more than once.
func (c *crew) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed && c.working == 0 {
		close(c.idle)
	}
	c.closed = true
}

// waitFor waits until the closed crew has finished, for no longer than d and
// not after lost is closed. It reports whether the crew has.
func (c *crew) waitFor(d time.Duration, lost <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-c.idle:
		return true
	case <-lost:
	case <-t.C:
	}
	return false
}

// wait waits until the closed crew has finished, or the context ends.
func (c *crew) wait(ctx context.Context) error {
	select {
	case <-c.idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
