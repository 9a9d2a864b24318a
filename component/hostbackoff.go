package component

import (
	"sync"
	"time"
)

// hostBackoff limits how often the fault of a host makes the component reconnect. A host
// that never answers must not cause reconnects for ever. The hosts are those of
// Config.Hosts, so there are few.
type hostBackoff struct {
	mu     sync.Mutex
	last   map[string]hostReconnect // by host
	latest time.Time                // the last reconnect for any host
}

// hostReconnect is the last reconnect that a host has caused.
type hostReconnect struct {
	at    time.Time
	pause time.Duration // before the next
}

const (
	minReconnectPause = time.Minute
	maxReconnectPause = time.Hour
	// minLonePause is the first pause if a reconnect interrupts no other host.
	minLonePause = 2 * time.Second
)

// mayReconnect reports whether a host may make the component reconnect now, and if
// so registers that it does. It may the first time, and after that at growing
// intervals. interrupts means that other hosts answer on the present stream. Then the
// last reconnect for any host must be at least a minute ago.
func (b *hostBackoff) mayReconnect(host string, now time.Time, interrupts bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	least := minLonePause
	if interrupts {
		least = minReconnectPause
	}
	last, known := b.last[host]
	if known && now.Sub(last.at) < max(last.pause, least) || now.Sub(b.latest) < least {
		return false
	}
	if b.last == nil {
		b.last = make(map[string]hostReconnect)
	}
	b.last[host] = hostReconnect{at: now, pause: min(max(2*last.pause, least), maxReconnectPause)}
	b.latest = now
	return true
}

// noteAnswer registers that a host has answered. Its last reconnect is forgotten once
// the host answers after the pause that followed that reconnect.
func (b *hostBackoff) noteAnswer(host string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if last, known := b.last[host]; known && now.Sub(last.at) > last.pause {
		delete(b.last, host)
	}
}
