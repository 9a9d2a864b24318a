package component

import (
	"context"
	"sync"
)

// window bounds the requests in flight. ejabberd works on one request of a component
// at a time, and more than some sixteen only make it slower. Free slots go round the
// hosts that wait and, within a host, round its requesters. So a thousand requests of
// one requester do not delay the only request of another.
//
// A slot is a lease. A request that stays unanswered for long is declared late, and
// its slot goes to other hosts. Its own host gets one slot at a time until it answers
// again. Late or not, no host has more unanswered requests than the window has slots.
// So a silent host takes the window from no other, and a slow host gets no additional
// work for being slow.
type window struct {
	mu    sync.Mutex
	size  int
	free  int
	hosts map[string]*hostShare
	turns []string // hosts with waiting requests, in the order of their turns
}

// hostShare is one host's share of the window.
type hostShare struct {
	taken   int                      // slots that its requests hold now
	late    int                      // its requests that had to return theirs
	silent  bool                     // it has a late request, and has answered none since
	waiting map[string][]chan *lease // by requester, in the order of their arrival
	turns   []string                 // requesters with waiting requests, in the order of their turns
}

// lease is one request's slot. Each of its methods may be called once, overdue before
// done.
type lease struct {
	w    *window
	host string
	late bool
}

func newWindow(size int) *window {
	return &window{size: size, free: size, hosts: make(map[string]*hostShare)}
}

// acquire waits for a slot, until the context ends. The error is the context's cause.
func (w *window) acquire(ctx context.Context, host, requester string) (*lease, error) {
	ready := make(chan *lease, 1)
	w.mu.Lock()
	w.enqueue(host, requester, ready)
	w.distribute()
	w.mu.Unlock()
	select {
	case l := <-ready:
		return l, nil
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case l := <-ready: // it came at the same moment: return it
		w.release(l)
		w.prune(host)
	default:
		w.dequeue(host, requester, ready)
	}
	return nil, context.Cause(ctx)
}

// overdue gives the slot of an unanswered request to other hosts.
func (l *lease) overdue() {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.late = true
	h := l.w.share(l.host)
	h.silent = true // first, or the slot could go to that host again
	h.late++
	l.w.release(l)
}

// done ends the request. answered means that the host replied.
func (l *lease) done(answered bool) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	h := l.w.share(l.host)
	if answered {
		h.silent = false
	}
	if l.late {
		h.late--
		l.w.distribute()
	} else {
		l.w.release(l)
	}
	l.w.prune(l.host)
}

// reset gives every host its full share again. It is called for each new stream.
func (w *window) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for host, h := range w.hosts {
		h.silent = false
		w.prune(host)
	}
	w.distribute()
}

func (w *window) share(host string) *hostShare {
	h := w.hosts[host]
	if h == nil {
		h = &hostShare{waiting: make(map[string][]chan *lease)}
		w.hosts[host] = h
	}
	return h
}

// prune deletes a host's share if it holds no information any more.
func (w *window) prune(host string) {
	if h := w.hosts[host]; h != nil && h.taken+h.late == 0 && !h.silent && len(h.turns) == 0 {
		delete(w.hosts, host)
	}
}

func (w *window) enqueue(host, requester string, ready chan *lease) {
	h := w.share(host)
	if len(h.turns) == 0 {
		w.turns = append(w.turns, host)
	}
	if len(h.waiting[requester]) == 0 {
		h.turns = append(h.turns, requester)
	}
	h.waiting[requester] = append(h.waiting[requester], ready)
}

func (w *window) dequeue(host, requester string, ready chan *lease) {
	h := w.share(host)
	h.waiting[requester] = without(h.waiting[requester], ready)
	if len(h.waiting[requester]) == 0 {
		delete(h.waiting, requester)
		h.turns = without(h.turns, requester)
	}
	if len(h.turns) == 0 {
		w.turns = without(w.turns, host)
		w.prune(host)
	}
}

func (w *window) release(l *lease) {
	w.free++
	w.share(l.host).taken--
	w.distribute()
}

// distribute gives free slots to waiting requests, in the order of the turns.
func (w *window) distribute() {
	for passed := 0; w.free > 0 && passed < len(w.turns); {
		host := w.turns[0]
		h := w.hosts[host]
		w.turns = append(w.turns[1:], host)
		if h.silent && h.taken > 0 || h.taken+h.late >= w.size {
			passed++
			continue
		}
		passed = 0
		requester := h.turns[0]
		ready := h.waiting[requester][0]
		h.turns = append(h.turns[1:], requester)
		w.free--
		h.taken++
		ready <- &lease{w: w, host: host}
		w.dequeue(host, requester, ready)
	}
}

// without returns list without the first element equal to x.
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
