package component

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/xmpp/address"
)

func TestSilences(t *testing.T) {
	now := time.Unix(0, 0)
	var s silences
	s.healthy("a", now)
	s.healthy("b", now)
	pause := minSilencePause
	for i := range 10 {
		require.True(t, s.worthReconnecting("a", now), i)
		require.False(t, s.worthReconnecting("a", now.Add(pause-1)), i)
		if i == 0 {
			require.False(t, s.worthReconnecting("b", now.Add(pause-1)), "not so soon after another one's")
		}
		now = now.Add(pause)
		pause = min(2*pause, maxSilencePause)
	}
	require.Equal(t, maxSilencePause, pause)
	require.True(t, s.worthReconnecting("b", now.Add(-pause/2)), "each host for itself")

	// Answering for a while does not make up for it, answering for longer does.
	require.True(t, s.worthReconnecting("a", now))
	s.healthy("a", now.Add(pause))
	require.False(t, s.worthReconnecting("a", now.Add(pause-1)))
	s.healthy("a", now.Add(pause+1))
	require.True(t, s.worthReconnecting("a", now.Add(pause+1)))
	require.False(t, s.worthReconnecting("a", now.Add(pause+minSilencePause)))
	require.True(t, s.worthReconnecting("a", now.Add(pause+1+minSilencePause)), "it began anew")
}

// TestSilencesOfStrangers has ever new hosts claim to grant access and never
// answer: all together they are worth no more than one.
func TestSilencesOfStrangers(t *testing.T) {
	var s silences
	start := time.Unix(0, 0)
	n := 0
	for now := start; now.Sub(start) < 10*24*time.Hour; now = now.Add(15 * time.Second) {
		if s.worthReconnecting(fmt.Sprint(now.Unix()), now) {
			n++
		}
	}
	require.LessOrEqual(t, n, 10*24+7)
	require.Len(t, s.last, 1)
}

// TestSilencesForEver has a host that never answers be looked at every few
// seconds for a month: it is worth few reconnects, and none soon after another.
func TestSilencesForEver(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			var s silences
			start := time.Unix(0, 0)
			last, n := time.Time{}, 0
			for now := start; now.Sub(start) < 30*24*time.Hour; now = now.Add(time.Duration(r.Int64N(int64(time.Minute)))) {
				if !s.worthReconnecting("a", now) {
					continue
				}
				require.GreaterOrEqual(t, now.Sub(last), min(minSilencePause<<min(n, 10)/2, maxSilencePause))
				last = now
				n++
			}
			require.LessOrEqual(t, n, 30*24+7)
			require.Greater(t, n, 30*24/2)
		})
	}
}

// watched makes a component that looks at its hosts.
func watched(t *testing.T) *rig {
	r := newRig(t)
	r.c.timing = defaultTiming()
	return r
}

// serve answers what it hears with what reply says, nothing where that is "".
func (p *peer) serve(reply func(element) string) {
	p.reader.Go(func() {
		for e := range p.got {
			if s := reply(e); s != "" {
				_, _ = p.conn.Write([]byte(s)) // the component may be gone
			}
		}
	})
}

// noSuchUser is how a server answers to the look at a host.
func noSuchUser(e element) string {
	return fmt.Sprintf("<iq type='error' id='%s' from='%s' to='%s'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", e.Attrs["id"], e.Attrs["to"], e.Attrs["from"])
}

// TestWatch checks how often a quiet host is looked at, and with what.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		r.run()
		p := r.accept("localhost")
		began := time.Now()
		var looks []time.Duration
		for time.Since(began) < 5*time.Minute {
			e := p.hears()
			looks = append(looks, time.Since(began))
			assert.Equal(t, "emanagement-watch@localhost", e.Attrs["to"])
			assert.Equal(t, "get", e.Attrs["type"])
			assert.Equal(t, "jabber:iq:roster", e.Children[0].Name.Space)
			p.send("%s", noSuchUser(e))
		}
		for i, look := range looks {
			want := r.c.timing.watchSoon
			if i > 0 {
				look -= looks[i-1]
			}
			if i > 0 && looks[i-1] >= r.c.timing.healthy {
				want = r.c.timing.watch
			}
			assert.Equal(t, want, look, i)
		}
		assert.Empty(t, r.c.silences.last)
		assert.Empty(t, r.log.with("WARN"))
	})
}

// TestUngranted has no host grant access on a stream, until the server's
// configuration is changed, of which only a new stream is told.
func TestUngranted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		r.c.ungranted = backoff{min: time.Minute, max: time.Hour}
		r.run()
		for i := range 3 {
			p, began := r.accept(), time.Now()
			receive(t, inBackground(func() error { <-p.ended; return nil }))
			pause := time.Minute << i
			assert.GreaterOrEqual(t, time.Since(began), r.c.timing.grant+pause/2)
			assert.LessOrEqual(t, time.Since(began), r.c.timing.grant+pause)
			synctest.Wait()
			assert.Len(t, r.log.with("ERROR", "no host granted access"), i+1)
		}
		p := r.accept("localhost")
		p.serve(noSuchUser)
		pass(3 * time.Hour)
		assert.Equal(t, []string{"localhost"}, r.c.Served())
	})
}

// TestWatchBusyHost has a host answer all the time: it is not looked at.
func TestWatchBusyHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		r.run()
		p := r.accept("localhost")
		for range 100 {
			pass(r.c.timing.watchSoon - time.Second)
			asked := r.asks("a@localhost")
			e := p.hears()
			require.Equal(t, "a@localhost", e.Attrs["to"])
			p.answer(e, "")
			require.NoError(t, receive(t, asked))
		}
		p.hearsNothing()
	})
}

// TestSilentHost has one host never answer and another always: the stream is
// replaced for the silent one's sake, soon at first and ever more rarely.
func TestSilentHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		r.run()
		var last time.Time
		for i := range 12 {
			p := r.accept("localhost", "silent.example")
			p.serve(func(e element) string {
				if address.HostOf(e.Attrs["to"]) == "localhost" {
					return noSuchUser(e)
				}
				return ""
			})
			receive(t, inBackground(func() error { <-p.ended; return nil }))
			if i > 0 {
				least := min(minSilencePause<<(i-1), maxSilencePause)
				assert.GreaterOrEqual(t, time.Since(last), least, i)
				assert.LessOrEqual(t, time.Since(last), least+2*(r.c.timing.watch+r.c.timing.ask), i)
			}
			last = time.Now()
			synctest.Wait()
			assert.Len(t, r.log.with("stream ended", "silent.example: granted access"), i+1)
		}
		assert.NotEmpty(t, r.log.with("WARN", "reconnecting has not helped", "host=silent.example"))
		assert.Empty(t, r.log.with("host=localhost", "WARN"))
		assert.NotContains(t, r.c.silences.last, "localhost")
	})
}

// TestSilentHostRecovers has a new stream bring a host back, which is then
// worth a reconnect at once when it falls silent again much later.
func TestSilentHostRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		r.run()
		for range 3 {
			p := r.accept("localhost")
			p.hears()
			began := time.Now()
			receive(t, inBackground(func() error { <-p.ended; return nil }))
			assert.LessOrEqual(t, time.Since(began), r.c.timing.ask)

			p = r.accept("localhost")
			for range 20 {
				p.send("%s", noSuchUser(p.hears()))
			}
			assert.Empty(t, r.c.silences.last)
			p.conn.Close()
		}
	})
}

// TestStreamLostWhileLooking has the stream be lost while a host is looked at:
// that is not the host's silence, which would delay the reconnect it is worth
// later.
func TestStreamLostWhileLooking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		l, p := r.link()
		go l.read(l.resolve)
		s := &serving{Component: r.c, link: l, ctx: t.Context(), work: t.Context()}
		done := inBackground(func() error { s.watch("localhost"); return nil })
		p.hears()
		p.conn.Close()
		receive(t, done)
		assert.Empty(t, r.c.silences.last)
		assert.ErrorContains(t, l.cause(), "unexpected EOF")
	})
}
