package component

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCrew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(2)
		release := make(chan struct{})
		work := func() { <-release }
		require.True(t, c.start("a", work))
		require.False(t, c.start("a", work), "half of it")
		require.True(t, c.start("b", work))
		require.False(t, c.start("c", work), "full")
		release <- struct{}{}
		synctest.Wait()
		require.True(t, c.start("c", work), "one has finished")

		c.close()
		release <- struct{}{}
		synctest.Wait()
		require.False(t, c.start("d", work), "closed, though not full")

		waited := make(chan error)
		go func() { waited <- c.wait(t.Context()) }()
		synctest.Wait()
		select {
		case <-waited:
			t.Fatal("waited for nobody, while one still works")
		default:
		}
		c.close() // again, and while somebody waits
		close(release)
		require.NoError(t, <-waited)
		require.NoError(t, c.wait(t.Context()), "again")
		c.close()
		require.False(t, c.start("d", work))
	})
}

func TestCrewWaitEnds(t *testing.T) {
	reason := errors.New("reason")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	for name, prepare := range map[string]func(*crew) (release func()){
		"not closed": func(c *crew) func() { return c.close },
		"still at work": func(c *crew) func() {
			release := make(chan struct{})
			require.True(t, c.start("", func() { <-release }))
			c.close()
			return func() { close(release) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrew(1)
			release := prepare(c)
			require.ErrorIs(t, c.wait(ctx), reason)
			release()
			require.NoError(t, c.wait(t.Context()))
		})
	}
	t.Run("nobody ever came", func(t *testing.T) {
		c := newCrew(1)
		c.close()
		require.NoError(t, c.wait(t.Context()))
	})
}

// TestCrewStress starts, closes and waits from everywhere at once: never more
// at work than fit in, all who were started have ended when a wait returns,
// and none starts after it.
func TestCrewStress(t *testing.T) {
	const size = 3
	for round := range 50 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			c := newCrew(size)
			var started, ended, working atomic.Int32
			begin := make(chan struct{})
			var all sync.WaitGroup
			for n := range 8 {
				all.Go(func() {
					<-begin
					for range 50 {
						ok := c.start(fmt.Sprint(n), func() {
							defer ended.Add(1)
							assert.LessOrEqual(t, working.Add(1), int32(size))
							working.Add(-1)
						})
						if ok {
							started.Add(1)
						}
					}
				})
				all.Go(func() {
					<-begin
					for range n {
						c.start("", func() {})
					}
					c.close()
					assert.NoError(t, c.wait(t.Context()))
					assert.Zero(t, working.Load())
					assert.False(t, c.start("", func() {}))
				})
			}
			close(begin)
			all.Wait()
			assert.Equal(t, started.Load(), ended.Load())
		})
	}
}
