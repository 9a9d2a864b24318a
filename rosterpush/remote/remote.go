package remote

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/internal/failure"
	"emanagement/internal/serverapi"
	"emanagement/rosterpush"
)

// Server reaches the rosters of every host that grants a component access. It
// implements rosterpush.Server. A request whose stream is lost is asked again
// on the next one while its context lasts: all of them set a state, so that
// asking twice does no harm.
type Server struct {
	component *component.Component
	api       *serverapi.API
	log       *slog.Logger

	mu   sync.Mutex
	ways map[string]way // by host, as found out so far
}

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

// New returns the rosters that c may reach.
func New(c *component.Component, api *serverapi.API, log *slog.Logger) *Server {
	return &Server{component: c, api: api, log: log, ways: make(map[string]way)}
}

// Roster implements rosterpush.Server.
func (s *Server) Roster(ctx context.Context, user jid.JID) ([]rosterpush.Item, error) {
	var q query
	err := s.ask(ctx, user, func() error {
		q = query{}
		return s.component.Ask(ctx, stanza.GetIQ, user, get(), &q)
	})
	if err != nil {
		return nil, err
	}
	return q.items()
}

// Remove implements rosterpush.Server. The item is gone afterwards, also where
// it was gone before.
func (s *Server) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	err := s.write(ctx, user, func() xml.TokenReader { return remove(was.JID) }, func() error {
		return s.removeByAPI(ctx, user, was.JID)
	})
	if component.Condition(err) == stanza.ItemNotFound {
		return nil
	}
	return err
}

// Put implements rosterpush.Server. Name and groups go by roster stanza where
// the subscription need not change; where it must, the way depends on the
// host.
func (s *Server) Put(ctx context.Context, user jid.JID, item rosterpush.Item, was *rosterpush.Item) error {
	before := rosterpush.None
	if was != nil {
		before = was.Subscription
	}
	if before == item.Subscription {
		return s.put(ctx, user, item)
	}
	host := user.Domainpart()
	w := s.way(host)
	if w == unknown {
		var err error
		if w, err = s.learn(ctx, user, item); err != nil {
			return err
		}
		if w != byAPI {
			return nil // learn wrote it
		}
	}
	if w == byAPI {
		return s.putByAPI(ctx, user, item)
	}
	return s.put(ctx, user, item)
}

func (s *Server) put(ctx context.Context, user jid.JID, item rosterpush.Item) error {
	return s.write(ctx, user, func() xml.TokenReader { return set(item) }, func() error {
		return s.putByAPI(ctx, user, item)
	})
}

// write sends a roster stanza that changes something. Where the host takes
// none, viaAPI does the same.
func (s *Server) write(ctx context.Context, user jid.JID, payload func() xml.TokenReader, viaAPI func() error) error {
	host := user.Domainpart()
	if s.way(host) == byAPIAlone {
		return viaAPI()
	}
	err := s.ask(ctx, user, func() error {
		return s.component.Ask(ctx, stanza.SetIQ, user, payload(), nil)
	})
	if component.Condition(err) != stanza.InternalServerError {
		return err
	}
	if !s.api.HasHTTP() {
		return &failure.NotPermittedError{Host: host, What: noStanzas}
	}
	if err := viaAPI(); err != nil {
		return err
	}
	s.learnt(host, byAPIAlone)
	return nil
}

const noStanzas = "it answers a change of a roster with internal-server-error, as ejabberd before 23.10 always does: " +
	"upgrade it (from 25.03 on nothing else is needed), or let it offer its API over HTTP (mod_http_api) and write api: {url: …} into the configuration here"

// learn writes an item by stanza and looks whether the host took it, with its
// subscription. It is written then, unless the way is byAPI.
func (s *Server) learn(ctx context.Context, user jid.JID, item rosterpush.Item) (way, error) {
	if err := s.put(ctx, user, item); err != nil {
		return unknown, err
	}
	items, err := s.Roster(ctx, user)
	if err != nil {
		return unknown, err
	}
	if w := s.way(user.Domainpart()); w == byAPIAlone { // so the write has found
		return w, nil
	}
	w := byAPI
	for _, i := range items {
		if i.JID.Equal(item.JID) && i.Subscription == item.Subscription {
			w = byStanza
		}
	}
	s.learnt(user.Domainpart(), w)
	return w, nil
}

func (s *Server) putByAPI(ctx context.Context, user jid.JID, item rosterpush.Item) error {
	err := s.ask(ctx, user, func() error {
		return s.api.AddRosterItem(ctx, user, item.JID, item.Name, item.Groups, string(item.Subscription))
	})
	if e, ok := errors.AsType[*serverapi.Error](err); ok && e.Code == serverapi.Forbidden && !slices.Contains(s.component.Served(), item.JID.Domainpart()) {
		return &rosterpush.ForeignContactError{Contact: item.JID, Subscription: item.Subscription}
	}
	return notPermitted(user.Domainpart(), err)
}

func (s *Server) removeByAPI(ctx context.Context, user, contact jid.JID) error {
	err := s.ask(ctx, user, func() error { return s.api.DeleteRosterItem(ctx, user, contact) })
	return notPermitted(user.Domainpart(), err)
}

// notPermitted says of a command that could not be run what may be missing.
func notPermitted(host string, err error) error {
	e, ok := errors.AsType[*serverapi.Error](err)
	if !ok || e.Code != serverapi.Forbidden && e.Code != 0 {
		return err
	}
	what := "mod_adhoc_api must be loaded (before 25.03 there is none: then write api: {url: …} into the configuration here), " +
		"api_permissions must let this component run %s, and the access rule configure must allow it"
	if e.HTTP {
		what = "mod_http_api must listen where api: says here, and api_permissions must let who comes from there run %s"
	}
	return &failure.NotPermittedError{
		Host: host,
		What: fmt.Sprintf("in ejabberd.yml, "+what+" (the server says: %v)", e.Command, e),
	}
}

func (s *Server) way(host string) way {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ways[host]
}

func (s *Server) learnt(host string, w way) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ways[host] = w
}

// ask makes one request of a user's host, again whenever its stream is lost,
// and gives its error the name that rosterpush knows it by.
func (s *Server) ask(ctx context.Context, user jid.JID, request func() error) error {
	err := request()
	for errors.Is(err, component.ErrDisconnected) && ctx.Err() == nil {
		err = request()
	}
	if e, ok := errors.AsType[*component.NotGrantedError](err); ok {
		return &failure.NotServedError{Host: e.Host, Served: e.Served}
	}
	if _, ok := errors.AsType[*component.TimeoutError](err); ok || errors.Is(err, component.ErrDisconnected) || ctx.Err() != nil && err != nil {
		return fmt.Errorf("%s: %w: %w", user, failure.ErrNoAnswer, err)
	}
	return err
}
