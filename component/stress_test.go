package component

import (
	"context"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

// TestStress: requests of both sides are under way all the time, on streams that end in
// various ways, and the component is stopped meanwhile. Everything ends, and no slot and
// no goroutine is left.
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
	var requesters []<-chan error
	for range 40 {
		requesters = append(requesters, inBackground(func() error {
			for asking.Err() == nil {
				_ = ask(asking) // with any result
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
	for _, done := range requesters {
		require.NoError(r.t, receive(r.t, done))
	}
	require.Zero(r.t, r.c.pool.running)
	require.Equal(r.t, windowSize, r.c.window.free)
	require.Empty(r.t, r.c.window.turns)
	require.Empty(r.t, r.c.Served())
}
