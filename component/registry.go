package component

import (
	"context"
	"slices"
	"sync"
	"time"

	"emanagement/xmpp/address"
)

// registry holds the current stream and the grants on it, and lets callers wait for
// either. Nothing else keeps that state.
type registry struct {
	mu       sync.Mutex
	link     *link                // nil while not connected
	grants   map[string]hostGrant // on the current stream, by prepared host
	excluded []string             // hosts that announce grants on the current stream and are not to be served
	stopped  bool                 // there will be no other stream
	changed  chan struct{}        // closed and replaced at every change
}

// hostGrant is a host's grant, with the host as its server spells it.
type hostGrant struct {
	host string
	Grant
}

func newRegistry() *registry {
	return &registry{changed: make(chan struct{})}
}

func (r *registry) update(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *registry) setLink(l *link) {
	r.update(func() { r.link, r.grants, r.excluded = l, make(map[string]hostGrant), nil })
}

func (r *registry) clearLink() {
	r.update(func() { r.link, r.grants = nil, nil })
}

// stop ends all waiting, now and later.
func (r *registry) stop() {
	r.update(func() { r.stopped = true })
}

// addGrant registers a host's grant on a stream and reports whether it is the host's
// first on it.
func (r *registry) addGrant(l *link, host string, g Grant) (first bool) {
	r.update(func() {
		key := address.PrepareHost(host)
		_, known := r.grants[key]
		if r.link == l {
			first = !known
			r.grants[key] = hostGrant{host, g}
		}
	})
	return first
}

// maxExcluded is the number of excluded hosts that are remembered on one stream. Any
// domain can claim to grant access.
const maxExcluded = 20

// addExcluded registers a host that announces a grant and is not to be served. It
// reports whether the host is new on this stream and worth a line in the log.
func (r *registry) addExcluded(host string) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.excluded) == maxExcluded || slices.Contains(r.excluded, host) {
		return false
	}
	r.excluded = append(r.excluded, host)
	return true
}

// excludedHosts returns those hosts, sorted.
func (r *registry) excludedHosts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(slices.Values(r.excluded))
}

// served returns the hosts that have granted access on the current stream, sorted,
// each as its server spells it.
func (r *registry) served() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var hosts []string
	for _, g := range r.grants {
		hosts = append(hosts, g.host)
	}
	slices.Sort(hosts)
	return hosts
}

// serves reports whether a host has granted access on the current stream.
func (r *registry) serves(host string) bool {
	_, ok := r.grant(host)
	return ok
}

// grant returns the grant of a host on the current stream.
func (r *registry) grant(host string) (g hostGrant, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g, ok = r.grants[address.PrepareHost(host)]
	return g, ok
}

// linkTo returns the current stream and the host as its server spells it. The stream
// is nil if it has ended or the host has not granted access on it.
func (r *registry) linkTo(host string) (*link, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g, ok := r.grants[address.PrepareHost(host)]
	if !ok {
		return nil, ""
	}
	return r.current(), g.host
}

// current returns the stream, or nil if it has ended: that is known a moment before
// clearLink is called. The caller must hold the lock.
func (r *registry) current() *link {
	if r.link == nil || r.link.cause() != nil {
		return nil
	}
	return r.link
}

// awaitLink waits until there is a stream.
func (r *registry) awaitLink(ctx context.Context) (*link, error) {
	return r.await(ctx, func() (time.Duration, bool) { return forever, r.current() != nil })
}

// awaitGrant waits until there is a stream and the host has granted access on it. It
// waits for the grant until timeout has passed since the handshake.
func (r *registry) awaitGrant(ctx context.Context, host string, timeout time.Duration) (*link, error) {
	l, err := r.await(ctx, func() (time.Duration, bool) {
		if r.current() == nil {
			return forever, false
		}
		_, ok := r.grants[address.PrepareHost(host)]
		return time.Until(r.link.since.Add(timeout)), ok
	})
	if err == nil && l == nil {
		return nil, &NotGrantedError{Host: host, Served: r.served(), Away: true}
	}
	return l, err
}

const forever = time.Duration(1<<63 - 1)

// await waits until ready returns true, and returns the stream of that moment. It
// returns no stream and no error once the time that ready returns is used up. ready
// is called with the lock held.
func (r *registry) await(ctx context.Context, ready func() (left time.Duration, ok bool)) (*link, error) {
	for {
		r.mu.Lock()
		left, ok := ready()
		l, changed, stopped := r.link, r.changed, r.stopped
		r.mu.Unlock()
		if stopped {
			return nil, errStopped
		}
		if ok {
			return l, nil
		}
		if left <= 0 {
			return nil, nil
		}
		t := time.NewTimer(left)
		select {
		case <-changed:
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil, context.Cause(ctx)
		}
		t.Stop()
	}
}
