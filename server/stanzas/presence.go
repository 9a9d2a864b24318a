package stanzas

import (
	"context"
	"encoding/xml"
	"errors"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"
	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/presence"
	"emanagement/rosterpush"
	"emanagement/server"
)

// SendPresence implements presence.Server.
func (s *Server) SendPresence(ctx context.Context, name, to jid.JID, p presence.Presence) error {
	var typ stanza.PresenceType
	if p.Unavailable {
		typ = stanza.UnavailablePresence
	}
	err := s.component.Send(ctx, stanzaStart("presence", typ, name, to), content(p))
	return server.Classify(ctx, to.Domainpart(), err)
}

// content is what is inside a presence (RFC 6121 §4.7.2). What says nothing is
// left out.
func content(p presence.Presence) xml.TokenReader {
	var children []xml.TokenReader
	add := func(name, text string) {
		if text != "" {
			child := xml.StartElement{Name: xml.Name{Local: name}}
			children = append(children, xmlstream.Wrap(xmlstream.Token(xml.CharData(text)), child))
		}
	}
	if !p.Unavailable {
		add("show", p.Show)
	}
	add("status", p.Status)
	if !p.Unavailable && p.Priority != 0 {
		add("priority", strconv.Itoa(p.Priority))
	}
	return xmlstream.MultiReader(children...)
}

// subscriberReads is how many rosters Subscribers reads at once.
const subscriberReads = 16

// Subscribers implements presence.Server.
func (s *Server) Subscribers(ctx context.Context, name jid.JID, host string) ([]jid.JID, error) {
	connected, err := s.list(ctx, host, "connected_users_vhost", s.api.Connected)
	if err != nil {
		return nil, err
	}
	var (
		mu       sync.Mutex
		watchers []jid.JID
		seen     = make(map[string]bool)
	)
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(subscriberReads)
	for _, c := range connected {
		user := c.Bare()
		if seen[user.String()] {
			continue
		}
		seen[user.String()] = true
		reads.Go(func() error {
			items, err := s.Roster(ctx, user)
			if e, ok := errors.AsType[*rosterpush.UnreadableError](err); ok {
				s.log.Warn("whether somebody watches a name cannot be seen", "name", name, "why", e)
				return nil
			}
			if err == nil && slices.ContainsFunc(items, func(i rosterpush.Item) bool { return watches(i, name) }) {
				mu.Lock()
				defer mu.Unlock()
				watchers = append(watchers, user)
			}
			return err
		})
	}
	err = reads.Wait()
	return watchers, err
}

func watches(i rosterpush.Item, name jid.JID) bool {
	return i.JID.Equal(name) && (i.Subscription == rosterpush.To || i.Subscription == rosterpush.Both)
}

// Answer returns what answers presences to names at the component's domain, and
// to the component itself. Everybody may subscribe to a name, and is told the
// present one when asking. Of the component that holds for those for whom it is
// there; to them it is available.
func (s *Server) Answer(names *presence.Presences, isThereFor func(jid.JID) bool) func(ctx context.Context, p stanza.Presence) {
	return func(ctx context.Context, p stanza.Presence) {
		name, may := p.To.Bare(), true
		tell := func(to jid.JID) error { return names.SendTo(ctx, name, to) }
		if name.Localpart() == "" {
			may = isThereFor(p.From)
			tell = func(to jid.JID) error { return s.SendPresence(ctx, name, to, presence.Presence{}) }
		}
		if err := s.answer(ctx, p, may, tell); err != nil {
			s.log.Warn("a presence was not answered", "from", p.From, "to", p.To, "type", p.Type, "why", err)
		}
	}
}

// answer answers one presence. may says whether its sender may see that of whom
// it is to, and tell tells it.
func (s *Server) answer(ctx context.Context, p stanza.Presence, may bool, tell func(to jid.JID) error) error {
	from := p.From.Bare()
	reply := func(t stanza.PresenceType) error {
		return s.component.Send(ctx, stanzaStart("presence", t, p.To.Bare(), from), nil)
	}
	switch {
	case p.Type == stanza.UnsubscribePresence, p.Type == stanza.SubscribePresence && !may:
		return reply(stanza.UnsubscribedPresence)
	case p.Type == stanza.SubscribePresence:
		if err := reply(stanza.SubscribedPresence); err != nil {
			return err
		}
		return tell(from)
	case p.Type == stanza.ProbePresence && may:
		return tell(p.From)
	}
	return nil
}
