package component

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"mellium.im/xmpp/stanza"
	"mellium.im/xmpp/stream"
)

// SizeError refuses a stanza that is larger than the server takes
// (max_stanza_size of ejabberd's listener). Nothing was sent.
type SizeError struct{ Size, Limit int }

func (e *SizeError) Error() string {
	return fmt.Sprintf("a stanza of %d bytes: the server takes at most %d (max_stanza_size of the component's listener)", e.Size, e.Limit)
}

// sizes is how large a stanza may be, and which of our own have been the
// largest on the current stream. A server that is sent a larger one ends the
// stream, and does not say what it takes. What it took before was smaller, so
// only a stanza larger than all before it can have been the one.
type sizes struct {
	mu      sync.Mutex
	limit   int      // the most that is taken; 0: not known
	largest int      // that was sent on this stream
	before  int      // the largest before that one, which the server took
	request *Request // that it answers; nil where it is no answer
	owed    []refused
}

// refused is a request whose answer the server did not take.
type refused struct {
	request Request
	size    int
}

// worthNoting is the size below which no stanza is suspected: no server is so
// narrow, and most stanzas need no notes.
const worthNoting = 4 << 10

// narrow is what the narrowest listeners take that people set up.
const narrow = 64 << 10

// check refuses a stanza that is known to be too large.
func (s *sizes) check(size int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit > 0 && size > s.limit {
		return &SizeError{size, s.limit}
	}
	return nil
}

// sending notes that a stanza is about to be sent, and which request it answers.
func (s *sizes) sending(size int, answers *Request) {
	if size < worthNoting {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if size > s.largest {
		s.before, s.largest, s.request = s.largest, size, answers
	}
}

// ended learns from the end of a stream whether a stanza was too large, and
// notes whom an answer is owed. It returns the limit where it is news.
func (s *sizes) ended(why error) (limit int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, largest, request := s.before, s.largest, s.request
	s.before, s.largest, s.request = 0, 0, nil
	if largest == 0 || !isTooBig(why) {
		return 0
	}
	// To come near to the limit from above would end a stream each time.
	s.limit = min(largest-1, max(before, narrow))
	if request != nil {
		s.owed = append(s.owed, refused{*request, largest})
	}
	return s.limit
}

// takeOwed returns those who are owed an answer, once.
func (s *sizes) takeOwed() []refused {
	s.mu.Lock()
	defer s.mu.Unlock()
	owed := s.owed
	s.owed = nil
	return owed
}

func (s *sizes) known() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limit
}

// isTooBig says whether a stream ended because of a stanza's size.
func isTooBig(why error) bool {
	e, ok := errors.AsType[stream.Error](why)
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

// tooLarge is the refusal of a request whose answer the server does not take.
func tooLarge(size, limit int) stanza.Error {
	return Refuse(stanza.Cancel, stanza.ResourceConstraint, fmt.Sprintf(
		"the answer has %d bytes, and the server takes no stanza so large from a component (max_stanza_size of the component's listener in ejabberd.yml; up to %d are sent now); what was asked for has been done; on the component's machine, the command line has no such limit", size, limit))
}
