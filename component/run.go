package component

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Run connects and serves until the context ends, and reconnects whenever the stream
// is lost. It returns nil when it is stopped. It returns an error only at the first
// start, if the server refuses for good (ErrNotAuthorized, ErrConflict) or the
// address cannot be right.
//
// When stopped, Run refuses new requests and gives the requests under way 7 s to
// finish. Then their contexts end, and they have another 3 s to put in order what they
// began. At last Run ends the stream. It may be called once. After its return, every
// call that needs a stream fails at once.
func (c *Component) Run(ctx context.Context) error {
	// Requests under way outlive a stream, because their replies can go out on the
	// next one. For a while they outlive the stop, too.
	work, abort := context.WithCancelCause(context.WithoutCancel(ctx))
	defer c.pool.wait(context.WithoutCancel(ctx))
	defer c.registry.stop()
	defer abort(errStopped)
	defer c.pool.close()

	wait := c.timing.backoff
	inOrder := false // how an earlier process left its last stream is unknown
	for first := true; ; {
		began := time.Now()
		l, err := c.connect(ctx)
		if err == nil {
			first = false
			s := c.newSession(work, l, !inOrder)
			inOrder, err = s.serve(ctx, abort)
		}
		if ctx.Err() != nil {
			return nil
		}
		if _, ok := errors.AsType[*permanentError](err); ok && first {
			return err
		}
		if l != nil && l.anyReply() || time.Since(began) >= c.timing.healthy {
			wait.reset()
		}
		// The pause counts from the start of the attempt, so a long-lived stream is
		// replaced at once.
		pause := max(0, wait.next()-time.Since(began))
		if errors.Is(err, ErrClosed) {
			// A server that refuses the component says so. One that only closes the
			// stream may do so because of one request: others must not wait for long.
			pause = min(pause, time.Second)
		}
		c.log.Warn("not connected", "server", c.cfg.Address, "why", err, "next_try_in", pause.Round(time.Millisecond))
		if !sleep(ctx, pause) {
			return nil
		}
	}
}

func (c *Component) connect(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timing.handshake)
	defer cancel()
	raw, err := c.dial(ctx, c.cfg.Address)
	if err != nil {
		return nil, err
	}
	conn := writeTimeoutConn{raw, c.timing.write}
	if err := negotiate(ctx, conn, c.cfg.JID, c.cfg.Secret); err != nil {
		raw.Close() // its own error would add nothing
		return nil, err
	}
	return newLink(conn, &c.sizes, c.cfg.MaxAnswer, c.log), nil
}

// serve runs one stream to its end. It returns whether the server ended it, and why it
// ended. abort ends the session's work.
func (s *session) serve(ctx context.Context, abort context.CancelCauseFunc) (inOrder bool, err error) {
	l := s.link
	defer s.end()
	s.log.Info("connected", "server", s.cfg.Address, "jid", s.cfg.JID)
	s.window.reset()
	s.registry.setLink(l)

	var reader sync.WaitGroup
	reader.Go(func() { l.read(s.receive) })
	s.helpers.Go(s.refuseOverflow)
	s.helpers.Go(s.reportMissing)
	s.helpers.Go(s.replaceUngranted)
	s.helpers.Go(s.refuseOversized)

	select {
	case <-l.done:
	case <-ctx.Done():
		s.drain(l, abort)
		l.end(errStopped)
	}
	s.end() // first, or reportMissing would take the cleared registry for missing grants
	s.registry.clearLink()
	inOrder = l.leave(s.leaveTimeout(), &reader)
	s.helpers.Wait() // after the reader, which could still have added to them
	if !inOrder {
		for _, f := range s.onBreak {
			f(s.work)
		}
	}
	s.log.Info("stream ended", "why", l.cause())
	if limit := s.sizes.learn(l.cause()); limit > 0 {
		s.log.Error("the server ended the stream because of a stanza's size; from now on no stanza of that size is sent", "bytes", limit+1, "why", &SizeError{Size: limit + 1, Limit: limit})
	}
	return inOrder, l.cause()
}

// leaveTimeout returns how long the server's own end of the stream is awaited. A server
// that has fallen silent will hardly send one.
func (s *session) leaveTimeout() time.Duration {
	if _, mute := errors.AsType[*silentError](s.link.cause()); mute {
		return s.timing.closeMute
	}
	return s.timing.close
}

// drain lets the requests under way finish while the stream lasts. When their time
// is up it ends their contexts and lets them put in order what they began.
func (c *Component) drain(l *link, abort context.CancelCauseFunc) {
	c.pool.close()
	if c.pool.waitFor(c.timing.drain, l.done) {
		return
	}
	abort(errStopped)
	if !c.pool.waitFor(c.timing.abort, l.done) {
		c.log.Warn("stopping: requests still under way are abandoned", "after", c.timing.drain+c.timing.abort)
	}
}

// sleep waits for d and reports whether the context outlasted it.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
