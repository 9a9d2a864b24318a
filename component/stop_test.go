package component

import (
	"context"
	"encoding/xml"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

var hold = xml.Name{Space: "urn:test", Local: "hold"}

// holds registers a handler of <hold/> that waits for the release, or for the end of
// its context. It sends the cause of that end to the channel.
func (r *rig) holds(release <-chan struct{}) <-chan error {
	causes := make(chan error, 100)
	r.c.Handle(stanza.SetIQ, hold, func(ctx context.Context, _ Request) (xml.TokenReader, error) {
		select {
		case <-release:
			return nil, nil
		case <-ctx.Done():
			causes <- context.Cause(ctx)
			return nil, ctx.Err()
		}
	})
	return causes
}

func (p *peer) sendHold(id string) {
	p.t.Helper()
	p.send("<iq type='set' id='%s' from='user@localhost/r' to='emanagement.localhost'><hold xmlns='urn:test'/></iq>", id)
	synctest.Wait()
}

// requireRunning checks that Run has not returned.
func (r *rig) requireRunning() {
	r.t.Helper()
	synctest.Wait()
	require.Empty(r.t, r.result)
}

// TestStopWaitsForTheServer: the server ends its stream late, and sends a stanza
// before.
func TestStopWaitsForTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		p := r.deaf()
		p.rude = true
		p.listen()
		r.stop()
		receive(t, inBackground(func() error { <-p.ended; return nil }))
		pass(r.c.timing.close / 2)
		p.send(`<message to='emanagement.localhost' from='localhost'><body>still here</body></message>`)
		r.requireRunning()
		p.send("</stream:stream>")
		require.NoError(t, r.ended())
		assert.Empty(t, r.log.with("WARN"))
		_, err := p.conn.Read(make([]byte, 1))
		assert.Error(t, err, "the connection is closed")
	})
}

// TestStopGivesUpOnTheServer: the server never ends its stream.
func TestStopGivesUpOnTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		p := r.deaf()
		p.rude = true
		p.listen()
		began := time.Now()
		r.stop()
		require.NoError(t, r.ended())
		assert.Equal(t, r.c.timing.close, time.Since(began))
		assert.Len(t, r.log.with("WARN", "did not end the stream in time"), 1)
	})
}

// TestStopDrains: requests that are under way at the stop finish. New ones are refused,
// and nothing is sent after the end.
func TestStopDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		release := make(chan struct{})
		r.holds(release)
		r.run()
		p := r.accept("localhost")
		p.sendHold("1")
		r.stop()
		pass(r.c.timing.drain / 2)
		p.sendHold("2")
		e := p.hears()
		assert.Equal(t, "2", e.Attrs["id"])
		assert.Equal(t, hold, e.Children[0].Name)
		assert.Equal(t, "wait", e.Children[1].Attrs["type"])
		assert.Equal(t, "resource-constraint", e.Children[1].Children[0].Name.Local)

		// Requests under way may still send requests to the server.
		asked := r.asks("a@localhost")
		p.answer(p.hears(), "")
		require.NoError(t, receive(t, asked))
		r.requireRunning()
		close(release)
		e = p.hears()
		assert.Equal(t, "1", e.Attrs["id"])
		assert.Equal(t, "result", e.Attrs["type"])
		require.NoError(t, r.ended())
		p.hearsNothing()
		assert.Empty(t, r.log.with("WARN"))
	})
}

// TestStopAbandons: a request takes longer than a stop waits.
func TestStopAbandons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		causes := r.holds(nil)
		r.run()
		p := r.accept()
		p.sendHold("1")
		began := time.Now()
		r.stop()
		require.NoError(t, r.ended())
		assert.Equal(t, r.c.timing.drain, time.Since(began))
		require.ErrorIs(t, receive(t, causes), errStopped)
		assert.Empty(t, r.log.with("WARN"))
	})
}

// TestStopPutsInOrder: a request whose context has ended still has the stream for a
// while, to put in order what it began.
func TestStopPutsInOrder(t *testing.T) {
	for name, answers := range map[string]bool{"answered": true, "not answered": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				order := make(chan error, 1)
				r.c.Handle(stanza.SetIQ, hold, func(ctx context.Context, _ Request) (xml.TokenReader, error) {
					<-ctx.Done()
					err := r.c.Ask(context.WithoutCancel(ctx), stanza.GetIQ, jid.MustParse("a@localhost"), rosterQuery(), nil)
					order <- err
					return nil, err
				})
				r.run()
				p := r.accept("localhost")
				p.sendHold("1")
				began := time.Now()
				r.stop()
				e := p.hears()
				assert.Equal(t, r.c.timing.drain, time.Since(began))
				if answers {
					p.answer(e, "")
					require.NoError(t, receive(t, order))
				}
				require.NoError(t, r.ended())
				if !answers {
					require.ErrorIs(t, receive(t, order), ErrDisconnected)
					assert.Equal(t, r.c.timing.drain+r.c.timing.abort, time.Since(began))
					assert.Len(t, r.log.with("WARN", "abandoned"), 1)
				}
			})
		})
	}
}

// TestStopWithoutStream: the stop does not wait for requests once the stream has
// ended.
func TestStopWithoutStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		asked := make(chan error, 1)
		r.c.Handle(stanza.SetIQ, hold, func(ctx context.Context, _ Request) (xml.TokenReader, error) {
			tries := 0
			var err error
			for ; ctx.Err() == nil; tries++ {
				err = r.c.Ask(ctx, stanza.GetIQ, jid.MustParse("a@localhost"), rosterQuery(), nil)
			}
			assert.LessOrEqual(t, tries, 2, "it does not go on without a stream")
			asked <- err
			return nil, err
		})
		r.run()
		p := r.accept("localhost")
		p.sendHold("1")
		p.hears()
		r.stop()
		synctest.Wait()
		began := time.Now()
		p.conn.Close()
		require.NoError(t, r.ended())
		assert.Zero(t, time.Since(began))
		require.Error(t, receive(t, asked))
	})
}

// TestStopWhileReconnecting: the component is stopped while a request is under way and
// there is no stream.
func TestStopWhileReconnecting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		causes := r.holds(nil)
		r.run()
		p := r.accept()
		p.sendHold("1")
		p.conn.Close()
		synctest.Wait()
		r.stop()
		require.NoError(t, r.ended())
		require.ErrorIs(t, receive(t, causes), errStopped)
	})
}

// TestStreamEndsWhileStopping: the server closes the connection during the stop.
func TestStreamEndsWhileStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.holds(nil)
		r.run()
		p := r.accept()
		p.sendHold("1")
		r.stop()
		synctest.Wait()
		p.conn.Close()
		require.NoError(t, r.ended())
	})
}

// TestReplyOnNextStream: a request outlives its stream.
func TestReplyOnNextStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		release := make(chan struct{})
		r.holds(release)
		r.run()
		p := r.accept()
		p.sendHold("1")
		p.sendHold("2")
		p.conn.Close()
		synctest.Wait()
		release <- struct{}{} // finished while there is no stream
		p = r.accept()
		first := p.hears().Attrs["id"]
		release <- struct{}{}
		assert.ElementsMatch(t, []string{"1", "2"}, []string{first, p.hears().Attrs["id"]})
	})
}

// TestRequestTakesTooLong: a request takes longer than its own time limit.
func TestRequestTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		causes := r.holds(nil)
		r.run()
		p := r.accept()
		p.sendHold("1")
		e := p.hears()
		assert.Equal(t, "error", e.Attrs["type"])
		assert.Equal(t, "internal-server-error", e.Children[1].Children[0].Name.Local)
		require.ErrorIs(t, receive(t, causes), context.DeadlineExceeded)
	})
}

// TestTooManyRequests lowers the limits. Requests that find no place in the pool are
// refused, and dropped if too many refusals wait to be written.
func TestTooManyRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const places, room = 2, 3
		r := newRig(t)
		r.c.pool = newPool(2 * places) // half of it for one requester
		r.c.overflow = make(chan refusal, room)
		release := make(chan struct{})
		r.holds(release)
		r.run()
		p := r.deaf()
		for i := range 10 {
			p.sendHold(fmt.Sprint(i))
		}
		// One more refusal than there is room for is being written.
		assert.Len(t, r.log.with("WARN", "dropped"), 10-places-room-1)
		p.listen()
		for i := range room + 1 {
			e := p.hears()
			assert.Equal(t, fmt.Sprint(places+i), e.Attrs["id"])
			assert.Equal(t, "error", e.Attrs["type"])
		}
		close(release)
		for range places {
			assert.Equal(t, "result", p.hears().Attrs["type"])
		}
		p.sendHold("later")
		assert.Equal(t, "result", p.hears().Attrs["type"])
		p.hearsNothing()
	})
}

// TestAfterTheStop: when the component has stopped, calls that wait for a stream return,
// and so do later calls.
func TestAfterTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		p := r.accept("localhost")
		p.conn.Close()
		synctest.Wait()
		asked, delivered := r.asks("a@localhost"), r.delivers(t.Context(), "a@localhost", "localhost")
		synctest.Wait()
		began := time.Now()
		r.stop()
		require.NoError(t, r.ended())
		for _, err := range []error{
			receive(t, asked), receive(t, delivered),
			receive(t, r.asks("a@localhost")), r.c.Send(t.Context(), messageTo("a@localhost"), nil), r.c.Connected(t.Context()),
		} {
			require.ErrorIs(t, err, errStopped)
			require.NotErrorIs(t, err, ErrUnconfirmed)
		}
		assert.Zero(t, time.Since(began))
	})
}
