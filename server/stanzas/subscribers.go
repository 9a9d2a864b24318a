package stanzas

import (
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
)

// subscriberReads is the number of rosters that Subscribers reads at once.
const subscriberReads = 16

// Subscribers implements presence.Server. No server lists the subscribers of an address at
// the component's domain, so Subscribers reads the roster of every connected user. It leaves
// out a user whose roster the server cannot send, and logs that.
func (s *Server) Subscribers(ctx context.Context, address jid.JID, host string) ([]jid.JID, error) {
	connected, err := s.listUsers(ctx, host, "connected_users_vhost", s.api.Connected)
	if err != nil {
		return nil, err
	}
	var (
		mu          sync.Mutex
		subscribers []jid.JID
		started     = make(map[string]bool) // by user: a user may have several sessions
	)
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(subscriberReads)
	for _, c := range connected {
		user := c.Bare()
		if started[user.String()] {
			continue
		}
		started[user.String()] = true
		reads.Go(func() error {
			roster, err := s.Roster(ctx, user, nil)
			if e, ok := errors.AsType[*rosterpush.UnreadableError](err); ok {
				s.log.Warn("cannot find out whether a user is subscribed to an address at the component's domain", "name", address, "why", e)
				return nil
			}
			if err == nil && slices.ContainsFunc(roster.Items(), func(i rosterpush.Item) bool { return isSubscription(i, address) }) {
				mu.Lock()
				defer mu.Unlock()
				subscribers = append(subscribers, user)
			}
			return err
		})
	}
	err = reads.Wait()
	return subscribers, err
}

// isSubscription reports whether an item subscribes its owner to an address.
func isSubscription(i rosterpush.Item, address jid.JID) bool {
	return i.JID.Equal(address) && (i.Subscription == rosterpush.To || i.Subscription == rosterpush.Both)
}
