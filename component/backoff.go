package component

import (
	"math/rand/v2"
	"time"
)

// backoff says how long to wait before the next attempt to connect: doubling
// from min to max, each shortened by up to a half so that many components do
// not come back at once. The zero attempt counter starts anew after reset.
type backoff struct {
	min, max time.Duration
	attempts int
}

func (b *backoff) reset() { b.attempts = 0 }

// next returns the wait before the next attempt.
func (b *backoff) next() time.Duration {
	d := b.min << min(b.attempts, 16)
	if d <= 0 || d > b.max {
		d = b.max
	}
	b.attempts++
	return d/2 + rand.N(d/2+1)
}
