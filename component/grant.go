package component

import (
	"context"
	"encoding/xml"
	"slices"
	"sync"
	"time"

	"mellium.im/xmpp/jid"
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

// grantIn reads a grant out of a message: from a host itself (a bare domain),
// with <privilege/> as its first child (XEP-0356 §4.2).
func grantIn(in inbound) (host string, g Grant, ok bool) {
	if in.start.Name.Local != "message" {
		return "", Grant{}, false
	}
	if name := in.child.Name; name.Local != "privilege" || name.Space != nsPrivilege1 && name.Space != nsPrivilege2 {
		return "", Grant{}, false
	}
	from, err := jid.Parse(attr(in.start, "from"))
	if err != nil || from.Localpart() != "" || from.Resourcepart() != "" {
		return "", Grant{}, false
	}
	var p privilege
	if err := in.decodeChild(&p); err != nil {
		return "", Grant{}, false
	}
	g = Grant{Namespace: in.child.Name.Space, Access: make(map[string]string, len(p.Perms))}
	for _, perm := range p.Perms {
		if perm.Type != "none" {
			g.Access[perm.Access] = perm.Type
		}
	}
	return from.Domainpart(), g, len(g.Access) > 0
}

// board is what is known of the stream and its grants, for those who wait
// for either. The one owner of that state.
type board struct {
	mu      sync.Mutex
	link    *link            // nil while not connected
	grants  map[string]Grant // of this stream
	stopped bool             // there will be no other stream
	changed chan struct{}    // closed and replaced at every change
}

func newBoard() *board { return &board{changed: make(chan struct{})} }

func (b *board) update(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *board) connected(l *link) {
	b.update(func() { b.link, b.grants = l, make(map[string]Grant) })
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
		_, known := b.grants[host]
		if b.link == l && (known || len(b.grants) < maxHosts) {
			first = !known
			b.grants[host] = g
		}
	})
	return first
}

func (b *board) served() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var hosts []string
	for h := range b.grants {
		hosts = append(hosts, h)
	}
	slices.Sort(hosts)
	return hosts
}

// grant returns what a host has granted on the current stream, if it has.
func (b *board) grant(host string) (g Grant, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	g, ok = b.grants[host]
	return g, ok
}

// grantedOn returns the stream on which the host has granted access, if it
// has on the current one.
func (b *board) grantedOn(host string) *link {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.grants[host]; !ok {
		return nil
	}
	return b.current()
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
		_, ok := b.grants[host]
		return time.Until(b.link.since.Add(patience)), ok
	})
	if err == nil && l == nil {
		return nil, &NotGrantedError{Host: host, Served: b.served()}
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
		if stopped {
			return nil, errStopped
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
