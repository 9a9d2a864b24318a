package component

import (
	"sync"
	"time"
)

// hostBackoff limits how often the fault of a host makes the component reconnect.
// Any domain can claim to grant access. So a host that never answers must not cause
// reconnects for ever, nor must a hundred such hosts in turns.
type hostBackoff struct {
	mu     sync.Mutex
	proven map[string]bool          // hosts that have answered on any stream
	last   map[string]hostReconnect // by host; hosts that never answered share the key ""
	latest time.Time                // the last reconnect for any host
}

// hostReconnect is the last reconnect that a host has caused.
type hostReconnect struct {
	host  string
	at    time.Time
	pause time.Duration // before the next
}

const (
	minReconnectPause = time.Minute
	maxReconnectPause = time.Hour
)

func (b *hostBackoff) key(host string) string {
	if b.proven[host] {
		return host
	}
	return ""
}

// mayReconnect reports whether a host may make the component reconnect now, and if
// so registers that it does. It may the first time, and after that at growing
// intervals. Two reconnects for any hosts are at least a minute apart.
func (b *hostBackoff) mayReconnect(host string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	last, known := b.last[b.key(host)]
	if known && now.Sub(last.at) < last.pause || now.Sub(b.latest) < minReconnectPause {
		return false
	}
	if b.last == nil {
		b.last = make(map[string]hostReconnect)
	}
	b.last[b.key(host)] = hostReconnect{host: host, at: now, pause: min(max(2*last.pause, minReconnectPause), maxReconnectPause)}
	b.latest = now
	return true
}

// noteAnswer registers that a host has answered. Its last reconnect is forgotten once
// the host answers after the pause that followed that reconnect.
func (b *hostBackoff) noteAnswer(host string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, key := range []string{host, ""} {
		if last, known := b.last[key]; known && last.host == host && now.Sub(last.at) > last.pause {
			delete(b.last, key)
		}
	}
	if b.proven == nil {
		b.proven = make(map[string]bool)
	}
	if len(b.proven) < maxHosts {
		b.proven[host] = true
	}
}
