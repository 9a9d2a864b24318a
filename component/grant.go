package component

import (
	"context"
	"encoding/xml"
	"errors"
	"slices"
	"sync"
	"time"

	"emanagement/xmpp/address"
)

// Namespaces of the grants: ejabberd says :2 since 24.10, :1 before
// (XEP-0356 §7).
const (
	nsPrivilege1 = "urn:xmpp:privilege:1"
	nsPrivilege2 = "urn:xmpp:privilege:2"
)

// Grant is what one host permits this component (XEP-0356 §4).
type Grant struct {
	// Namespace is that in which it was announced, and in which the host takes
	// what this component sends by it.
	Namespace string
	// Access says by kind of access ("roster", "message", "presence", "iq")
	// its type ("both", "get", "outgoing", "managed_entity"; "" for iq).
	Access map[string]string
}

// privilege is the payload of the message that announces a grant.
type privilege struct {
	XMLName xml.Name `xml:"privilege"`
	Perms   []struct {
		Access string `xml:"access,attr"`
		Type   string `xml:"type,attr"`
	} `xml:"perm"`
}

// isGrant says whether a message announces a grant: it has <privilege/> as its
// first child (XEP-0356 §4.2).
func isGrant(in inbound) bool {
	if in.kind() != "message" {
		return false
	}
	name := in.child().Name
	return name.Local == "privilege" && (name.Space == nsPrivilege1 || name.Space == nsPrivilege2)
}

// grantIn reads a grant out of such a message. It must come from a host itself.
// The host keeps the spelling that it has there, for its server knows no other.
func grantIn(in inbound) (host string, g Grant, err error) {
	from, err := in.address("from")
	if err != nil {
		return "", Grant{}, err
	}
	if from.Localpart() != "" || from.Resourcepart() != "" {
		return "", Grant{}, errors.New("it does not come from a host itself")
	}
	var p privilege
	if err := in.decodeChild(&p); err != nil {
		return "", Grant{}, err
	}
	g = Grant{Namespace: in.child().Name.Space, Access: make(map[string]string, len(p.Perms))}
	for _, perm := range p.Perms {
		if perm.Type != "none" {
			g.Access[perm.Access] = perm.Type
		}
	}
	if len(g.Access) == 0 {
		return "", Grant{}, errors.New("it grants nothing")
	}
	return from.Domainpart(), g, nil
}

// board is what is known of the stream and its grants, for those who wait
// for either. The one owner of that state.
type board struct {
	mu      sync.Mutex
	link    *link              // nil while not connected
	grants  map[string]granted // of this stream, by prepared host
	past    map[string]bool    // the hosts that have granted access on any stream
	left    []string           // those that the configuration leaves out, of this stream
	stopped bool               // there will be no other stream
	changed chan struct{}      // closed and replaced at every change
}

// granted is a host's grant, and how its server spells the host.
type granted struct {
	host string
	Grant
}

func newBoard() *board {
	return &board{changed: make(chan struct{}), past: make(map[string]bool)}
}

func (b *board) update(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *board) connected(l *link) {
	b.update(func() { b.link, b.grants, b.left = l, make(map[string]granted), nil })
}

func (b *board) disconnected() {
	b.update(func() { b.link, b.grants = nil, nil })
}

// stop ends all waiting, now and later.
func (b *board) stop() {
	b.update(func() { b.stopped = true })
}

// maxHosts is how many hosts are listened to on one stream. Any domain can
// claim to grant access.
const maxHosts = 1000

// granted notes a host's grant on a stream; first says that it is the host's
// first on it.
func (b *board) granted(l *link, host string, g Grant) (first bool) {
	b.update(func() {
		key := address.PrepareHost(host)
		_, known := b.grants[key]
		if b.link == l && (known || len(b.grants) < maxHosts) {
			first = !known
			b.grants[key] = granted{host, g}
			b.past[key] = true
		}
	})
	return first
}

// leftOut notes a host that grants access and is not to be served.
func (b *board) leftOut(host string) {
	b.update(func() {
		if len(b.left) < maxHosts && !slices.Contains(b.left, host) {
			b.left = append(b.left, host)
		}
	})
}

// leftOutHosts lists them, sorted.
func (b *board) leftOutHosts() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(slices.Values(b.left))
}

// served lists the hosts, each as its server spells it.
func (b *board) served() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var hosts []string
	for _, g := range b.grants {
		hosts = append(hosts, g.host)
	}
	slices.Sort(hosts)
	return hosts
}

// serves says whether a host has granted access on the current stream.
func (b *board) serves(host string) bool {
	_, ok := b.grant(host)
	return ok
}

// grant returns what a host has granted on the current stream, if it has.
func (b *board) grant(host string) (g granted, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	g, ok = b.grants[address.PrepareHost(host)]
	return g, ok
}

// wasServed says whether a host has granted access on any stream.
func (b *board) wasServed(host string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.past[address.PrepareHost(host)]
}

// grantedOn returns the stream on which the host has granted access, if it
// has on the current one, and how its server spells it.
func (b *board) grantedOn(host string) (*link, string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	g, ok := b.grants[address.PrepareHost(host)]
	if !ok {
		return nil, ""
	}
	return b.current(), g.host
}

// current is the stream, unless it has ended: that is known a moment before
// disconnected is called.
func (b *board) current() *link {
	if b.link == nil || b.link.cause() != nil {
		return nil
	}
	return b.link
}

// awaitLink waits until there is a stream.
func (b *board) awaitLink(ctx context.Context) (*link, error) {
	return b.await(ctx, func() (time.Duration, bool) { return forever, b.current() != nil })
}

// awaitGrant waits until there is a stream and the host has granted access on
// it; for the grant, no longer than patience after the handshake.
func (b *board) awaitGrant(ctx context.Context, host string, patience time.Duration) (*link, error) {
	l, err := b.await(ctx, func() (time.Duration, bool) {
		if b.current() == nil {
			return forever, false
		}
		_, ok := b.grants[address.PrepareHost(host)]
		return time.Until(b.link.since.Add(patience)), ok
	})
	if err == nil && l == nil {
		served := b.served()
		return nil, &NotGrantedError{Host: host, Served: served, Away: len(served) == 0 || b.wasServed(host)}
	}
	return l, err
}

// settling is how long after the handshake hosts may still be announcing
// themselves; ejabberd does it within milliseconds.
const settling = time.Second

// awaitHosts waits until there is a stream and hosts have granted access on
// it; for the first, no longer than patience after the handshake. Empty: none
// has.
func (b *board) awaitHosts(ctx context.Context, patience time.Duration) ([]string, error) {
	_, err := b.await(ctx, func() (time.Duration, bool) {
		if b.current() == nil {
			return forever, false
		}
		if len(b.grants) == 0 {
			return time.Until(b.link.since.Add(patience)), false
		}
		left := time.Until(b.link.since.Add(min(settling, patience)))
		return left, left <= 0
	})
	return b.served(), err
}

const forever = time.Duration(1<<63 - 1)

// await waits until ready says so and returns the link of that moment, or nil
// when the patience that ready grants is over.
func (b *board) await(ctx context.Context, ready func() (time.Duration, bool)) (*link, error) {
	for {
		b.mu.Lock()
		left, ok := ready()
		l, changed, stopped := b.link, b.changed, b.stopped
		b.mu.Unlock()
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
