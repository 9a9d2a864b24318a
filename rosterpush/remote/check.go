package remote

import (
	"context"
	"errors"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/internal/failure"
	"emanagement/rosterpush"
)

// The two accounts that Check uses. They need not exist, and nothing of them
// remains.
const (
	checkUser    = "emanagement"
	checkContact = "emanagement-check"
)

// checkTimeout bounds a Check.
const checkTimeout = 30 * time.Second

// Check finds out how a host takes subscriptions, and whether what is needed
// for it is permitted, by writing an item into the roster of an account that
// nobody has and removing it. What is missing goes to the log, with what to
// do. To be run whenever a host grants access.
func (s *Server) Check(ctx context.Context, host string) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	user, err := jid.New(checkUser, host, "")
	if err != nil {
		return
	}
	contact, err := jid.New(checkContact, host, "")
	if err != nil {
		return
	}
	s.learnt(host, unknown)
	s.api.Forget(host)
	item := rosterpush.Item{JID: contact, Subscription: rosterpush.Both}
	w, err := s.learn(ctx, user, item)
	if _, ok := errors.AsType[*failure.NotPermittedError](err); ok || errors.Is(err, failure.ErrUnreachable) {
		s.log.Error("rosters cannot be changed on this host", "host", host, "why", err)
		return
	}
	if err != nil {
		// Prosody keeps no roster for an account that it does not know: the
		// first item written for somebody real will tell.
		s.log.Info("how this host takes subscriptions is not known yet", "host", host, "why", err)
		return
	}
	if w == byAPI {
		err = s.putByAPI(ctx, user, item)
	}
	if rerr := s.Remove(ctx, user, item); err == nil {
		err = rerr
	}
	if err != nil && ctx.Err() == nil {
		s.log.Error("subscriptions cannot be written on this host", "host", host, "why", err)
		return
	}
	s.log.Info("ready", "host", host, "subscriptions_by", w)
}
