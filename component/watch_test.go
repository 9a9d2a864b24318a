package component

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/xmpp/address"
)

// watched returns a component that probes its hosts.
func watched(t *testing.T, hosts ...string) *rig {
	r := newRig(t, hosts...)
	r.c.timing = defaultTiming()
	return r
}

// serve answers each stanza with the text that reply returns, if it is not empty.
func (p *peer) serve(reply func(element) string) {
	p.reader.Go(func() {
		for e := range p.got {
			if s := reply(e); s != "" {
				_, _ = p.conn.Write([]byte(s)) // the component may be gone
			}
		}
	})
}

// noSuchUser returns a server's answer to a probe.
func noSuchUser(e element) string {
	return fmt.Sprintf("<iq type='error' id='%s' from='%s' to='%s'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", e.Attrs["id"], e.Attrs["to"], e.Attrs["from"])
}

// TestWatch checks the intervals and the content of the probes of a quiet host.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		r.run()
		p := r.accept("localhost")
		began := time.Now()
		var probes []time.Duration
		for time.Since(began) < 5*time.Minute {
			e := p.hears()
			probes = append(probes, time.Since(began))
			assert.Equal(t, "emanagement-watch@localhost", e.Attrs["to"])
			assert.Equal(t, "get", e.Attrs["type"])
			assert.Equal(t, "jabber:iq:roster", e.Children[0].Name.Space)
			p.send("%s", noSuchUser(e))
		}
		for i, at := range probes {
			want, began := r.c.timing.probeSettling.pause, time.Duration(0)
			if i > 0 {
				began = probes[i-1]
			}
			if began >= r.c.timing.settling {
				want = r.c.timing.probeEarly.pause
			}
			if began >= r.c.timing.healthy {
				want = r.c.timing.probe.pause
			}
			assert.Equal(t, want, at-began, i)
		}
		assert.Empty(t, r.c.silent.last)
		assert.Empty(t, r.log.with("WARN"))
	})
}

// TestUngranted: no host grants access on a stream. The stream is replaced, because a
// server announces a change of its configuration to new streams only.
func TestUngranted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		r.c.grantBackoff = backoff{min: time.Minute, max: time.Hour}
		r.run()
		p := r.accept() // how the stream before it ended is unknown
		began := time.Now()
		receive(t, inBackground(func() error { <-p.ended; return nil }))
		assert.Equal(t, r.c.timing.regrant, time.Since(began))
		for i := range 3 {
			p, began := r.accept(), time.Now()
			receive(t, inBackground(func() error { <-p.ended; return nil }))
			pause := time.Minute << i
			assert.GreaterOrEqual(t, time.Since(began), r.c.timing.grant+pause/2)
			assert.LessOrEqual(t, time.Since(began), r.c.timing.grant+pause)
			synctest.Wait()
			assert.Len(t, r.log.with("ERROR", "no access granted"), i+1)
		}
		p = r.accept("localhost")
		p.serve(noSuchUser)
		pass(3 * time.Hour)
		assert.Equal(t, []string{"localhost"}, r.c.Served())
	})
}

// TestWatchBusyHost: a host that answers requests all the time is not probed.
func TestWatchBusyHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		r.run()
		p := r.accept("localhost")
		for range 100 {
			pass(r.c.timing.probeSettling.pause - 100*time.Millisecond)
			asked := r.asks("a@localhost")
			e := p.hears()
			require.Equal(t, "a@localhost", e.Attrs["to"])
			p.answer(e, "")
			require.NoError(t, receive(t, asked))
		}
		p.hearsNothing()
	})
}

// TestSlowRequest: a request that is not answered soon makes the component probe its host
// at once. A host that answers the probe is left alone. One that does not is silent, and
// the server's end of the stream is not awaited for long.
func TestSlowRequest(t *testing.T) {
	for name, silent := range map[string]bool{"silent": true, "busy": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := watched(t)
				r.run()
				p := r.accept("localhost")
				p.rude = true
				for time.Since(p.began) < r.c.timing.healthy {
					p.send("%s", noSuchUser(p.hears()))
				}
				asked, began := r.asks("a@localhost"), time.Now()
				require.Equal(t, "a@localhost", p.hears().Attrs["to"])
				probe := p.hears()
				assert.Equal(t, "emanagement-watch@localhost", probe.Attrs["to"])
				assert.Equal(t, r.c.timing.slow, time.Since(began))
				if !silent {
					p.send("%s", noSuchUser(probe))
					assert.ErrorAs(t, receive(t, asked), new(*TimeoutError))
					return
				}
				assert.ErrorIs(t, receive(t, asked), ErrDisconnected)
				assert.Equal(t, r.c.timing.slow+r.c.timing.probe.patience, time.Since(began))
				r.accept("localhost")
				assert.Less(t, time.Since(began), r.c.timing.slow+r.c.timing.probe.patience+r.c.timing.closeMute+time.Second)
			})
		})
	}
}

// TestGrantsLostWithStream: a stream that follows a broken one and has no grants is
// replaced soon. It is not if the stream before was ended in order.
func TestGrantsLostWithStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		r.c.grantBackoff = backoff{min: time.Minute, max: time.Hour}
		r.run()
		p := r.accept("localhost")
		p.conn.Close()
		began := time.Now()
		p = r.accept()
		receive(t, inBackground(func() error { <-p.ended; return nil }))
		assert.Less(t, time.Since(began), 5*time.Second)
		p = r.accept()
		began = time.Now()
		receive(t, inBackground(func() error { <-p.ended; return nil }))
		assert.Greater(t, time.Since(began), r.c.timing.grant)
	})
}

// TestSilentHost: one host never answers, and another always does. The stream is
// replaced because of the silent one, soon at first and then ever more rarely.
func TestSilentHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t, "localhost", "silent.example")
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
				least := min(minReconnectPause<<(i-1), maxReconnectPause)
				assert.GreaterOrEqual(t, time.Since(last), least, i)
				assert.LessOrEqual(t, time.Since(last), least+2*(r.c.timing.probe.pause+r.c.timing.probe.patience), i)
			}
			last = time.Now()
			synctest.Wait()
			assert.Len(t, r.log.with("stream ended", "silent.example: granted access"), i+1)
		}
		assert.NotEmpty(t, r.log.with("WARN", "reconnecting has not helped", "host=silent.example"))
		assert.Empty(t, r.log.with("host=localhost", "WARN"))
		assert.NotContains(t, r.c.silent.last, "localhost")
	})
}

// TestSilentHostRecovers: a host that answers again on a new stream causes a reconnect
// at once if it falls silent again much later.
func TestSilentHostRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		r.run()
		for range 3 {
			p := r.accept("localhost")
			p.hears()
			began := time.Now()
			receive(t, inBackground(func() error { <-p.ended; return nil }))
			assert.LessOrEqual(t, time.Since(began), r.c.timing.probe.patience)

			p = r.accept("localhost")
			for range 20 {
				p.send("%s", noSuchUser(p.hears()))
			}
			assert.Empty(t, r.c.silent.last)
			p.conn.Close()
		}
	})
}

// TestStreamLostWhileProbing: the loss of the stream during a probe does not count as
// the host's silence. Otherwise it would delay a later reconnect for that host.
func TestStreamLostWhileProbing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		l, p := r.link()
		go l.read(l.dispatchReply)
		s := r.c.newSession(t.Context(), l, false)
		done := inBackground(func() error { s.watch("localhost"); return nil })
		p.hears()
		p.conn.Close()
		receive(t, done)
		assert.Empty(t, r.c.silent.last)
		assert.ErrorContains(t, l.cause(), "unexpected EOF")
	})
}
