package remote

import (
	"context"
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

	probing chan struct{}   // holds one while listing is used
	listing map[string]bool // by host: whether it lists its rosters, as found out so far
}

// way is how a host takes subscriptions.
type way int

const (
	unknown  way = iota
	byStanza     // the subscription in a roster stanza counts (Prosody)
	byAPI        // it is ignored; the server's API command writes it (ejabberd)
)

func (w way) String() string {
	return [...]string{"not known yet", "roster stanza", "API command add_rosteritem"}[w]
}

// New returns the rosters that c may reach.
func New(c *component.Component, api *serverapi.API, log *slog.Logger) *Server {
	return &Server{
		component: c, api: api, log: log, ways: make(map[string]way),
		probing: make(chan struct{}, 1), listing: make(map[string]bool),
	}
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
	err := s.ask(ctx, user, func() error {
		return s.component.Ask(ctx, stanza.SetIQ, user, remove(was.JID), nil)
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
		if w == byStanza {
			return nil // learn wrote it
		}
	}
	if w == byStanza {
		return s.put(ctx, user, item)
	}
	return s.putByAPI(ctx, user, item)
}

func (s *Server) put(ctx context.Context, user jid.JID, item rosterpush.Item) error {
	return s.ask(ctx, user, func() error {
		return s.component.Ask(ctx, stanza.SetIQ, user, set(item), nil)
	})
}

func (s *Server) putByAPI(ctx context.Context, user jid.JID, item rosterpush.Item) error {
	err := s.ask(ctx, user, func() error {
		return s.api.AddRosterItem(ctx, user, item.JID, item.Name, item.Groups, string(item.Subscription))
	})
	if err == nil {
		return nil
	}
	refused, ok := errors.AsType[*serverapi.Error](err)
	if !ok {
		return err
	}
	if refused.Code == serverapi.Forbidden && !slices.Contains(s.component.Served(), item.JID.Domainpart()) {
		return &rosterpush.ForeignContactError{Contact: item.JID, Subscription: item.Subscription}
	}
	return notPermitted(user.Domainpart(), "add_rosteritem", refused)
}

// notPermitted says what to add to the server's configuration.
func notPermitted(host, command string, refused error) error {
	return &failure.NotPermittedError{
		Host: host,
		What: fmt.Sprintf("in ejabberd.yml, mod_adhoc_api must be loaded, api_permissions must let this component run %s, and the access rule configure must allow it (the server says: %v)", command, refused),
	}
}

// learn writes an item by stanza and looks whether the host took its
// subscription.
func (s *Server) learn(ctx context.Context, user jid.JID, item rosterpush.Item) (way, error) {
	if err := s.put(ctx, user, item); err != nil {
		return unknown, err
	}
	items, err := s.Roster(ctx, user)
	if err != nil {
		return unknown, err
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
