package stanzas

import (
	"context"
	"errors"
	"sync"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/component"
	"emanagement/rosterpush"
	"emanagement/server"
)

// A server can store something in a roster that it cannot send, for example a nick that is a
// blob in ejabberd's SQL database. ejabberd then ends the stream on which the roster was
// requested. A repeated request would end the next stream, and with it all requests of other
// users.

// unreadableFor is how long a roster that has ended two streams is not requested again,
// unless it is written.
const unreadableFor = 10 * time.Minute

// unreadableRosters holds the rosters that end streams.
type unreadableRosters struct {
	// retrying serializes the repeated requests after the end of a stream. If another
	// stream ends meanwhile, the token's holder is the cause. It has a capacity of one:
	// the holder's token.
	retrying chan struct{}

	mu    sync.Mutex
	until map[string]time.Time // by user
}

func newUnreadableRosters() unreadableRosters {
	return unreadableRosters{retrying: make(chan struct{}, 1), until: make(map[string]time.Time)}
}

// contains reports whether a user's roster must not be requested.
func (u *unreadableRosters) contains(user jid.JID) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return time.Now().Before(u.until[user.String()])
}

func (u *unreadableRosters) add(user jid.JID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.until[user.String()] = time.Now().Add(unreadableFor)
}

// remove lets a user's roster be requested again. It is called when the roster was written.
func (u *unreadableRosters) remove(user jid.JID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.until, user.String())
}

// readRoster makes a request for a user's roster. If the server ends the stream meanwhile,
// readRoster repeats the request while no other one is repeated. If that ends the next
// stream, the error is a *rosterpush.UnreadableError.
func (s *Server) readRoster(ctx context.Context, user jid.JID, request func() error) error {
	if s.unreadable.contains(user) {
		return &rosterpush.UnreadableError{User: user}
	}
	err := request()
	if errors.Is(err, component.ErrClosed) {
		select {
		case s.unreadable.retrying <- struct{}{}:
			defer func() { <-s.unreadable.retrying }()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err = request(); errors.Is(err, component.ErrClosed) {
			s.unreadable.add(user)
			s.log.Error("the server ends the stream when it is asked for a roster; its own log says why", "user", user)
			return &rosterpush.UnreadableError{User: user}
		}
	}
	if errors.Is(err, component.ErrDisconnected) {
		err = server.Repeat(ctx, request)
	}
	return err
}
