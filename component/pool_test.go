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

func TestPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(2)
		release := make(chan struct{})
		work := func() { <-release }
		require.True(t, p.start("a", work))
		require.False(t, p.start("a", work), "half of it")
		require.True(t, p.start("b", work))
		require.False(t, p.start("c", work), "full")
		release <- struct{}{}
		synctest.Wait()
		require.True(t, p.start("c", work), "one has finished")

		p.close()
		release <- struct{}{}
		synctest.Wait()
		require.False(t, p.start("d", work), "closed, though not full")

		waited := make(chan error)
		go func() { waited <- p.wait(t.Context()) }()
		synctest.Wait()
		select {
		case <-waited:
			t.Fatal("did not wait for the goroutine that still runs")
		default:
		}
		p.close() // again, and during a wait
		close(release)
		require.NoError(t, <-waited)
		require.NoError(t, p.wait(t.Context()), "again")
		p.close()
		require.False(t, p.start("d", work))
	})
}

// TestPoolInCrowd: a crowd of requesters leaves room for another one.
func TestPoolInCrowd(t *testing.T) {
	p := newPool(100)
	release := make(chan struct{})
	start := func(requester string) bool { return p.start(requester, func() { <-release }) }
	for i := range 1000 {
		start(fmt.Sprint(i % 9))
	}
	for i := range 9 {
		assert.Equal(t, 10, p.byRequester[fmt.Sprint(i)])
	}
	assert.True(t, start("another"))
	p.close()
	close(release)
	require.NoError(t, p.wait(t.Context()))
}

func TestPoolWaitEnds(t *testing.T) {
	reason := errors.New("reason")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	for name, prepare := range map[string]func(*pool) (release func()){
		"not closed": func(p *pool) func() { return p.close },
		"still running": func(p *pool) func() {
			release := make(chan struct{})
			require.True(t, p.start("", func() { <-release }))
			p.close()
			return func() { close(release) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPool(1)
			release := prepare(p)
			require.ErrorIs(t, p.wait(ctx), reason)
			release()
			require.NoError(t, p.wait(t.Context()))
		})
	}
	t.Run("never used", func(t *testing.T) {
		p := newPool(1)
		p.close()
		require.NoError(t, p.wait(t.Context()))
	})
}

// TestPoolStress starts, closes and waits concurrently. Never do more functions run
// than the size allows. When a wait returns, all have ended, and none starts after it.
func TestPoolStress(t *testing.T) {
	const size = 3
	for round := range 50 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			p := newPool(size)
			var started, ended, running atomic.Int32
			begin := make(chan struct{})
			var all sync.WaitGroup
			for n := range 8 {
				all.Go(func() {
					<-begin
					for range 50 {
						ok := p.start(fmt.Sprint(n), func() {
							defer ended.Add(1)
							assert.LessOrEqual(t, running.Add(1), int32(size))
							running.Add(-1)
						})
						if ok {
							started.Add(1)
						}
					}
				})
				all.Go(func() {
					<-begin
					for range n {
						p.start("", func() {})
					}
					p.close()
					assert.NoError(t, p.wait(t.Context()))
					assert.Zero(t, running.Load())
					assert.False(t, p.start("", func() {}))
				})
			}
			close(begin)
			all.Wait()
			assert.Equal(t, started.Load(), ended.Load())
		})
	}
}
