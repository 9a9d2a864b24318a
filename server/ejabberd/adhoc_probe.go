package ejabberd

import (
	"context"
	"errors"
	"sync"
	"time"
)

// The time that a probe of a host's ad-hoc commands waits for the answer. It is shorter if
// HTTP can take their place, and otherwise as long as ejabberd lets such a command run.
const (
	probeTimeoutWithHTTP = 2 * time.Second
	probeTimeout         = 5 * time.Second
)

// adhocState is the result of probing a host's ad-hoc commands.
type adhocState int

const (
	adhocUnknown   adhocState = iota
	adhocPermitted            // the component may run them
	adhocRefused              // they do not exist, or the component may not run them
	adhocSilent               // no answer: an ejabberd before 25.03 drops the request
)

// adhocProbes remembers the result of each host's probe until the host's next grant.
type adhocProbes struct {
	mu    sync.Mutex
	hosts map[string]*adhocProbe
}

// adhocProbe is the result of one host's probe.
type adhocProbe struct {
	// lock serializes probes and guards state. It has a capacity of one: the holder's
	// token.
	lock  chan struct{}
	state adhocState
}

func newAdhocProbes() *adhocProbes { return &adhocProbes{hosts: make(map[string]*adhocProbe)} }

func (p *adhocProbes) of(host string) *adhocProbe {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hosts[host] == nil {
		p.hosts[host] = &adhocProbe{lock: make(chan struct{}, 1)}
	}
	return p.hosts[host]
}

func (p *adhocProbes) forget(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.hosts, host)
}

// ForgetHost discards the results of probing a host, so that the next command probes it
// again. It must be called when the host grants access anew, because its configuration may
// have changed. It does not block.
func (a *API) ForgetHost(host string) {
	a.probes.forget(host)
	a.adhoc.singleGroup.Delete(host)
}

// adhocState returns the state of a host's ad-hoc commands, and probes them if it is
// unknown. Without HTTP it does not remember that a host was silent: the host may have been
// under load for a moment.
func (a *API) adhocState(ctx context.Context, host string) (adhocState, error) {
	p := a.probes.of(host)
	select {
	case p.lock <- struct{}{}:
		defer func() { <-p.lock }()
	case <-ctx.Done():
		return adhocUnknown, context.Cause(ctx)
	}
	if p.state != adhocUnknown {
		return p.state, nil
	}
	state, err := a.probeAdhoc(ctx, host)
	if err == nil && (state != adhocSilent || a.http != nil) {
		p.state = state
	}
	return state, err
}

// probeAdhoc removes an item that does not exist from the roster of an account that does
// not exist. Only a command that changes something shows whether changes are permitted.
func (a *API) probeAdhoc(ctx context.Context, host string) (adhocState, error) {
	timeout := probeTimeout
	if a.http != nil {
		timeout = probeTimeoutWithHTTP
	}
	probing, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := a.adhoc.call(probing, host, "add_rosteritem", []arg{
		{"localuser", "emanagement"}, {"localhost", host},
		{"user", "emanagement-check"}, {"host", host},
		{"nick", ""}, {"groups", []string{}}, {"subs", "remove"},
	})
	if e, ok := errors.AsType[*Error](err); ok {
		if e.Code == Forbidden || e.Code == 0 {
			return adhocRefused, nil
		}
		return adhocPermitted, nil
	}
	if err != nil && probing.Err() != nil && ctx.Err() == nil {
		return adhocSilent, nil
	}
	if err != nil {
		return adhocUnknown, err
	}
	return adhocPermitted, nil
}
