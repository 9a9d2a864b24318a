package component

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"mellium.im/xmpp/stanza"
	"mellium.im/xmpp/stream"
)

// SizeError refuses a stanza that is larger than the server accepts. Nothing was
// sent. Both sizes are in bytes.
type SizeError struct{ Size, Limit int }

func (e *SizeError) Error() string {
	return fmt.Sprintf("a stanza of %d bytes: the server takes at most %d", e.Size, e.Limit)
}

// sizeLimit is the size that a stanza may have. It learns the limit from the server,
// which ends the stream after a larger stanza and does not say what it accepts. Every
// stanza that it accepted before was smaller. So only a stanza larger than all others
// on the stream can have been the cause, and two sizes per stream suffice.
type sizeLimit struct {
	mu        sync.Mutex
	limit     int      // in bytes; 0: not known
	largest   int      // size of the largest stanza sent on this stream
	second    int      // size of the largest stanza before that one, which the server accepted
	answers   *Request // the request that the largest stanza answers; nil if it is no answer
	oversized []oversizedAnswer
}

// oversizedAnswer is an answer that the server did not accept.
type oversizedAnswer struct {
	request Request
	size    int
}

// minLearned is the limit of the strictest listeners that administrators set up. No
// lower limit is learned, unless a stanza of that size was refused.
const minLearned = 64 << 10

// check refuses a stanza that is known to be too large.
func (s *sizeLimit) check(size int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit > 0 && size > s.limit {
		return &SizeError{size, s.limit}
	}
	return nil
}

// record registers a stanza that is about to be sent, and is larger than maxBatched: no
// server has so low a limit. answers is the request that it answers, or nil.
func (s *sizeLimit) record(size int, answers *Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if size > s.largest {
		s.second, s.largest, s.answers = s.largest, size, answers
	}
}

// learn takes the cause of a stream's end. If that was the size of a stanza, learn
// lowers the limit and returns it. It keeps the request that the stanza answered, for
// takeOversized. Otherwise it returns 0.
func (s *sizeLimit) learn(cause error) (limit int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	second, largest, request := s.second, s.largest, s.answers
	s.second, s.largest, s.answers = 0, 0, nil
	if largest == 0 || !isTooBig(cause) {
		return 0
	}
	// An approach to the true limit from above would end a stream at each step.
	s.limit = min(largest-1, max(second, minLearned))
	if request != nil {
		s.oversized = append(s.oversized, oversizedAnswer{*request, largest})
	}
	return s.limit
}

// takeOversized returns the answers that learn kept, and forgets them.
func (s *sizeLimit) takeOversized() []oversizedAnswer {
	s.mu.Lock()
	defer s.mu.Unlock()
	oversized := s.oversized
	s.oversized = nil
	return oversized
}

func (s *sizeLimit) current() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limit
}

// isTooBig reports whether a stream ended because of a stanza's size.
func isTooBig(cause error) bool {
	e, ok := errors.AsType[stream.Error](cause)
	if !ok || e.Err != stream.PolicyViolation.Err {
		return false
	}
	for _, t := range e.Text {
		if strings.Contains(strings.ToLower(t.Value), "too big") {
			return true
		}
	}
	return false
}

// oversizeError refuses a request whose answer is larger than the server accepts.
func (c *Component) oversizeError(size, limit int) stanza.Error {
	text := fmt.Sprintf("the answer has %d bytes, and the server takes no stanza so large from a component (up to %d are sent now); what was asked for has been done", size, limit)
	if c.cfg.OversizeAdvice != "" {
		text += "; " + c.cfg.OversizeAdvice
	}
	return Refuse(stanza.Cancel, stanza.ResourceConstraint, text)
}
