package rosterpush_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/memory"
	"emanagement/rosterpush"
)

func newItem(contact string, s rosterpush.Subscription) rosterpush.Item {
	return rosterpush.Item{JID: jid.MustParse(contact), Subscription: s}
}

// assertReads checks how many reads there were, and how many of them got the whole roster.
func assertReads(t *testing.T, server *memory.Server, reads, whole int, why ...any) {
	t.Helper()
	r, w := server.CountReads("alice@localhost")
	assert.Equal(t, [2]int{reads, whole}, [2]int{r, w}, why...)
}

// storeLarge stores a roster of 200 items, which is large enough to be kept.
func storeLarge(server *memory.Server, user string) {
	for n := range 200 {
		server.Store(user, newItem(fmt.Sprintf("large%d@localhost", n), rosterpush.Both))
	}
}

// TestKeptRosters: a large roster that is read again is not sent again, until it changes,
// whoever changes it.
func TestKeptRosters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memory.New()
		storeLarge(server, "alice@localhost")
		rosters := rosterpush.New(server)
		get := func(items int) {
			got, err := rosters.Get(t.Context(), alice)
			require.NoError(t, err)
			require.Len(t, got, items)
		}
		for range 5 {
			get(200)
		}
		assertReads(t, server, 5, 2, "the first read asks for no version")
		server.Store("alice@localhost", newItem("carol@localhost", rosterpush.Both))
		get(201)
		get(201)
		assertReads(t, server, 7, 3)
		_, err := rosters.Peek(t.Context(), alice)
		require.NoError(t, err)
		assertReads(t, server, 8, 4, "whoever looks at everything gets the whole roster")
		time.Sleep(time.Minute)
		get(201)
		get(201)
		assertReads(t, server, 10, 5, "what was read a minute ago counts no more")
		delete(server.Rosters, "alice@localhost")
		for range 3 {
			get(0)
		}
		assertReads(t, server, 13, 8, "a small roster is always sent")
	})
}

// TestKeptRostersOfAnotherServer: after a stream that broke, no roster counts that was read
// before.
func TestKeptRostersOfAnotherServer(t *testing.T) {
	b := newBench()
	storeLarge(b.server, "alice@localhost")
	for range 3 {
		_, err := b.rosters.Get(t.Context(), alice)
		require.NoError(t, err)
	}
	assertReads(t, b.server, 3, 2)
	require.NoError(t, b.rosters.Suspect(t.Context()))
	_, err := b.rosters.Get(t.Context(), alice)
	require.NoError(t, err)
	assertReads(t, b.server, 4, 3)
}

// TestKeptRostersHaveRoom: rosters that were not used for long make room for others.
func TestKeptRostersHaveRoom(t *testing.T) {
	server := memory.New()
	rosters := rosterpush.New(server)
	const users, perUser, nick = 30, 200, 5000 // 30 MB
	for u := range users {
		for i := range perUser {
			item := newItem(fmt.Sprintf("c%d@localhost", i), rosterpush.Both)
			item.Name = strings.Repeat("n", nick)
			server.Store(fmt.Sprintf("u%d@localhost", u), item)
		}
	}
	get := func(u int) (whole bool) {
		_, before := server.CountReads("alice@localhost")
		_, err := rosters.Get(t.Context(), jid.MustParse(fmt.Sprintf("u%d@localhost", u)))
		require.NoError(t, err)
		_, after := server.CountReads("alice@localhost")
		return after > before
	}
	for u := range users {
		assert.True(t, get(u))
		assert.True(t, get(u))
		assert.False(t, get(u))
	}
	assert.False(t, get(users-1), "the last one is kept")
	assert.True(t, get(0), "the first one is not")
}

// blockedRead blocks the first read until release is closed.
type blockedRead struct {
	*memory.Server
	once    sync.Once
	release chan struct{}
}

func (b *blockedRead) Roster(ctx context.Context, user jid.JID, known *rosterpush.Roster) (*rosterpush.Roster, error) {
	b.once.Do(func() { <-b.release })
	return b.Server.Roster(ctx, user, known)
}

// TestSharedReads: of many requests for one user that wait for each other, the first one reads
// the roster, and one read serves all the others. None of them is written wrongly.
func TestSharedReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &blockedRead{Server: memory.New(), release: make(chan struct{})}
		rosters := rosterpush.New(server)
		put := func(contact string, want bool) {
			changed, err := rosters.Put(t.Context(), alice, newItem(contact, rosterpush.Both), rosterpush.Fields{})
			assert.NoError(t, err)
			assert.Equal(t, want, changed, contact)
		}
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() { put(fmt.Sprintf("c%d@localhost", i), true) })
		}
		synctest.Wait()
		close(server.release)
		all.Wait()
		assertReads(t, server.Server, 2, 2)
		assert.Len(t, server.Rosters["alice@localhost"], 64)

		put("c0@localhost", false)
		assertReads(t, server.Server, 3, 3, "a request that comes later reads for itself")
	})
}

// TestSharedReadsKnowOwnChanges: requests about a few items wait for each other, in a known
// order. Each finds what those before it have made of its item, although it does not read
// the roster itself.
func TestSharedReadsKnowOwnChanges(t *testing.T) {
	for seed := range uint64(100) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			server := &blockedRead{Server: memory.New(), release: make(chan struct{})}
			rosters := rosterpush.New(server)
			stands := make(map[string]rosterpush.Subscription)
			var all sync.WaitGroup
			for n := range 30 {
				contact := []string{"bob@localhost", "carol@localhost", "Bob@localhost"}[random.IntN(3)]
				account := strings.ToLower(contact)
				want := rosterpush.Subscriptions()[random.IntN(4)]
				now, stood := stands[account]
				if random.IntN(3) == 0 {
					delete(stands, account)
					all.Go(func() {
						assert.Equal(t, !stood, errors.Is(rosters.Remove(t.Context(), alice, jid.MustParse(contact)), rosterpush.ErrNotInRoster), "seed %d, %d: %s", seed, n, contact)
					})
				} else {
					stands[account] = want
					all.Go(func() {
						changed, err := rosters.Put(t.Context(), alice, newItem(contact, want), rosterpush.Fields{})
						assert.NoError(t, err)
						assert.Equal(t, !stood || now != want, changed, "seed %d, %d: %s", seed, n, contact)
					})
				}
				synctest.Wait()
			}
			close(server.release)
			all.Wait()
			got := make(map[string]rosterpush.Subscription)
			for contact, item := range server.Rosters["alice@localhost"] {
				got[contact] = item.Subscription
			}
			assert.Equal(t, stands, got)
		})
	}
}
