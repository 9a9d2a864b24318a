package presence

import (
	"context"
	"maps"
	"slices"
	"sync"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/xmltext"
)

// ownPresences holds the presences of addresses at the component's domain. Such an
// address has no session, so no server keeps its presence. They are lost when the
// program ends.
type ownPresences struct {
	// announcing serializes announcements. It has a capacity of one: the holder's
	// token.
	announcing chan struct{}

	mu      sync.Mutex
	current map[string]Presence // by bare JID; an address without an entry is unavailable
}

func newOwnPresences() ownPresences {
	return ownPresences{announcing: make(chan struct{}, 1), current: make(map[string]Presence)}
}

// set stores the presence of an address.
func (o *ownPresences) set(address jid.JID, now Presence) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now.Unavailable {
		delete(o.current, address.Bare().String())
		return
	}
	o.current[address.Bare().String()] = now
}

// OwnPresence returns the presence of an address at the component's domain. The address
// is unavailable until Announce changes that. A resource is ignored.
func (p *Presences) OwnPresence(address jid.JID) Presence {
	p.own.mu.Lock()
	defer p.own.mu.Unlock()
	now, ok := p.own.current[address.Bare().String()]
	if !ok {
		return Presence{Unavailable: true}
	}
	return now
}

// Announce changes the presence of an address at the component's domain to the result of
// change, which receives the current one. It sends the new presence to every user who is
// connected on one of the hosts and subscribed to the address. A user who connects later
// probes for it, see SendTo.
//
// It waits for other announcements to end, and for the server. ErrIllegalText refuses
// the status, and the presence stays as it was. After any other failure the presence is
// changed, but some subscribers have not received it.
func (p *Presences) Announce(ctx context.Context, address jid.JID, change func(Presence) Presence, hosts ...string) error {
	select {
	case p.own.announcing <- struct{}{}:
		defer func() { <-p.own.announcing }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	now := change(p.OwnPresence(address))
	if !xmltext.Legal(now.Status) {
		return ErrIllegalText
	}
	p.own.set(address, now)
	for _, h := range hosts {
		subscribers, err := p.server.Subscribers(ctx, address.Bare(), h)
		if err != nil {
			return err
		}
		for _, s := range subscribers {
			if err := p.server.SendPresence(ctx, address.Bare(), s, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// Reannounce sends the presence of every available address at the component's domain
// again, to the users who are connected on a host and subscribed to the address. They
// may have probed for it while the component was not connected.
func (p *Presences) Reannounce(ctx context.Context, host string) error {
	return p.announceAll(ctx, func(now Presence) Presence { return now }, host)
}

// Withdraw makes every address at the component's domain unavailable because the
// component is about to end. It tells the users who are connected on the hosts and
// subscribed to the address.
func (p *Presences) Withdraw(ctx context.Context, hosts ...string) error {
	return p.announceAll(ctx, func(Presence) Presence { return Presence{Unavailable: true} }, hosts...)
}

// announceAll announces every available address at the component's domain.
func (p *Presences) announceAll(ctx context.Context, change func(Presence) Presence, hosts ...string) error {
	p.own.mu.Lock()
	addresses := slices.Sorted(maps.Keys(p.own.current))
	p.own.mu.Unlock()
	for _, a := range addresses {
		address, err := jid.Parse(a)
		if err != nil {
			return err
		}
		if err := p.Announce(ctx, address, change, hosts...); err != nil {
			return err
		}
	}
	return nil
}

// SendTo sends one recipient the presence of an address at the component's domain. If
// the presence changes meanwhile, it sends it again, so that the last presence sent is
// the current one.
func (p *Presences) SendTo(ctx context.Context, address, to jid.JID) error {
	for {
		now := p.OwnPresence(address)
		if err := p.server.SendPresence(ctx, address.Bare(), to, now); err != nil {
			return err
		}
		if p.OwnPresence(address) == now {
			return nil
		}
	}
}
