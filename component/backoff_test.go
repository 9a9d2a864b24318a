package component

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBackoff: the waits double from min and stay at max, and none is shortened by more
// than a half.
func TestBackoff(t *testing.T) {
	for name, b := range map[string]backoff{
		"default":   defaultTiming().backoff,
		"constant":  {min: time.Second, max: time.Second},
		"long":      {min: time.Hour, max: 300 * time.Hour},
		"tiny":      {min: 1, max: time.Minute},
		"max first": {min: time.Minute, max: time.Second},
		"nothing":   {},
	} {
		t.Run(name, func(t *testing.T) {
			for round := range 2 {
				full := b.min
				for i := range 1000 {
					d := b.next()
					want := min(full, b.max)
					if i > 16 { // it is at max by then, or never will be
						require.LessOrEqual(t, d, b.max)
					} else {
						require.LessOrEqual(t, d, want, "attempt %d of round %d", i, round)
						require.GreaterOrEqual(t, d, want/2, "attempt %d of round %d", i, round)
					}
					full = min(2*full, math.MaxInt64/4)
				}
				b.reset()
			}
		})
	}
}

// TestBackoffSpreads: components that lost their server together do not come back
// together.
func TestBackoffSpreads(t *testing.T) {
	waits := make(map[time.Duration]bool)
	for range 100 {
		b := backoff{min: time.Hour, max: time.Hour}
		waits[b.next()] = true
	}
	assert.Greater(t, len(waits), 90)
}
