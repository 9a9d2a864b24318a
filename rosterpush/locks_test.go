package rosterpush_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
)

// halting is a server on which one write is held up, the n-th, counted from
// one, until release is closed. It can be read meanwhile.
type halting struct {
	*memory
	n       int
	release chan struct{}
}

func (h *halting) halt() {
	if h.n--; h.n == 0 {
		<-h.release
	}
}

func (h *halting) Put(ctx context.Context, user jid.JID, item rosterpush.Item, was *rosterpush.Item) error {
	h.halt()
	return h.memory.Put(ctx, user, item, was)
}

func (h *halting) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	h.halt()
	return h.memory.Remove(ctx, user, was)
}

// TestReadingWaitsForWrites has a pair held up at each of its writes in turn.
// Nobody is shown half of it.
func TestReadingWaitsForWrites(t *testing.T) {
	pair := func(r *rosterpush.Rosters, ctx context.Context) error {
		_, err := r.SetPair(ctx, rosterpush.Half{User: alice}, rosterpush.Half{User: bob})
		return err
	}
	for write := 1; write <= 2; write++ {
		synctest.Test(t, func(t *testing.T) {
			server := &halting{memory: newMemory(), n: write, release: make(chan struct{})}
			rosters := rosterpush.New(server)
			var setting error
			go func() { setting = pair(rosters, t.Context()) }()
			synctest.Wait() // it is held up now

			var read atomic.Int32
			for _, user := range []jid.JID{alice, bob} {
				go func() {
					items, err := rosters.Get(t.Context(), user)
					assert.NoError(t, err)
					assert.Len(t, items, 1)
					read.Add(1)
				}()
				synctest.Wait()
			}
			for _, users := range [][2]jid.JID{{alice, bob}, {bob, alice}} {
				go func() {
					yes, err := rosters.Bidirectional(t.Context(), users[0], users[1])
					assert.NoError(t, err)
					assert.True(t, yes)
					read.Add(1)
				}()
				synctest.Wait()
			}
			assert.Zero(t, read.Load(), "somebody was shown half a pair")
			other, err := rosters.Get(t.Context(), jid.MustParse("carol@localhost"))
			require.NoError(t, err, "who is not concerned does not wait")
			assert.Empty(t, other)

			close(server.release)
			synctest.Wait()
			assert.NoError(t, setting)
			assert.EqualValues(t, 4, read.Load())
		})
	}
}
