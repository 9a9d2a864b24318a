package rosterpush_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/memory"
	"emanagement/rosterpush"
)

// TestReadsWaitForWrites blocks each write of a pair in turn. No read shows half of
// the pair.
func TestReadsWaitForWrites(t *testing.T) {
	for write := int32(1); write <= 2; write++ {
		synctest.Test(t, func(t *testing.T) {
			server := &blockedWrite{Server: memory.New(), n: write, release: make(chan struct{})}
			rosters := rosterpush.New(server)
			var setError error
			go func() {
				_, setError = rosters.SetPair(t.Context(), rosterpush.Half{User: alice}, rosterpush.Half{User: bob})
			}()
			synctest.Wait() // the write is blocked now

			var reads atomic.Int32
			for _, user := range []jid.JID{alice, bob} {
				go func() {
					items, err := rosters.Get(t.Context(), user)
					assert.NoError(t, err)
					assert.Len(t, items, 1)
					reads.Add(1)
				}()
				synctest.Wait()
			}
			for _, users := range [][2]jid.JID{{alice, bob}, {bob, alice}} {
				go func() {
					yes, err := rosters.Bidirectional(t.Context(), users[0], users[1])
					assert.NoError(t, err)
					assert.True(t, yes)
					reads.Add(1)
				}()
				synctest.Wait()
			}
			assert.Zero(t, reads.Load(), "a read showed half a pair")
			other, err := rosters.Get(t.Context(), jid.MustParse("carol@localhost"))
			require.NoError(t, err, "another user's roster can be read")
			assert.Empty(t, other)

			close(server.release)
			synctest.Wait()
			assert.NoError(t, setError)
			assert.EqualValues(t, 4, reads.Load())
		})
	}
}

// blockedWrite is a server on which one write, the n-th, counted from one, blocks
// until release is closed. Reads do not block.
type blockedWrite struct {
	*memory.Server
	n       int32
	writes  atomic.Int32
	release chan struct{}
}

func (b *blockedWrite) block() {
	if b.writes.Add(1) == b.n {
		<-b.release
	}
}

func (b *blockedWrite) Put(ctx context.Context, user jid.JID, item rosterpush.Item, was *rosterpush.Item) error {
	b.block()
	return b.Server.Put(ctx, user, item, was)
}

func (b *blockedWrite) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	b.block()
	return b.Server.Remove(ctx, user, was)
}

// TestPeekDoesNotWait for a write of the same roster.
func TestPeekDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &blockedWrite{Server: memory.New(), n: 1, release: make(chan struct{})}
		rosters := rosterpush.New(server)
		go func() {
			_, err := rosters.Put(t.Context(), alice, rosterpush.Item{JID: bob, Subscription: rosterpush.Both}, fields)
			assert.NoError(t, err)
		}()
		synctest.Wait() // the write is blocked now
		items, err := rosters.Peek(t.Context(), alice)
		require.NoError(t, err)
		assert.Empty(t, items)

		close(server.release)
		synctest.Wait()
		items, err = rosters.Peek(t.Context(), alice)
		require.NoError(t, err)
		assert.Len(t, items, 1)
	})
}

// TestWritesOfOneItemDoNotOverlap runs changes of few users from many goroutines. No two
// write the same item at the same time. Changes of other items of the same roster run at
// once. None deadlocks.
func TestWritesOfOneItemDoNotOverlap(t *testing.T) {
	server := &overlapDetector{Server: memory.New(), writing: make(map[string]int)}
	var users []jid.JID
	for i := range 5 {
		users = append(users, jid.MustParse(fmt.Sprintf("u%d@localhost", i)))
	}
	rosters := rosterpush.New(server)
	var requests sync.WaitGroup
	for range 200 {
		requests.Go(func() {
			pick := rand.Perm(len(users))
			a, b := users[pick[0]], users[pick[1]]
			var err error
			switch rand.IntN(4) {
			case 0:
				_, err = rosters.SetPair(t.Context(), rosterpush.Half{User: a}, rosterpush.Half{User: b})
			case 1:
				err = rosters.UnsetPair(t.Context(), rosterpush.Half{User: a}, b)
			case 2:
				_, err = rosters.Put(t.Context(), a, rosterpush.Item{JID: b, Subscription: rosterpush.Subscriptions()[rand.IntN(4)]}, fields)
			default:
				err = rosters.Remove(t.Context(), a, b)
			}
			if !errors.Is(err, rosterpush.ErrNotBidirectional) && !errors.Is(err, rosterpush.ErrNotInRoster) {
				assert.NoError(t, err)
			}
		})
	}
	requests.Wait()
	assert.False(t, server.items, "two writes of one item")
	assert.True(t, server.rosters, "no two writes of one roster")
}

// overlapDetector notices two writes at the same time, of one item and of one roster.
type overlapDetector struct {
	*memory.Server
	mu             sync.Mutex
	writing        map[string]int // by user, and by user and contact
	items, rosters bool
}

func (o *overlapDetector) Put(ctx context.Context, user jid.JID, item rosterpush.Item, was *rosterpush.Item) error {
	defer o.begin(user, item.JID)()
	return o.Server.Put(ctx, user, item, was)
}

func (o *overlapDetector) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	defer o.begin(user, was.JID)()
	return o.Server.Remove(ctx, user, was)
}

func (o *overlapDetector) begin(user, contact jid.JID) (end func()) {
	own, item := user.String(), user.String()+" "+contact.String()
	add := func(n int) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.writing[own] += n
		o.writing[item] += n
		o.items = o.items || o.writing[item] > 1
		o.rosters = o.rosters || o.writing[own] > 1
	}
	add(1)
	runtime.Gosched()
	return func() { add(-1) }
}

// TestWaitingEndsWithItsContext: one request holds a user, a second one waits and is
// cancelled, and a third one still gets its turn.
func TestWaitingEndsWithItsContext(t *testing.T) {
	server := memory.New()
	held, release := make(chan struct{}), make(chan struct{})
	server.FailWrite = func(write int) error {
		if write == 1 {
			close(held)
			<-release
		}
		return nil
	}
	rosters := rosterpush.New(server)
	item := rosterpush.Item{JID: bob, Subscription: rosterpush.Both}
	var first sync.WaitGroup
	first.Go(func() {
		_, err := rosters.Put(t.Context(), alice, item, fields)
		assert.NoError(t, err)
	})
	<-held
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := rosters.Put(cancelled, alice, item, fields)
	assert.ErrorIs(t, err, context.Canceled)
	close(release)
	first.Wait()
	changed, err := rosters.Put(t.Context(), alice, item, fields)
	require.NoError(t, err)
	assert.False(t, changed)
}
