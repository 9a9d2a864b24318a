package verb

import (
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// refusalPeriod is the time after which the refusals that have no line of their own are
	// written as a number.
	refusalPeriod = time.Minute
	// maxRefusalLines limits the lines of one requester's refusals in a period. Anybody can
	// make requests, and a log that strangers fill hides what matters.
	maxRefusalLines = 10
	// maxRefused limits the requesters whose refusals are counted apart. Strangers can have
	// any number of names.
	maxRefused = 100
)

// otherRequesters stands for all requesters beyond maxRefused. No requester has that name.
const otherRequesters = "(others)"

// refusals decides which refusals get a line of their own in the audit log, and counts the
// others. They become one line for each requester at the end of the period.
type refusals struct {
	audit *slog.Logger

	mu     sync.Mutex
	since  time.Time      // when the present period began
	counts map[string]int // refusals in it, by requester
	due    *time.Timer    // writes the counts; nil if there are none to write
}

func newRefusals(audit *slog.Logger) *refusals {
	return &refusals{audit: audit, counts: make(map[string]int)}
}

// admit counts a refusal, and reports whether it gets a line of its own.
func (r *refusals) admit(requester string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.Sub(r.since) >= refusalPeriod {
		r.endPeriod()
		r.since = now
	}
	if r.counts[requester] == 0 && len(r.counts) >= maxRefused {
		requester = otherRequesters
	}
	r.counts[requester]++
	if r.counts[requester] <= maxRefusalLines {
		return true
	}
	if r.due == nil {
		r.due = time.AfterFunc(time.Until(r.since.Add(refusalPeriod)), r.flush)
	}
	return false
}

// flush writes what was counted, and begins a new period.
func (r *refusals) flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.endPeriod()
}

// endPeriod is flush for a caller that holds the lock.
func (r *refusals) endPeriod() {
	for _, requester := range slices.Sorted(maps.Keys(r.counts)) {
		if more := r.counts[requester] - maxRefusalLines; more > 0 {
			r.audit.Warn("refused", "asker", requester, "count", more, "since", r.since.UTC().Format(time.RFC3339))
		}
	}
	clear(r.counts)
	r.since = time.Time{}
	if r.due != nil {
		r.due.Stop()
		r.due = nil
	}
}
