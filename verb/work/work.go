// Package work keeps account of the verbs that run, whichever front they came by, so that
// the program can stop in one order.
package work

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrEnding refuses work because the program is about to stop.
var ErrEnding = errors.New("no more work: the program is about to stop")

// ErrAborted is the cause with which the context of work ends that was still under way
// when its time to finish was over.
var ErrAborted = errors.New("the program stops")

// Work is the work under way. New makes one. Its methods may be used concurrently.
type Work struct {
	ctx   context.Context
	abort context.CancelCauseFunc

	mu      sync.Mutex
	ending  bool
	running int
	idle    chan struct{} // closed once the work is ending and nothing runs
}

// New returns an account without work.
func New() *Work {
	w := &Work{idle: make(chan struct{})}
	w.ctx, w.abort = context.WithCancelCause(context.Background())
	return w
}

// Context returns the context of all work. It ends when Stop aborts the work.
func (w *Work) Context() context.Context { return w.ctx }

// Begin begins a piece of work. Its context ends with ctx, or when Stop aborts the work.
// The caller must call end when the work is over. The error is ErrEnding.
func (w *Work) Begin(ctx context.Context) (working context.Context, end func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ending {
		return nil, nil, ErrEnding
	}
	w.running++
	working, cancel := context.WithCancelCause(ctx)
	release := context.AfterFunc(w.ctx, func() { cancel(context.Cause(w.ctx)) })
	return working, func() {
		release()
		cancel(nil)
		w.end()
	}, nil
}

func (w *Work) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running--
	w.closeIfIdle()
}

// closeIfIdle marks the end of all work. The caller holds mu.
func (w *Work) closeIfIdle() {
	if w.ending && w.running == 0 {
		close(w.idle)
	}
}

// Stop refuses new work and waits until the work under way is over. After finish it ends
// the contexts of what is left, and after another undo it returns. abandoned is the
// number of pieces that are under way even then. Stop must be called once.
func (w *Work) Stop(finish, undo time.Duration) (abandoned int) {
	w.mu.Lock()
	w.ending = true
	w.closeIfIdle()
	w.mu.Unlock()
	defer w.abort(ErrAborted)
	if w.waitFor(finish) {
		return 0
	}
	w.abort(ErrAborted)
	if w.waitFor(undo) {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.running
}

// waitFor waits until nothing runs, for d at most, and reports whether that was reached.
func (w *Work) waitFor(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-w.idle:
		return true
	case <-t.C:
		return false
	}
}
