package chat

import (
	"maps"
	"sync"
	"time"
)

const (
	// maxRefusals limits how many refused requesters are remembered.
	maxRefusals = 1000
	// firstBackoff is the pause between the first two refusals of a requester. Each further
	// one is twice as long, so that a program that answers each refusal meets silence.
	firstBackoff = time.Minute
	// maxBackoff is the longest pause between two refusals. After it, a refusal is
	// forgotten.
	maxBackoff = 24 * time.Hour
)

// refusals are the latest refusals of requesters without any grant.
type refusals struct {
	mu   sync.Mutex
	last map[string]refusal // by bare JID
}

// refusal is the latest refusal of one requester.
type refusal struct {
	at      time.Time
	backoff time.Duration // the pause before the next one
}

// allow reports whether a requester gets a refusal now, and remembers it. While too many
// requesters are remembered, others get none.
func (r *refusals) allow(requester string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	expired := func(r refusal) bool { return now.Sub(r.at) >= maxBackoff }
	last, known := r.last[requester]
	switch {
	case known && now.Sub(last.at) < last.backoff:
		return false
	case known && !expired(last):
		r.last[requester] = refusal{now, min(2*last.backoff, maxBackoff)}
		return true
	}
	if len(r.last) >= maxRefusals {
		maps.DeleteFunc(r.last, func(_ string, r refusal) bool { return expired(r) })
	}
	if len(r.last) >= maxRefusals {
		return false
	}
	r.last[requester] = refusal{now, firstBackoff}
	return true
}
