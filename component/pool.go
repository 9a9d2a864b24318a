package component

import (
	"context"
	"sync"
	"time"
)

// pool is a bounded set of goroutines. One requester may have as many as are left for
// others: alone half of them, and fewer in a crowd. So there is nearly always one for a
// requester that has none.
type pool struct {
	mu          sync.Mutex
	size        int
	running     int
	byRequester map[string]int // of those that run
	closed      bool
	idle        chan struct{} // closed once the pool is closed and nothing runs
}

func newPool(size int) *pool {
	return &pool{size: size, byRequester: make(map[string]int), idle: make(chan struct{})}
}

// start runs f in a goroutine of its own and returns true. It returns false if the
// pool is full or closed, or if the requester has as many goroutines as are left.
func (p *pool) start(requester string, f func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.byRequester[requester] >= p.size-p.running {
		return false
	}
	p.running++
	p.byRequester[requester]++
	go func() {
		defer p.finished(requester)
		f()
	}()
	return true
}

func (p *pool) finished(requester string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	if p.byRequester[requester]--; p.byRequester[requester] == 0 {
		delete(p.byRequester, requester)
	}
	if p.closed && p.running == 0 {
		close(p.idle)
	}
}

// isIdle reports whether nothing runs.
func (p *pool) isIdle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running == 0
}

// close makes start return false from now on. It may be called more than once.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed && p.running == 0 {
		close(p.idle)
	}
	p.closed = true
}

// waitFor waits until the closed pool has finished, for d at most and not after
// cancel is closed. It reports whether the pool has finished.
func (p *pool) waitFor(d time.Duration, cancel <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.idle:
		return true
	case <-cancel:
	case <-t.C:
	}
	return false
}

// wait waits until the closed pool has finished, or the context ends.
func (p *pool) wait(ctx context.Context) error {
	select {
	case <-p.idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
