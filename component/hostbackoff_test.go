package component

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestHostBackoff(t *testing.T) {
	now := time.Unix(0, 0)
	var b hostBackoff
	pause := minReconnectPause
	for i := range 10 {
		require.True(t, b.mayReconnect("a", now, true), i)
		require.False(t, b.mayReconnect("a", now.Add(pause-1), true), i)
		if i == 0 {
			require.False(t, b.mayReconnect("b", now.Add(pause-1), true), "not so soon after the reconnect for another host")
		}
		now = now.Add(pause)
		pause = min(2*pause, maxReconnectPause)
	}
	require.Equal(t, maxReconnectPause, pause)
	require.True(t, b.mayReconnect("b", now.Add(-pause/2), true), "each host has a pause of its own")

	// Answers count only after the pause.
	require.True(t, b.mayReconnect("a", now, true))
	b.noteAnswer("a", now.Add(pause))
	require.False(t, b.mayReconnect("a", now.Add(pause-1), true))
	b.noteAnswer("a", now.Add(pause+1))
	require.True(t, b.mayReconnect("a", now.Add(pause+1), true))
	require.False(t, b.mayReconnect("a", now.Add(pause+minReconnectPause), true))
	require.True(t, b.mayReconnect("a", now.Add(pause+1+minReconnectPause), true), "the pause is the shortest again")
}

// TestHostBackoffAlone: while no other host answers, a reconnect interrupts nobody, and
// may follow soon.
func TestHostBackoffAlone(t *testing.T) {
	now := time.Unix(0, 0)
	var b hostBackoff
	require.True(t, b.mayReconnect("a", now, false))
	now = now.Add(minLonePause)
	require.False(t, b.mayReconnect("a", now, true))
	require.True(t, b.mayReconnect("a", now, false))
	require.False(t, b.mayReconnect("a", now.Add(2*minLonePause-1), false), "at growing intervals")
	require.True(t, b.mayReconnect("a", now.Add(2*minLonePause), false))
}

// TestHostBackoffForEver: a host that never answers is probed every few seconds for a
// month. It causes few reconnects, and none soon after another.
func TestHostBackoffForEver(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			var b hostBackoff
			start := time.Unix(0, 0)
			last, n := time.Time{}, 0
			for now := start; now.Sub(start) < 30*24*time.Hour; now = now.Add(time.Duration(r.Int64N(int64(time.Minute)))) {
				if !b.mayReconnect("a", now, true) {
					continue
				}
				require.GreaterOrEqual(t, now.Sub(last), min(minReconnectPause<<min(n, 10)/2, maxReconnectPause))
				last = now
				n++
			}
			require.LessOrEqual(t, n, 30*24+7)
			require.Greater(t, n, 30*24/2)
		})
	}
}
