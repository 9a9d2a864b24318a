package component

import (
	"math/rand/v2"
	"time"
)

// backoff is the wait before the next attempt. It doubles from min to max. Each wait
// is shortened by a random part of up to a half, so that many components do not come
// back at once. reset starts anew at min.
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
