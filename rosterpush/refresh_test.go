package rosterpush_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/memory"
	"emanagement/rosterpush"
)

// TestRefresh: a large roster that was changed is read again when nobody has asked for
// anything for a while, and a small one is not.
func TestRefresh(t *testing.T) {
	for items, refreshed := range map[int]int{10: 0, 1000: 1} {
		synctest.Test(t, func(t *testing.T) {
			server := memory.New()
			for n := range items {
				server.Store("alice@localhost", newItem(fmt.Sprintf("c%d@localhost", n), rosterpush.Both))
			}
			rosters := rosterpush.New(server)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() {
				rosters.Refresh(ctx, "localhost")
				close(ended)
			}()
			for range 2 {
				_, err := rosters.Get(ctx, alice)
				require.NoError(t, err)
			}
			for n := range 20 { // 2 s without a quiet moment
				_, err := rosters.Put(ctx, alice, newItem(fmt.Sprintf("new%d@localhost", n), rosterpush.Both), fields)
				require.NoError(t, err)
				time.Sleep(100 * time.Millisecond)
			}
			before, _ := server.CountReads("alice@localhost")
			assert.Equal(t, 22, before)
			time.Sleep(time.Second)
			after, whole := server.CountReads("alice@localhost")
			assert.Equal(t, 22+refreshed, after)
			_, err := rosters.Get(ctx, alice)
			require.NoError(t, err)
			assertReads(t, server, after+1, whole+1-refreshed)
			cancel()
			<-ended
		})
	}
}

// TestChangesOfLargeRostersGather: requests that come one after the other at short intervals
// read a large roster before the first of them changes it.
func TestChangesOfLargeRostersGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memory.New()
		for n := range 1000 {
			server.Store("alice@localhost", newItem(fmt.Sprintf("c%d@localhost", n), rosterpush.Both))
		}
		rosters := rosterpush.New(server)
		for range 2 {
			_, err := rosters.Get(t.Context(), alice)
			require.NoError(t, err)
		}
		_, before := server.CountReads("alice@localhost")
		var all sync.WaitGroup
		for n := range 10 {
			all.Go(func() {
				_, err := rosters.Put(t.Context(), alice, newItem(fmt.Sprintf("new%d@localhost", n), rosterpush.Both), fields)
				assert.NoError(t, err)
			})
			time.Sleep(3 * time.Millisecond)
		}
		all.Wait()
		_, after := server.CountReads("alice@localhost")
		assert.Equal(t, before, after, "none of them needed the whole roster")
	})
}
