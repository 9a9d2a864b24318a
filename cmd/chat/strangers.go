package chat

import (
	"maps"
	"sync"
	"time"
)

const (
	// maxStrangers is how many are remembered.
	maxStrangers = 1000
	// refusedFor is how long nobody is refused again.
	refusedFor = 24 * time.Hour
)

// strangers are those who were refused lately.
type strangers struct {
	mu      sync.Mutex
	refused map[string]time.Time // by bare JID
}

// next says whether somebody is to be told that he may not, and notes that he
// was. He is not where too many are remembered.
func (s *strangers) next(who string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	past := func(at time.Time) bool { return now.Sub(at) >= refusedFor }
	if at, ok := s.refused[who]; ok && !past(at) {
		return false
	}
	if len(s.refused) >= maxStrangers {
		maps.DeleteFunc(s.refused, func(_ string, at time.Time) bool { return past(at) })
	}
	if len(s.refused) >= maxStrangers {
		return false
	}
	s.refused[who] = now
	return true
}
