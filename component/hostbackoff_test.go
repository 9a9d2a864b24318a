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
		require.True(t, b.mayReconnect("a", now), i)
		require.False(t, b.mayReconnect("a", now.Add(pause-1)), i)
		if i == 0 {
			require.False(t, b.mayReconnect("b", now.Add(pause-1)), "not so soon after the reconnect for another host")
		}
		now = now.Add(pause)
		pause = min(2*pause, maxReconnectPause)
	}
	require.Equal(t, maxReconnectPause, pause)
	require.True(t, b.mayReconnect("b", now.Add(-pause/2)), "each host has a pause of its own")

	// Answers count only after the pause.
	require.True(t, b.mayReconnect("a", now))
	b.noteAnswer("a", now.Add(pause))
	require.False(t, b.mayReconnect("a", now.Add(pause-1)))
	b.noteAnswer("a", now.Add(pause+1))
	require.True(t, b.mayReconnect("a", now.Add(pause+1)))
	require.False(t, b.mayReconnect("a", now.Add(pause+minReconnectPause)))
	require.True(t, b.mayReconnect("a", now.Add(pause+1+minReconnectPause)), "the pause is the shortest again")
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
				if !b.mayReconnect("a", now) {
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
