package stanzas

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"unicode"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/server"
	"emanagement/server/ejabberd"
)

// Server reaches the rosters of every host that grants a component access. It
// implements rosterpush.Server. A request whose stream is lost is asked again
// on the next one while its context lasts: all of them set a state, so that
// asking twice does no harm.
type Server struct {
	component *component.Component
	api       *ejabberd.API
	log       *slog.Logger
	ways      ways
	unreadable

	probing chan struct{}   // holds one while listing is used
	listing map[string]bool // by host: whether it lists its rosters, as found out so far
}

// New returns the rosters that c may reach. It has Check called for every host
// that grants access (component.OnGrant).
func New(c *component.Component, api *ejabberd.API, log *slog.Logger) *Server {
	s := &Server{
		component: c, api: api, log: log, ways: ways{hosts: make(map[string]*hostWay)},
		unreadable: newUnreadable(), probing: make(chan struct{}, 1), listing: make(map[string]bool),
	}
	c.OnGrant(s.Check)
	return s
}

// Roster implements rosterpush.Server.
func (s *Server) Roster(ctx context.Context, user jid.JID) ([]rosterpush.Item, error) {
	var answer component.Content
	err := s.read(ctx, user, func() error {
		return s.component.Ask(ctx, stanza.GetIQ, user, get(), &answer)
	})
	if component.Condition(err) == stanza.Forbidden {
		return nil, &fault.NotPermittedError{Host: user.Domainpart(), What: noRosters}
	}
	if err = server.Classify(ctx, user.String(), err); err != nil {
		return nil, err
	}
	var q query
	if err := answer.Decode(&q); err != nil {
		return nil, fmt.Errorf("%s: a roster that cannot be read: %w", user, err)
	}
	return q.items(answer.Damaged())
}

// Spelling implements rosterpush.Server.
func (s *Server) Spelling(host string) string { return s.component.Spelling(host) }

// Remove implements rosterpush.Server. The item is gone afterwards, also where
// it was gone before.
func (s *Server) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	byAPI := func() error { return s.removeByAPI(ctx, user, was.JID) }
	if unsendable(was.JID.Domainpart()) {
		return s.removeUnsendable(ctx, user, was.JID)
	}
	err := s.change(ctx, user, func() xml.TokenReader { return remove(was.JID) }, byAPI)
	if component.Condition(err) == stanza.ItemNotFound {
		return nil
	}
	return err
}

// unsendable says whether a host stands in a roster, by the server's own command, and
// cannot be in a stanza: the server refuses that, or says nothing at all.
func unsendable(host string) bool {
	return strings.ContainsFunc(host, unicode.IsSpace) || strings.Contains(host, "@") || strings.Contains("."+host, "..")
}

// Put implements rosterpush.Server. Name and groups go by roster stanza where
// the subscription need not change; where it must, the way depends on the
// host.
func (s *Server) Put(ctx context.Context, user jid.JID, item rosterpush.Item, was *rosterpush.Item) error {
	before := rosterpush.None
	switch {
	case was != nil:
		before = was.Subscription
	case item.Subscription != rosterpush.To:
		// No roster shows a request of the contact's that stands there alone. Under
		// the subscription none it would hide the new item, and under another one
		// nobody could answer it any more; under "to" it can still be answered.
		if err := s.Remove(ctx, user, rosterpush.Item{JID: item.JID}); err != nil {
			return err
		}
	}
	if before == item.Subscription {
		err := s.put(ctx, user, item)
		if component.Condition(err) == stanza.BadRequest && s.ways.now(user.Domainpart()) == byAPI {
			// ejabberd takes groups for the same if resourceprep makes them so,
			// or can make nothing of either (a tab, a mark of direction). Its API
			// does not.
			return s.putByAPI(ctx, user, item)
		}
		return err
	}
	w, err := s.ways.of(ctx, user.Domainpart())
	if err != nil {
		return err
	}
	if w == byAPI {
		return s.putByAPI(ctx, user, item)
	}
	// The answer to a stanza proves nothing, so that this looks again each time.
	if w, err = s.learn(ctx, user, item); err != nil || w != byAPI {
		return err
	}
	if err := s.putByAPI(ctx, user, item); err != nil {
		return errors.Join(err, s.putBack(ctx, user, item.JID, was))
	}
	s.ways.learnt(user.Domainpart(), byAPI, true)
	return nil
}

func (s *Server) put(ctx context.Context, user jid.JID, item rosterpush.Item) error {
	return s.change(ctx, user, func() xml.TokenReader { return set(item) }, func() error {
		return s.addByAPI(ctx, user, item)
	})
}

// putBack undoes what learn wrote, whose subscription the server ignored.
func (s *Server) putBack(ctx context.Context, user, contact jid.JID, was *rosterpush.Item) error {
	if was == nil {
		return s.Remove(ctx, user, rosterpush.Item{JID: contact})
	}
	return s.put(ctx, user, *was)
}

// change sends a roster set. Where the host takes none, viaAPI does the same.
func (s *Server) change(ctx context.Context, user jid.JID, payload func() xml.TokenReader, viaAPI func() error) error {
	host := user.Domainpart()
	known := s.ways.now(host)
	if known == byAPIAlone {
		return viaAPI()
	}
	err := s.ask(ctx, user, func() error {
		return s.component.Ask(ctx, stanza.SetIQ, user, payload(), nil)
	})
	switch component.Condition(err) {
	case "":
		if err == nil {
			s.unreadable.written(user)
		}
	case stanza.Forbidden:
		return &fault.NotPermittedError{Host: host, What: noRosters}
	case stanza.NotAllowed:
		return &fault.NotPermittedError{Host: host, What: noAccess}
	case stanza.InternalServerError:
		if known != unknown || isDatabaseFailure(err) {
			return err // it took others: something is wrong there at the moment
		}
		if !s.api.HasHTTP() {
			return &fault.NotPermittedError{Host: host, What: noStanzas}
		}
		if err := viaAPI(); err != nil {
			return err
		}
		s.ways.learnt(host, byAPIAlone, true)
		return nil
	}
	return err
}

// isDatabaseFailure says whether a server's own database has failed, in
// ejabberd's words: it is locked, or away.
func isDatabaseFailure(err error) bool {
	e, ok := errors.AsType[stanza.Error](err)
	return ok && slices.ContainsFunc(slices.Collect(maps.Values(e.Text)), func(text string) bool { return strings.Contains(text, "Database failure") })
}

const (
	noAccess  = "in ejabberd.yml, mod_roster: {access: …} does not allow it for this user"
	noRosters = "in ejabberd.yml, mod_privilege must say roster: {both: emanagement}, where the access rule emanagement allows this component; reload_config, and within a minute or so this component is connected anew, which it takes"
	noStanzas = "it answers a change of a roster with internal-server-error, as ejabberd before 23.10 always does: " +
		"upgrade it (from 25.03 on nothing else is needed), or let it offer its API over HTTP (mod_http_api) and write api: {url: …} into the configuration here"
)

// putByAPI writes an item where the API writes subscriptions, and stanzas all
// else.
func (s *Server) putByAPI(ctx context.Context, user jid.JID, item rosterpush.Item) error {
	if err := s.addByAPI(ctx, user, item); err != nil {
		return err
	}
	if s.ways.prove(user.Domainpart()) {
		s.ready(user.Domainpart(), byAPI)
	}
	// Of an approval the API knows nothing, and in an old form of its command it takes
	// one group, no more and no less.
	if item.Approved || len(item.Groups) != 1 && s.api.TakesOneGroup(user.Domainpart()) {
		return s.put(ctx, user, item)
	}
	return nil
}

// knows says whether a host is one of the server's under that very text: under
// another spelling the server takes it for a foreign one.
func (s *Server) knows(host string) bool {
	return s.component.Serves(host) && s.component.Spelling(host) == host
}

func (s *Server) addByAPI(ctx context.Context, user jid.JID, item rosterpush.Item) error {
	err := s.ask(ctx, user, func() error {
		return s.api.AddRosterItem(ctx, user, item.JID, item.Name, item.Groups, string(item.Subscription))
	})
	e, ok := errors.AsType[*ejabberd.Error](err)
	if ok && e.Code == ejabberd.Forbidden && s.ways.proven(user.Domainpart()) && !s.knows(item.JID.Domainpart()) {
		return &rosterpush.ForeignContactError{Contact: item.JID, Subscription: item.Subscription}
	}
	return s.refusal(ctx, user, err)
}

// removeUnsendable removes an item that no stanza can name. Ad-hoc commands refuse its
// host, which is none of the server's.
func (s *Server) removeUnsendable(ctx context.Context, user, contact jid.JID) error {
	err := s.removeByAPI(ctx, user, contact)
	if _, refused := errors.AsType[*fault.NotPermittedError](err); refused {
		return &rosterpush.RefusedError{User: user, Text: fmt.Sprintf("no stanza can name %s, and of API commands it takes that host over HTTP only (api in emanagement.yml); ejabberdctl delete_rosteritem removes it, too", contact)}
	}
	return err
}

func (s *Server) removeByAPI(ctx context.Context, user, contact jid.JID) error {
	return s.refusal(ctx, user, s.ask(ctx, user, func() error {
		return s.api.DeleteRosterItem(ctx, user, contact)
	}))
}

// refusal names the API's refusal of a change as rosterpush knows it.
func (s *Server) refusal(ctx context.Context, user jid.JID, err error) error {
	e, ok := errors.AsType[*ejabberd.Error](err)
	switch {
	case !ok:
		return err
	case e.Code == 0 && !e.HTTP && s.ways.proven(user.Domainpart()):
		// It worked before: now it crashed or took too long over there.
		return fmt.Errorf("%s: %w: %w", user, fault.ErrNoAnswer, e)
	case e.Code != 0 && e.Code != ejabberd.Forbidden:
		return &rosterpush.RefusedError{User: user, Text: e.Text}
	}
	return s.api.NotPermitted(ctx, user.Domainpart(), e)
}

func (s *Server) ready(host string, w way) {
	s.log.Info("ready", "host", host, "subscriptions_by", w)
}

// ask makes one request of a user's host, again whenever its stream is lost,
// and gives its error the name that rosterpush knows it by.
func (s *Server) ask(ctx context.Context, user jid.JID, request func() error) error {
	return server.Classify(ctx, user.String(), server.Repeat(ctx, request))
}
