package stanzas

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/xmpp/address"
)

// way is how a host takes subscriptions.
type way int

const (
	unknown    way = iota
	byStanza       // the subscription in a roster stanza counts (Prosody)
	byAPI          // it is ignored; the server's API command writes it (ejabberd)
	byAPIAlone     // no roster stanza writes anything (ejabberd before 23.10)
)

func (w way) String() string {
	return [...]string{"not known yet", "roster stanza", "API command add_rosteritem", "API commands, as everything else"}[w]
}

// ways is what has been found out about every host.
type ways struct {
	mu    sync.Mutex
	hosts map[string]*hostWay
}

type hostWay struct {
	way     way
	proven  bool          // that way has worked
	checked chan struct{} // closed when Check has been through once
	once    sync.Once     // closes it
}

func (s *ways) host(name string) *hostWay {
	h := s.hosts[name]
	if h == nil {
		h = &hostWay{checked: make(chan struct{})}
		s.hosts[name] = h
	}
	return h
}

// of returns how a host takes subscriptions. It waits for the host's first
// Check.
func (s *ways) of(ctx context.Context, host string) (way, error) {
	s.mu.Lock()
	h := s.host(host)
	s.mu.Unlock()
	select {
	case <-h.checked:
	case <-ctx.Done():
		return unknown, fmt.Errorf("%s: %w: %w", host, fault.ErrNoAnswer, context.Cause(ctx))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return h.way, nil
}

// now is what is known of a host, without waiting.
func (s *ways) now(host string) way {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host(host).way
}

// proven says whether a host's way is known to work.
func (s *ways) proven(host string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host(host).proven
}

// prove notes that a host's way has worked, and says whether that is news.
func (s *ways) prove(host string) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.host(host)
	news = !h.proven
	h.proven = true
	return news
}

func (s *ways) learnt(host string, w way, proven bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.host(host)
	h.way, h.proven = w, proven
}

// doubt has stanzas tried again on a host that took none: its server may be a
// newer one by now.
func (s *ways) doubt(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.host(host); h.way == byAPIAlone {
		h.way = unknown
	}
}

// checked ends the waiting for a host's first Check.
func (s *ways) checked(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.host(host)
	h.once.Do(func() { close(h.checked) })
}

// The two accounts that Check uses. They need not exist. Nothing of them
// remains, unless the stream is lost in the midst: then the next Check takes
// it out.
const (
	checkUser    = "emanagement-check"
	checkContact = "emanagement-check-contact"
)

// checkTimeout bounds a Check.
const checkTimeout = 30 * time.Second

// Check finds out how a host takes subscriptions, and whether what is needed
// for it is permitted, by writing an item into the roster of an account that
// nobody has and removing it. What is missing goes to the log, with what to
// do. Until it has been through, writes to the host that change a subscription
// wait; what was known of it before counts meanwhile.
func (s *Server) Check(ctx context.Context, host string) {
	checking, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	s.api.Forget(host)
	s.forget(checking, host)
	s.ways.doubt(host)
	w, err := s.try(checking, host)
	if ctx.Err() != nil {
		return // the stream is lost, and the next one has a Check of its own
	}
	defer s.ways.checked(host)
	s.ways.learnt(host, w, err == nil)
	switch {
	case err == nil:
		s.ready(host, w)
	case w == unknown && (isNotPermitted(err) || isDatabaseFailure(err) || errors.Is(err, fault.ErrUnreachable)):
		s.log.Error("rosters cannot be changed on this host", "host", host, "why", err)
	case w == unknown:
		// Prosody keeps no roster for an account that it does not know: the
		// first item written for somebody real will tell.
		s.log.Info("how this host takes subscriptions is not known yet", "host", host, "why", err)
	default:
		s.log.Error("subscriptions cannot be written on this host", "host", host, "why", err)
	}
}

// try writes an item and removes it, and says which way it had to go.
func (s *Server) try(ctx context.Context, host string) (w way, err error) {
	user, contact := address.Account(checkUser, host), address.Account(checkContact, host)
	item := rosterpush.Item{JID: contact, Subscription: rosterpush.Both}
	// What stands already would be taken for what was written.
	if err := s.Remove(ctx, user, item); err != nil {
		return unknown, err
	}
	if w, err = s.learn(ctx, user, item); err != nil {
		return unknown, err
	}
	if w == byAPI {
		err = s.addByAPI(ctx, user, item)
	}
	return w, errors.Join(err, s.Remove(ctx, user, item))
}

func isNotPermitted(err error) bool {
	_, ok := errors.AsType[*fault.NotPermittedError](err)
	return ok
}

// learn writes an item by stanza and looks whether the host took its
// subscription; it is written then, unless the way is byAPI. No item with that
// subscription may have stood there.
func (s *Server) learn(ctx context.Context, user jid.JID, item rosterpush.Item) (way, error) {
	if err := s.put(ctx, user, item); err != nil {
		return unknown, err
	}
	if w := s.ways.now(user.Domainpart()); w == byAPIAlone { // so the write has found
		return w, nil
	}
	items, err := s.Roster(ctx, user)
	if err != nil {
		return unknown, err
	}
	for _, i := range items {
		if i.JID.Equal(item.JID) && i.Subscription == item.Subscription {
			return byStanza, nil
		}
	}
	return byAPI, nil
}
