package component

import (
	"time"

	"emanagement/xmpp/address"
)

// What a link knows of each host's answers.

// repliedSince reports whether a host has answered an IQ after t.
func (l *link) repliedSince(host string, t time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lastReply[address.PrepareHost(host)].After(t)
}

// setForbidding registers that a host forbids what is needed.
func (l *link) setForbidding(host string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forbidding[address.PrepareHost(host)] = true
}

// isForbidding reports whether a host has forbidden something on the stream.
func (l *link) isForbidding(host string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.forbidding[address.PrepareHost(host)]
}

// isIdle reports whether no request to a host is under way on the stream.
func (l *link) isIdle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.pending) == 0
}

// anyReply reports whether any host has answered an IQ on the stream.
func (l *link) anyReply() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lastReply) > 0
}

// otherRepliedSince reports whether another host has answered an IQ after t.
func (l *link) otherRepliedSince(host string, t time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	host = address.PrepareHost(host)
	for other, at := range l.lastReply {
		if other != host && at.After(t) {
			return true
		}
	}
	return false
}

// slowSignal returns a channel that has a value once a request to the host is not
// answered soon.
func (l *link) slowSignal(host string) chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	host = address.PrepareHost(host)
	if l.slow[host] == nil {
		l.slow[host] = make(chan struct{}, 1)
	}
	return l.slow[host]
}

// noteSlow registers that a request to the host is not answered soon.
func (l *link) noteSlow(host string) {
	select {
	case l.slowSignal(host) <- struct{}{}:
	default:
	}
}
