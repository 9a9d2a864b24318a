package adhoc

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/xmpp/command"
)

const (
	admin = "admin@localhost/one"
	other = "admin@localhost/two"
)

// clock is a time that only advance changes.
type clock struct{ time time.Time }

func (c *clock) advance(d time.Duration) { c.time = c.time.Add(d) }

func newSessions() (*sessions, *clock) {
	c := &clock{time.Date(2012, 2, 29, 12, 0, 0, 0, time.UTC)}
	return &sessions{now: func() time.Time { return c.time }, open: make(map[string]session)}, c
}

// state is what take returns.
type state struct{ known, fresh bool }

var (
	unknown = state{false, false}
	expired = state{true, false}
	fresh   = state{true, true}
)

func take(s *sessions, id, requester, node string) state {
	known, fresh := s.take(id, requester, node)
	return state{known, fresh}
}

func TestSessionIsTakenOnce(t *testing.T) {
	s, _ := newSessions()
	id := s.put("", admin, "getRoster")
	assert.NotEmpty(t, id)
	assert.Equal(t, fresh, take(s, id, admin, "getRoster"))
	assert.Equal(t, unknown, take(s, id, admin, "getRoster"))
	assert.Equal(t, id, s.put(id, admin, "getRoster"), "kept open")
	assert.Equal(t, fresh, take(s, id, admin, "getRoster"))
}

// TestSessionIsTakenByOneOfMany lets many goroutines take the same session.
func TestSessionIsTakenByOneOfMany(t *testing.T) {
	s, _ := newSessions()
	id := s.put("", admin, "getRoster")
	var taken atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if take(s, id, admin, "getRoster") != unknown {
				taken.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, taken.Load())
}

// TestSessionOfAnother checks that only the requester of a session can take it, and only for
// its command.
func TestSessionOfAnother(t *testing.T) {
	s, _ := newSessions()
	id := s.put("", admin, "getRoster")
	for name, test := range map[string]struct{ id, requester, node string }{
		"another id":       {id + "x", admin, "getRoster"},
		"no id":            {"", admin, "getRoster"},
		"another resource": {id, other, "getRoster"},
		"a bare JID":       {id, "admin@localhost", "getRoster"},
		"another node":     {id, admin, "removeRoster"},
		"no node":          {id, admin, ""},
	} {
		assert.Equal(t, unknown, take(s, test.id, test.requester, test.node), name)
	}
	assert.Equal(t, fresh, take(s, id, admin, "getRoster"), "its requester can still take it")
}

func TestSessionExpires(t *testing.T) {
	for _, test := range []struct {
		age    time.Duration
		pruned bool // another requester has opened a session in the meantime
		want   state
	}{
		{0, true, fresh},
		{sessionTime, true, fresh},
		{sessionTime + 1, false, expired},
		{2 * sessionTime, true, expired},
		{2*sessionTime + 1, false, expired},
		{2*sessionTime + 1, true, unknown},
	} {
		t.Run(fmt.Sprintf("%v-pruned=%t", test.age, test.pruned), func(t *testing.T) {
			s, now := newSessions()
			id := s.put("", admin, "getRoster")
			now.advance(test.age)
			if test.pruned {
				s.put("", other, "getRoster")
			}
			assert.Equal(t, test.want, take(s, id, admin, "getRoster"))
			assert.Equal(t, unknown, take(s, id, admin, "getRoster"), "it has ended, expired or not")
		})
	}
}

// TestSessionTimeRestarts checks that a reopened session has its whole time again.
func TestSessionTimeRestarts(t *testing.T) {
	s, now := newSessions()
	id := s.put("", admin, "getRoster")
	for range 5 {
		now.advance(sessionTime)
		require.Equal(t, fresh, take(s, id, admin, "getRoster"))
		s.put(id, admin, "getRoster")
	}
}

func TestSessionsOfOneRequesterAreLimited(t *testing.T) {
	s, now := newSessions()
	alone := s.put("", other, "getRoster")
	const tooMany = 10
	var ids []string
	for range maxSessions + tooMany {
		now.advance(time.Second)
		ids = append(ids, s.put("", admin, "getRoster"))
		require.LessOrEqual(t, len(s.open), maxSessions+1)
	}
	for i, id := range ids {
		want := fresh
		if i < tooMany {
			want = unknown // the oldest were replaced
		}
		assert.Equal(t, want, take(s, id, admin, "getRoster"), i)
	}
	assert.Equal(t, fresh, take(s, alone, other, "getRoster"), "other requesters are not affected")
}

// TestSessionsAreRemoved checks that expired sessions do not accumulate.
func TestSessionsAreRemoved(t *testing.T) {
	s, now := newSessions()
	for i := range 1000 {
		s.put("", fmt.Sprintf("user%d@localhost/r", i), "getRoster")
	}
	now.advance(2*sessionTime + 1)
	s.put("", admin, "getRoster")
	assert.Len(t, s.open, 1)
}

func TestResume(t *testing.T) {
	s, now := newSessions()
	f := &front{sessions: sessions{now: s.now, open: s.open}}
	node := "getRoster"
	old := f.sessions.put("", admin, node)
	now.advance(sessionTime + 1)
	young := f.sessions.put("", admin, node)

	require.NoError(t, f.resume(command.Command{Node: node, SessionID: young}, admin))
	for id, want := range map[string]struct {
		condition stanza.Condition
		typ       stanza.ErrorType
		specific  string
	}{
		young: {stanza.BadRequest, stanza.Modify, "bad-sessionid"},
		old:   {stanza.NotAllowed, stanza.Cancel, "session-expired"},
	} {
		var got *component.SpecificError
		require.ErrorAs(t, f.resume(command.Command{Node: node, SessionID: id}, admin), &got)
		assert.Equal(t, want.condition, got.General.Condition)
		assert.Equal(t, want.typ, got.General.Type)
		assert.NotEmpty(t, got.General.Text[""])
		assert.Equal(t, want.specific, got.Specific.Local)
	}
}
