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

// A server can keep something in a roster that it cannot send: ejabberd ends the
// stream of whoever asks for such a one (a nick that is a blob in its SQL
// database). To ask again would end the next stream too, and with it the requests
// of everybody.

// unreadableFor is how long a roster that has ended two streams is not asked for
// again, unless it is written.
const unreadableFor = 10 * time.Minute

// unreadable are the rosters that end streams.
type unreadable struct {
	// turn holds one who asks again after a stream was ended. If another ends then,
	// it is for this one's sake.
	turn chan struct{}

	mu    sync.Mutex
	until map[string]time.Time // by user
}

func newUnreadable() unreadable {
	return unreadable{turn: make(chan struct{}, 1), until: make(map[string]time.Time)}
}

func (u *unreadable) has(user jid.JID) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return time.Now().Before(u.until[user.String()])
}

func (u *unreadable) note(user jid.JID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.until[user.String()] = time.Now().Add(unreadableFor)
}

// written has a roster asked for again.
func (u *unreadable) written(user jid.JID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.until, user.String())
}

// read makes a request for a user's roster. A request that was under way when the
// server ended the stream is made again alone. The error is a
// *rosterpush.UnreadableError where that ends the next stream.
func (s *Server) read(ctx context.Context, user jid.JID, request func() error) error {
	if s.unreadable.has(user) {
		return &rosterpush.UnreadableError{User: user}
	}
	err := request()
	if errors.Is(err, component.ErrClosed) {
		select {
		case s.unreadable.turn <- struct{}{}:
			defer func() { <-s.unreadable.turn }()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err = request(); errors.Is(err, component.ErrClosed) {
			s.unreadable.note(user)
			s.log.Error("the server ends the stream when it is asked for a roster; its own log says why", "user", user)
			return &rosterpush.UnreadableError{User: user}
		}
	}
	if errors.Is(err, component.ErrDisconnected) {
		err = server.Repeat(ctx, request)
	}
	return err
}
