package component

import (
	"context"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

var hold = xml.Name{Space: "urn:test", Local: "hold"}

// holds has requests <hold/> wait for the release or for the end of their
// context, whose cause goes to the channel.
func (r *rig) holds(release <-chan struct{}) (given <-chan error) {
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

// TestStopWaitsForTheServer has the server take its time to end its stream,
// and have something to say before.
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

// TestStopGivesUpOnTheServer has the server never end its stream.
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

// TestStopDrains has the component be stopped while requests are under way:
// they finish, new ones are refused, and nothing is sent after the end.
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

		// What is under way may still ask the server things.
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

// TestStopAbandons has a request take longer than there is time for.
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

// TestStopPutsInOrder has a request begin something that it must put in order
// when it is out of time: the stream is still there for that, for a while.
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
					assert.Equal(t, r.c.timing.drain+r.c.timing.giveUp, time.Since(began))
					assert.Len(t, r.log.with("WARN", "abandoned"), 1)
				}
			})
		})
	}
}

// TestStopWithoutStream has the stream end while requests are waited for: there
// is nothing more to wait for.
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
			assert.LessOrEqual(t, tries, 2, "it does not ask where nobody is")
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

// TestStopWhileReconnecting has a request be under way when there is no stream.
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

// TestStreamEndsWhileStopping has the server close the connection meanwhile.
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

// TestReplyOnNextStream has a request outlive its stream.
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
		release <- struct{}{} // finished while there is none
		p = r.accept()
		first := p.hears().Attrs["id"]
		release <- struct{}{}
		assert.ElementsMatch(t, []string{"1", "2"}, []string{first, p.hears().Attrs["id"]})
	})
}

// TestRequestTakesTooLong has a request's own time be over.
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

// TestTooManyRequests lowers the limits: beyond the crew requests are refused,
// and beyond the refusals that wait to be written, dropped.
func TestTooManyRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const places, room = 2, 3
		r := newRig(t)
		r.c.crew = newCrew(2 * places) // half of it for one asker
		r.c.overflow = make(chan Request, room)
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

// TestStress has requests of both sides be under way all the time, through
// streams that end in any way, and the component be stopped in the midst: all
// ends, and nothing is left.
func TestStress(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stress(watched(t), rand.New(rand.NewPCG(seed, 0)))
			})
		})
	}
}

func stress(r *rig, random *rand.Rand) {
	relay := xml.Name{Space: "urn:test", Local: "relay"}
	ask := func(ctx context.Context) error {
		return r.c.Ask(ctx, stanza.GetIQ, jid.MustParse("a@localhost"), rosterQuery(), nil)
	}
	r.c.Handle(stanza.GetIQ, relay, func(ctx context.Context, _ Request) (xml.TokenReader, error) {
		return nil, ask(ctx)
	})
	r.run()
	asking, stopAsking := context.WithCancel(r.t.Context())
	var askers []<-chan error
	for range 40 {
		askers = append(askers, inBackground(func() error {
			for asking.Err() == nil {
				_ = ask(asking) // any end will do
			}
			return nil
		}))
	}
	const streams = 5
	for n := range streams {
		p := r.accept("localhost")
		chance := rand.New(rand.NewPCG(random.Uint64(), 0))
		p.serve(func(e element) string {
			switch {
			case e.Attrs["type"] != "get", chance.IntN(10) == 0:
				return ""
			case chance.IntN(2) == 0:
				return noSuchUser(e)
			}
			pass(time.Duration(chance.Int64N(int64(10 * time.Millisecond))))
			return fmt.Sprintf("<iq type='result' id='%s' from='%s' to='%s'/>", e.Attrs["id"], e.Attrs["to"], e.Attrs["from"])
		})
		for i := range random.IntN(60) {
			_, _ = fmt.Fprintf(p.conn, "<iq type='get' id='%d' from='b@localhost/r' to='emanagement.localhost'><relay xmlns='urn:test'/></iq>", i)
		}
		pass(time.Duration(random.Int64N(int64(3 * time.Second))))
		if n == streams-1 {
			r.stop()
			break
		}
		if random.IntN(2) == 0 {
			_, _ = p.conn.Write([]byte("</stream:stream>"))
		}
		p.conn.Close()
	}
	require.NoError(r.t, r.ended())
	stopAsking()
	for _, done := range askers {
		require.NoError(r.t, receive(r.t, done))
	}
	require.Zero(r.t, r.c.crew.working)
	require.Equal(r.t, windowSize, r.c.window.free)
	require.Empty(r.t, r.c.window.turns)
	require.Empty(r.t, r.c.Served())
}

// TestAfterTheStop: who waits for a stream when there will be none any more,
// and who comes later, waits no longer.
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
