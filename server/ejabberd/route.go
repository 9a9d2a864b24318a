package ejabberd

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"emanagement/fault"
)

// How long a look at a host's ad-hoc commands waits: shorter where HTTP can take
// their place, else as long as ejabberd itself gives such a command.
const (
	lookWithHTTP    = 2 * time.Second
	lookWithoutHTTP = 5 * time.Second
)

// found is what a look at a host's ad-hoc commands found.
type found int

const (
	unknown   found = iota
	permitted       // we may run them
	refused         // they are not there, or we may not
	silent          // nothing answers: before 25.03 such a request is dropped
)

// choice remembers what was found, by host, until its next grant.
type choice struct {
	mu    sync.Mutex
	hosts map[string]*looked
}

// looked is what was found on one host. Who has its turn may look and change
// it.
type looked struct {
	turn chan struct{}
	found
}

func newChoice() *choice { return &choice{hosts: make(map[string]*looked)} }

func (c *choice) host(host string) *looked {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hosts[host] == nil {
		c.hosts[host] = &looked{turn: make(chan struct{}, 1)}
	}
	return c.hosts[host]
}

// Forget has the next command look again which way to go on a host. To be
// called when it grants access anew: its configuration may be another.
func (a *API) Forget(host string) {
	a.choice.mu.Lock()
	defer a.choice.mu.Unlock()
	delete(a.choice.hosts, host)
	a.adhoc.oneGroup.Delete(host)
}

// call runs one command on a host: ad hoc where that is there and permitted,
// else over HTTP. Of commands that ad-hoc permits, it forbids those about other
// servers' contacts, which HTTP may do.
func (a *API) call(ctx context.Context, host string, command string, args ...arg) (answer, error) {
	// Before the look, so that waiting for a stream is none of it; and HTTP would
	// reach every host of the server, granted or not.
	if err := a.adhoc.c.Ready(ctx, host); err != nil {
		return nil, err
	}
	if spelled := a.adhoc.c.Spelling(host); spelled != host {
		args = respelled(args, host, spelled)
		host = spelled
	}
	adhoc, err := a.look(ctx, host)
	switch {
	case err != nil:
		return nil, err
	case adhoc == silent && a.http == nil:
		return nil, &fault.NotPermittedError{Host: host, What: noWay}
	case adhoc == permitted || a.http == nil:
		got, err := a.adhoc.call(ctx, host, command, args)
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != Forbidden || a.http == nil {
			return got, err
		}
	}
	return a.http.call(ctx, command, args)
}

// respelled are arguments in which a host is spelled as its server spells it.
func respelled(args []arg, host, spelled string) []arg {
	args = slices.Clone(args)
	for i, g := range args {
		if g.value == any(host) {
			args[i].value = spelled
		}
	}
	return args
}

const (
	noWay  = "it does not answer the ad-hoc commands by which its API is reached: " + tooOld
	tooOld = "ejabberd has mod_adhoc_api since 25.03; upgrade an older one, " +
		"or let it offer its API over HTTP (mod_http_api) and write api: {url: …} into the configuration here"
)

// look says what is known of a host's ad-hoc commands, or finds it out. That
// nothing answers is not remembered where there is no other way, for it may
// have been a moment's load.
func (a *API) look(ctx context.Context, host string) (found, error) {
	h := a.choice.host(host)
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return unknown, context.Cause(ctx)
	}
	if h.found != unknown {
		return h.found, nil
	}
	f, err := a.try(ctx, host)
	if err == nil && (f != silent || a.http != nil) {
		h.found = f
	}
	return f, err
}

// try removes an item that is not there from the roster of an account that
// nobody has: what is permitted shows only where something is done.
func (a *API) try(ctx context.Context, host string) (found, error) {
	patience := lookWithoutHTTP
	if a.http != nil {
		patience = lookWithHTTP
	}
	trying, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := a.adhoc.call(trying, host, "add_rosteritem", []arg{
		{"localuser", "emanagement"}, {"localhost", host},
		{"user", "emanagement-check"}, {"host", host},
		{"nick", ""}, {"groups", []string{}}, {"subs", "remove"},
	})
	if e, ok := errors.AsType[*Error](err); ok {
		if e.Code == Forbidden || e.Code == 0 {
			return refused, nil
		}
		return permitted, nil
	}
	if err != nil && trying.Err() != nil && ctx.Err() == nil {
		return silent, nil
	}
	if err != nil {
		return unknown, err
	}
	return permitted, nil
}
