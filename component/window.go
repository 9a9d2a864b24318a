package component

import (
	"context"
	"sync"
)

// window bounds how many requests are in flight at once: ejabberd works on
// one at a time for a component, and more than some sixteen only make it
// slower. Free slots go round the hosts that wait, and within a host round
// its askers, so that nobody's thousand requests stand before another's one.
//
// A slot is a loan: a request that stays unanswered for long is declared late
// and its slot goes to other hosts. Its own host gets single slots only until
// it answers again, and never has more requests unanswered, late or not, than
// the window has slots. So a host that is silent takes the window from nobody,
// and one that is slow is not given more work for it.
type window struct {
	mu    sync.Mutex
	size  int
	free  int
	hosts map[string]*hostLine
	turns []string // hosts with somebody waiting, next in turn first
}

// hostLine is one host's share of the window.
type hostLine struct {
	taken   int                      // slots its requests hold now
	late    int                      // its requests that had to give theirs up
	silent  bool                     // has a late request and answered none since
	waiting map[string][]chan *lease // by asker, first come first
	turns   []string                 // askers with somebody waiting, next in turn first
}

// lease is one request's slot. Its methods may be called once each, late
// before done.
type lease struct {
	w    *window
	host string
	late bool
}

func newWindow(size int) *window {
	return &window{size: size, free: size, hosts: make(map[string]*hostLine)}
}

// acquire waits for a slot, until the context ends.
func (w *window) acquire(ctx context.Context, host, asker string) (*lease, error) {
	ready := make(chan *lease, 1)
	w.mu.Lock()
	w.enqueue(host, asker, ready)
	w.serve()
	w.mu.Unlock()
	select {
	case l := <-ready:
		return l, nil
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case l := <-ready: // it came at the same moment: give it back
		w.release(l)
		w.forget(host)
	default:
		w.dequeue(host, asker, ready)
	}
	return nil, context.Cause(ctx)
}

// overdue gives the slot of an unanswered request to others.
func (l *lease) overdue() {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.late = true
	h := l.w.line(l.host)
	h.silent = true // first, or the slot could go to that host again
	h.late++
	l.w.release(l)
}

// done ends the request; answered says whether the host replied.
func (l *lease) done(answered bool) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	h := l.w.line(l.host)
	if answered {
		h.silent = false
	}
	if l.late {
		h.late--
		l.w.serve()
	} else {
		l.w.release(l)
	}
	l.w.forget(l.host)
}

// forgive gives every host its full share again, as a new stream does.
func (w *window) forgive() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for host, h := range w.hosts {
		h.silent = false
		w.forget(host)
	}
	w.serve()
}

func (w *window) line(host string) *hostLine {
	h := w.hosts[host]
	if h == nil {
		h = &hostLine{waiting: make(map[string][]chan *lease)}
		w.hosts[host] = h
	}
	return h
}

// forget drops a host's line when it says nothing any more.
func (w *window) forget(host string) {
	if h := w.hosts[host]; h != nil && h.taken+h.late == 0 && !h.silent && len(h.turns) == 0 {
		delete(w.hosts, host)
	}
}

func (w *window) enqueue(host, asker string, ready chan *lease) {
	h := w.line(host)
	if len(h.turns) == 0 {
		w.turns = append(w.turns, host)
	}
	if len(h.waiting[asker]) == 0 {
		h.turns = append(h.turns, asker)
	}
	h.waiting[asker] = append(h.waiting[asker], ready)
}

func (w *window) dequeue(host, asker string, ready chan *lease) {
	h := w.line(host)
	h.waiting[asker] = without(h.waiting[asker], ready)
	if len(h.waiting[asker]) == 0 {
		delete(h.waiting, asker)
		h.turns = without(h.turns, asker)
	}
	if len(h.turns) == 0 {
		w.turns = without(w.turns, host)
		w.forget(host)
	}
}

func (w *window) release(l *lease) {
	w.free++
	w.line(l.host).taken--
	w.serve()
}

// serve hands free slots out, a host's turn after another's.
func (w *window) serve() {
	for passed := 0; w.free > 0 && passed < len(w.turns); {
		host := w.turns[0]
		h := w.hosts[host]
		w.turns = append(w.turns[1:], host)
		if h.silent && h.taken > 0 || h.taken+h.late >= w.size {
			passed++
			continue
		}
		passed = 0
		asker := h.turns[0]
		ready := h.waiting[asker][0]
		h.turns = append(h.turns[1:], asker)
		w.free--
		h.taken++
		ready <- &lease{w: w, host: host}
		w.dequeue(host, asker, ready)
	}
}

// without returns list less the first element equal to x.
func without[T comparable](list []T, x T) []T {
	for i, e := range list {
		switch {
		case e != x:
		case i == 0:
			return list[1:]
		default:
			return append(list[:i:i], list[i+1:]...)
		}
	}
	return list
}
