package adhoc

import (
	"crypto/rand"
	"sync"
	"time"
)

const (
	// sessionTime is how long a form may be left open.
	sessionTime = 10 * time.Minute
	// maxSessions is how many forms one asker may leave open; the oldest is
	// given up for the next.
	maxSessions = 64
)

// session is a form that somebody is filling in.
type session struct {
	asker  string // the full JID
	node   string
	opened time.Time
}

// sessions are the forms that are open. Clients often leave them so
// (profanity never cancels), so they expire.
type sessions struct {
	now func() time.Time

	mu   sync.Mutex
	open map[string]session // by session id
}

// put opens a session, or keeps one open under its old id.
func (s *sessions) put(id, asker, node string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id == "" {
		id = rand.Text()
	}
	s.prune(asker)
	s.open[id] = session{asker: asker, node: node, opened: s.now()}
	return id
}

// take ends a session, so that no second request can use it. known says that
// there was one for this asker and node, fresh that it had not expired.
func (s *sessions) take(id, asker, node string) (known, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.open[id]
	if !ok || found.asker != asker || found.node != node {
		return false, false
	}
	delete(s.open, id)
	return true, s.now().Sub(found.opened) <= sessionTime
}

// prune forgets sessions that expired long enough ago that nobody will be told
// so, and the oldest of an asker who has too many.
func (s *sessions) prune(asker string) {
	oldest, count := "", 0
	for id, o := range s.open {
		if s.now().Sub(o.opened) > 2*sessionTime {
			delete(s.open, id)
			continue
		}
		if o.asker == asker {
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
