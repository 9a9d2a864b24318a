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
	refused map[string]refusal // by bare JID
}

// refusal is the last one that somebody was told.
type refusal struct {
	at    time.Time
	pause time.Duration // before the next
}

// firstPause is the pause between the first two refusals. Each further one is twice
// as long, so that who answers each is met with silence in the end.
const firstPause = time.Minute

// next says whether somebody is to be told that he may not, and notes that he
// was. He is not where too many are remembered.
func (s *strangers) next(who string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	past := func(r refusal) bool { return now.Sub(r.at) >= refusedFor }
	last, known := s.refused[who]
	switch {
	case known && now.Sub(last.at) < last.pause:
		return false
	case known && !past(last):
		s.refused[who] = refusal{now, min(2*last.pause, refusedFor)}
		return true
	}
	if len(s.refused) >= maxStrangers {
		maps.DeleteFunc(s.refused, func(_ string, r refusal) bool { return past(r) })
	}
	if len(s.refused) >= maxStrangers {
		return false
	}
	s.refused[who] = refusal{now, firstPause}
	return true
}
