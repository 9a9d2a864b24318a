package presence_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/presence"
)

// memory is a server in memory. What is sent or set is noted, a line each.
type memory struct {
	presence.Server // what a test does not need

	mu       sync.Mutex
	sessions []presence.Session
	watchers map[string][]string // by host
	done     []string
	fail     map[string]error // by what is noted
	noted    func(line string)
}

func (m *memory) note(format string, args ...any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	line := fmt.Sprintf(format, args...)
	m.done = append(m.done, line)
	if m.noted != nil {
		m.noted(line)
	}
	return m.fail[line]
}

func (m *memory) Sessions(_ context.Context, user jid.JID) ([]presence.Session, error) {
	return slices.DeleteFunc(slices.Clone(m.sessions), func(s presence.Session) bool { return !s.JID.Bare().Equal(user) }), nil
}

func (m *memory) Connected(_ context.Context, host string) (all []jid.JID, err error) {
	for _, s := range m.sessions {
		if s.JID.Domainpart() == host {
			all = append(all, s.JID)
		}
	}
	return all, m.fail[host]
}

func (m *memory) SetPresence(_ context.Context, s presence.Session, p presence.Presence) error {
	return m.note("%s %s %s %d", s.JID, p.Show, p.Status, p.Priority)
}

func (m *memory) Kick(_ context.Context, session jid.JID, reason string) error {
	return m.note("kick %s %s", session, reason)
}

func (m *memory) Message(_ context.Context, from, to jid.JID, body string) error {
	return m.note("%s to %s: %s", from, to, body)
}

func (m *memory) Watchers(_ context.Context, name jid.JID, host string) (all []jid.JID, err error) {
	for _, w := range m.watchers[host] {
		all = append(all, jid.MustParse(w))
	}
	return all, nil
}

func (m *memory) Announce(_ context.Context, name, to jid.JID, p presence.Presence) error {
	return m.note("%s to %s: %t %s %s %d", name, to, p.Unavailable, p.Show, p.Status, p.Priority)
}

func session(full string, p presence.Presence) presence.Session {
	return presence.Session{JID: jid.MustParse(full), Presence: p}
}

func newMemory() *memory {
	return &memory{
		sessions: []presence.Session{
			session("u@a.example/2", presence.Presence{Show: "away", Status: "old", Priority: 5}),
			session("u@a.example/1", presence.Presence{Unavailable: true}),
			session("v@a.example/1", presence.Presence{}),
			session("u@b.example/1", presence.Presence{}),
		},
		fail: make(map[string]error),
	}
}

func TestSet(t *testing.T) {
	lost := errors.New("lost")
	for name, test := range map[string]struct {
		user, status string
		fail         map[string]error
		want         []string
		err          error
	}{
		"every session":     {"u@a.example", "s", nil, []string{"u@a.example/1 dnd s 1", "u@a.example/2 dnd s 6"}, nil},
		"one":               {"u@a.example/2", "s", nil, []string{"u@a.example/2 dnd s 6"}, nil},
		"no such session":   {"u@a.example/3", "s", nil, nil, presence.ErrNoSession},
		"nobody":            {"w@a.example", "s", nil, nil, presence.ErrNoSession},
		"one ends":          {"u@a.example", "s", map[string]error{"u@a.example/1 dnd s 1": presence.ErrNoSession}, []string{"u@a.example/1 dnd s 1", "u@a.example/2 dnd s 6"}, nil},
		"all end":           {"v@a.example", "s", map[string]error{"v@a.example/1 dnd s 1": presence.ErrNoSession}, []string{"v@a.example/1 dnd s 1"}, presence.ErrNoSession},
		"a failure":         {"u@a.example", "s", map[string]error{"u@a.example/1 dnd s 1": lost}, []string{"u@a.example/1 dnd s 1"}, lost},
		"an illegal status": {"u@a.example", "\x00", nil, nil, presence.ErrIllegalText},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			m.fail = test.fail
			err := presence.New(m).Set(t.Context(), jid.MustParse(test.user), func(old presence.Presence) presence.Presence {
				return presence.Presence{Show: "dnd", Status: test.status, Priority: old.Priority + 1}
			})
			require.ErrorIs(t, err, test.err)
			assert.Equal(t, test.want, m.done)
		})
	}
}

// TestSetWhenASessionEnds: a server may know no better word for that than an
// internal error. The others are set all the same.
func TestSetWhenASessionEnds(t *testing.T) {
	m := newMemory()
	m.fail["u@a.example/1 dnd  0"] = errors.New("internal error")
	m.noted = func(line string) {
		if line == "u@a.example/1 dnd  0" {
			m.sessions = slices.DeleteFunc(m.sessions, func(s presence.Session) bool { return s.JID.String() == "u@a.example/1" })
		}
	}
	require.NoError(t, presence.New(m).Set(t.Context(), jid.MustParse("u@a.example"), func(presence.Presence) presence.Presence { return presence.Presence{Show: "dnd"} }))
	assert.Equal(t, []string{"u@a.example/1 dnd  0", "u@a.example/2 dnd  0"}, m.done)
}

func TestConnectedAndKick(t *testing.T) {
	m := newMemory()
	p := presence.New(m)
	all, err := p.Connected(t.Context(), "b.example", "a.example")
	require.NoError(t, err)
	assert.Equal(t, "[u@a.example/1 u@a.example/2 u@b.example/1 v@a.example/1]", fmt.Sprint(all))
	m.fail["b.example"] = errors.New("lost")
	_, err = p.Connected(t.Context(), "a.example", "b.example")
	require.Equal(t, m.fail["b.example"], err)

	require.NoError(t, p.Kick(t.Context(), jid.MustParse("u@a.example"), "why"))
	assert.Equal(t, []string{"kick u@a.example/1 why", "kick u@a.example/2 why"}, m.done)
	assert.ErrorIs(t, p.Kick(t.Context(), jid.MustParse("u@a.example/3"), "why"), presence.ErrNoSession)
}

// TestBroadcast sends a hundred messages a second and goes on after failures.
func TestBroadcast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		lost := errors.New("lost")
		from := jid.MustParse("news@x.example")
		var to []jid.JID
		var want []error
		for i := range 200 {
			to = append(to, jid.MustParse(fmt.Sprintf("u%d@a.example", i)))
			want = append(want, nil)
			if i%7 == 0 {
				m.fail[fmt.Sprintf("%s to %s: hi", from, to[i])], want[i] = lost, lost
			}
		}
		began := time.Now()
		var got []error
		err := presence.New(m).Broadcast(t.Context(), from, to, "hi", func(r jid.JID, err error) error {
			assert.Equal(t, to[len(got)], r)
			got = append(got, err)
			return nil
		})
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Len(t, m.done, 200, "each once")
		assert.Equal(t, 2*time.Second, time.Since(began))
	})
}

func TestBroadcastEnds(t *testing.T) {
	stopped := errors.New("stopped")
	to := []jid.JID{jid.MustParse("a@a.example"), jid.MustParse("b@a.example"), jid.MustParse("c@a.example")}
	for name, end := range map[string]func(stop context.CancelCauseFunc) error{
		"by its context":   func(stop context.CancelCauseFunc) error { stop(stopped); return nil },
		"by who is told":   func(context.CancelCauseFunc) error { return stopped },
		"by an early stop": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				ctx, stop := context.WithCancelCause(t.Context())
				if end == nil {
					stop(stopped)
				}
				err := presence.New(m).Broadcast(ctx, jid.MustParse("x@a.example"), to, "hi", func(jid.JID, error) error { return end(stop) })
				require.ErrorIs(t, err, stopped)
				if end == nil {
					assert.Empty(t, m.done)
				} else {
					assert.Equal(t, []string{"x@a.example to a@a.example: hi"}, m.done)
				}
			})
		})
	}
}

func TestIllegalMessage(t *testing.T) {
	for _, body := range []string{"\x00", "a\x0bb", "\xff", "\ufffe", "\uffff", "\x1b[0m"} {
		m := newMemory()
		assert.ErrorIs(t, presence.New(m).Message(t.Context(), jid.MustParse("x@a.example"), jid.MustParse("y@a.example"), body), presence.ErrIllegalText)
		assert.Empty(t, m.done)
	}
}

// TestNames: a name's presence is told to who watches it, on the hosts that are
// named, and stands until the next one.
func TestNames(t *testing.T) {
	m := newMemory()
	m.watchers = map[string][]string{"a.example": {"u@a.example", "v@a.example"}, "b.example": {"u@b.example"}}
	p := presence.New(m)
	name, late := jid.MustParse("news@x.example"), jid.MustParse("w@a.example/late")
	set := func(now presence.Presence, hosts ...string) error {
		m.done = nil
		return p.Announce(t.Context(), name, func(old presence.Presence) presence.Presence {
			now.Priority += old.Priority
			return now
		}, hosts...)
	}
	assert.Equal(t, presence.Presence{Unavailable: true}, p.Name(name), "until it is set")

	require.NoError(t, set(presence.Presence{Show: "dnd", Status: "s", Priority: 1}, "a.example", "b.example"))
	assert.Equal(t, []string{
		"news@x.example to u@a.example: false dnd s 1", "news@x.example to v@a.example: false dnd s 1", "news@x.example to u@b.example: false dnd s 1",
	}, m.done)
	require.NoError(t, set(presence.Presence{Priority: 1}, "b.example"))
	assert.Equal(t, []string{"news@x.example to u@b.example: false   2"}, m.done)
	require.ErrorIs(t, set(presence.Presence{Status: "\x00"}, "b.example"), presence.ErrIllegalText)
	assert.Empty(t, m.done)
	assert.Equal(t, presence.Presence{Priority: 2}, p.Name(name), "as it was")

	require.NoError(t, p.Tell(t.Context(), name, late))
	assert.Equal(t, []string{"news@x.example to w@a.example/late: false   2"}, m.done)
	m.done = nil
	require.NoError(t, p.Renew(t.Context(), "a.example"))
	assert.Equal(t, []string{"news@x.example to u@a.example: false   2", "news@x.example to v@a.example: false   2"}, m.done)
	require.NoError(t, set(presence.Presence{Unavailable: true, Status: "bye"}, "b.example"))
	assert.Equal(t, []string{"news@x.example to u@b.example: true  bye 2"}, m.done)
	assert.Equal(t, presence.Presence{Unavailable: true}, p.Name(name))

	require.NoError(t, set(presence.Presence{}, "b.example"))
	m.done = nil
	require.NoError(t, p.Leave(t.Context(), "a.example", "b.example"))
	assert.Equal(t, []string{
		"news@x.example to u@a.example: true   0", "news@x.example to v@a.example: true   0", "news@x.example to u@b.example: true   0",
	}, m.done)
	require.NoError(t, p.Renew(t.Context(), "a.example"))
	assert.Len(t, m.done, 3, "nobody is there any more")
}

// TestLastToldIsTheOneThatStands has a name's presence change while somebody
// is told it.
func TestLastToldIsTheOneThatStands(t *testing.T) {
	m := newMemory()
	p := presence.New(m)
	name := jid.MustParse("news@x.example")
	shows := presence.Shows()
	m.noted = func(string) {
		if len(shows) > 0 {
			show := shows[0]
			shows = shows[1:]
			require.NoError(t, p.Announce(t.Context(), name, func(presence.Presence) presence.Presence { return presence.Presence{Show: show} }))
		}
	}
	require.NoError(t, p.Tell(t.Context(), name, jid.MustParse("w@a.example")))
	require.Len(t, m.done, 5)
	assert.Contains(t, m.done[4], presence.Shows()[3])
}

// TestAnnouncementsFollowEachOther has many change one name at once: every
// watcher sees the same presences in the same order, and the last one stands.
func TestAnnouncementsFollowEachOther(t *testing.T) {
	m := newMemory()
	m.watchers = map[string][]string{"a.example": {"u@a.example", "v@a.example", "w@a.example"}}
	p := presence.New(m)
	name := jid.MustParse("news@x.example")
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			assert.NoError(t, p.Announce(t.Context(), name, func(old presence.Presence) presence.Presence {
				return presence.Presence{Priority: old.Priority + 1}
			}, "a.example"))
		})
	}
	all.Wait()
	var want []string
	for i := range 50 {
		for _, w := range m.watchers["a.example"] {
			want = append(want, fmt.Sprintf("news@x.example to %s: false   %d", w, i+1))
		}
	}
	assert.Equal(t, strings.Join(want, "\n"), strings.Join(m.done, "\n"))
	assert.Equal(t, 50, p.Name(name).Priority)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m.done = nil
	m.noted = func(string) {
		m.noted = nil
		assert.ErrorIs(t, p.Announce(ctx, name, func(p presence.Presence) presence.Presence { return p }), context.Canceled)
	}
	require.NoError(t, p.Announce(t.Context(), name, func(p presence.Presence) presence.Presence { return p }, "a.example"))
	assert.Len(t, m.done, 3)
}
