package adhoc

import (
	"crypto/rand"
	"sync"
	"time"
)

const (
	// sessionTime is how long a form may be open.
	sessionTime = 10 * time.Minute
	// maxSessions limits the open forms of one requester. A new one replaces the oldest.
	maxSessions = 64
)

// session is an open form.
type session struct {
	requester string // the full JID
	node      string
	opened    time.Time
}

// sessions are the open forms. They expire, because clients often leave forms open
// (profanity never cancels).
type sessions struct {
	now func() time.Time

	mu   sync.Mutex
	open map[string]session // by session id
}

// put opens a session, or reopens the one with that id.
func (s *sessions) put(id, requester, node string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id == "" {
		id = rand.Text()
	}
	s.prune(requester)
	s.open[id] = session{requester: requester, node: node, opened: s.now()}
	return id
}

// take ends a session, so that no second request can use it. known reports whether the
// session existed for this requester and node, fresh whether it had not expired.
func (s *sessions) take(id, requester, node string) (known, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.open[id]
	if !ok || found.requester != requester || found.node != node {
		return false, false
	}
	delete(s.open, id)
	return true, s.now().Sub(found.opened) <= sessionTime
}

// prune removes the sessions that expired long ago, and the oldest session of a requester who
// has too many. An expired session is kept for ten minutes, so that its requester learns that
// it has expired.
func (s *sessions) prune(requester string) {
	oldest, count := "", 0
	for id, o := range s.open {
		if s.now().Sub(o.opened) > 2*sessionTime {
			delete(s.open, id)
			continue
		}
		if o.requester == requester {
			count++
			if oldest == "" || o.opened.Before(s.open[oldest].opened) {
				oldest = id
			}
		}
	}
	if count >= maxSessions {
		delete(s.open, oldest)
	}
}
