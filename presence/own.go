package presence

import (
	"context"
	"maps"
	"slices"
	"sync"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/xmltext"
)

// names keeps the presences of names at the component's own domain. They have
// no session anywhere, so what no server keeps for them is kept here, for as
// long as the program runs.
type names struct {
	announcing chan struct{} // holds the one who announces

	mu  sync.Mutex
	now map[string]Presence // by bare JID; who is not here is unavailable
}

func newNames() names {
	return names{announcing: make(chan struct{}, 1), now: make(map[string]Presence)}
}

// Name is the presence of a name at the component's domain: unavailable until
// Announce says otherwise.
func (p *Presences) Name(name jid.JID) Presence {
	p.names.mu.Lock()
	defer p.names.mu.Unlock()
	now, ok := p.names.now[name.Bare().String()]
	if !ok {
		return Presence{Unavailable: true}
	}
	return now
}

func (n *names) set(name jid.JID, now Presence) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now.Unavailable {
		delete(n.now, name.Bare().String())
		return
	}
	n.now[name.Bare().String()] = now
}

// Announce changes the presence of a name at the component's domain to what
// change makes of it, and sends it to all who are connected on the hosts and
// are subscribed to it. Who comes later asks for it, see Tell.
func (p *Presences) Announce(ctx context.Context, name jid.JID, change func(Presence) Presence, hosts ...string) error {
	select {
	case p.names.announcing <- struct{}{}:
		defer func() { <-p.names.announcing }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	now := change(p.Name(name))
	if !xmltext.Legal(now.Status) {
		return ErrIllegalText
	}
	p.names.set(name, now)
	for _, h := range hosts {
		watchers, err := p.server.Watchers(ctx, name.Bare(), h)
		if err != nil {
			return err
		}
		for _, w := range watchers {
			if err := p.server.Announce(ctx, name.Bare(), w, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// Renew sends the presence of every name that has one to those who are
// connected on a host and subscribed to it: they may have asked for it while
// nobody was there to answer.
func (p *Presences) Renew(ctx context.Context, host string) error {
	return p.each(ctx, func(now Presence) Presence { return now }, host)
}

// Leave makes every name unavailable, and tells so those who are connected on
// the hosts and subscribed to it: the component is about to end.
func (p *Presences) Leave(ctx context.Context, hosts ...string) error {
	return p.each(ctx, func(Presence) Presence { return Presence{Unavailable: true} }, hosts...)
}

// each announces every name that has a presence.
func (p *Presences) each(ctx context.Context, change func(Presence) Presence, hosts ...string) error {
	p.names.mu.Lock()
	names := slices.Sorted(maps.Keys(p.names.now))
	p.names.mu.Unlock()
	for _, n := range names {
		name, err := jid.Parse(n)
		if err != nil {
			return err
		}
		if err := p.Announce(ctx, name, change, hosts...); err != nil {
			return err
		}
	}
	return nil
}

// Tell sends somebody the presence of a name, and once more where it has
// changed meanwhile, so that the last one sent is the one that stands.
func (p *Presences) Tell(ctx context.Context, name, to jid.JID) error {
	for {
		now := p.Name(name)
		if err := p.server.Announce(ctx, name.Bare(), to, now); err != nil {
			return err
		}
		if p.Name(name) == now {
			return nil
		}
	}
}
