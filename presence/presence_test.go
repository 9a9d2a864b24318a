package presence_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/presence"
)

// memory is a server in memory. It records each change and each presence that it sends
// as one line.
type memory struct {
	presence.Server // for the methods that no test needs

	mu          sync.Mutex
	sessions    []presence.Session
	subscribers map[string][]string // by host
	done        []string            // the recorded lines
	fail        map[string]error    // by line; for Connected, by host
	onRecord    func(line string)
}

func (m *memory) record(format string, args ...any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	line := fmt.Sprintf(format, args...)
	m.done = append(m.done, line)
	if m.onRecord != nil {
		m.onRecord(line)
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
	return m.record("%s %s %s %d", s.JID, p.Show, p.Status, p.Priority)
}

func (m *memory) Kick(_ context.Context, session jid.JID, reason string) error {
	return m.record("kick %s %s", session, reason)
}

func (m *memory) Subscribers(_ context.Context, _ jid.JID, host string) (all []jid.JID, err error) {
	for _, s := range m.subscribers[host] {
		all = append(all, jid.MustParse(s))
	}
	return all, nil
}

func (m *memory) SendPresence(_ context.Context, address, to jid.JID, p presence.Presence) error {
	return m.record("%s to %s: %t %s %s %d", address, to, p.Unavailable, p.Show, p.Status, p.Priority)
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
		"no session":        {"w@a.example", "s", nil, nil, presence.ErrNoSession},
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

// TestSetWhenASessionEnds ends a session while it is set. A server may report that as an
// internal error only. The other sessions are set all the same.
func TestSetWhenASessionEnds(t *testing.T) {
	m := newMemory()
	m.fail["u@a.example/1 dnd  0"] = errors.New("internal error")
	m.onRecord = func(line string) {
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

func TestFault(t *testing.T) {
	assert.Equal(t, &fault.Error{Code: fault.Declined, Text: "the text holds a character that XML does not allow"}, fault.Of(fmt.Errorf("log only: %w", presence.ErrIllegalText)))
}

// TestOwnPresence sets the presence of an address at the component's domain. It is sent to
// the subscribers on the given hosts, and is kept until the next change.
func TestOwnPresence(t *testing.T) {
	m := newMemory()
	m.subscribers = map[string][]string{"a.example": {"u@a.example", "v@a.example"}, "b.example": {"u@b.example"}}
	p := presence.New(m)
	address, late := jid.MustParse("news@x.example"), jid.MustParse("w@a.example/late")
	set := func(now presence.Presence, hosts ...string) error {
		m.done = nil
		return p.Announce(t.Context(), address, func(old presence.Presence) presence.Presence {
			now.Priority += old.Priority
			return now
		}, hosts...)
	}
	assert.Equal(t, presence.Presence{Unavailable: true}, p.OwnPresence(address), "until it is set")

	require.NoError(t, set(presence.Presence{Show: "dnd", Status: "s", Priority: 1}, "a.example", "b.example"))
	assert.Equal(t, []string{
		"news@x.example to u@a.example: false dnd s 1", "news@x.example to v@a.example: false dnd s 1", "news@x.example to u@b.example: false dnd s 1",
	}, m.done)
	require.NoError(t, set(presence.Presence{Priority: 1}, "b.example"))
	assert.Equal(t, []string{"news@x.example to u@b.example: false   2"}, m.done)
	require.ErrorIs(t, set(presence.Presence{Status: "\x00"}, "b.example"), presence.ErrIllegalText)
	assert.Empty(t, m.done)
	assert.Equal(t, presence.Presence{Priority: 2}, p.OwnPresence(address), "unchanged")

	require.NoError(t, p.SendTo(t.Context(), address, late))
	assert.Equal(t, []string{"news@x.example to w@a.example/late: false   2"}, m.done)
	m.done = nil
	require.NoError(t, p.Reannounce(t.Context(), "a.example"))
	assert.Equal(t, []string{"news@x.example to u@a.example: false   2", "news@x.example to v@a.example: false   2"}, m.done)
	require.NoError(t, set(presence.Presence{Unavailable: true, Status: "bye"}, "b.example"))
	assert.Equal(t, []string{"news@x.example to u@b.example: true  bye 2"}, m.done)
	assert.Equal(t, presence.Presence{Unavailable: true}, p.OwnPresence(address))

	require.NoError(t, set(presence.Presence{}, "b.example"))
	m.done = nil
	require.NoError(t, p.Withdraw(t.Context(), "a.example", "b.example"))
	assert.Equal(t, []string{
		"news@x.example to u@a.example: true   0", "news@x.example to v@a.example: true   0", "news@x.example to u@b.example: true   0",
	}, m.done)
	require.NoError(t, p.Reannounce(t.Context(), "a.example"))
	assert.Len(t, m.done, 3, "no address is available any more")
}

// TestLastSentIsCurrent changes the presence of an address while it is sent to a
// recipient. The last presence sent is the current one.
func TestLastSentIsCurrent(t *testing.T) {
	m := newMemory()
	p := presence.New(m)
	address := jid.MustParse("news@x.example")
	shows := presence.Shows()
	m.onRecord = func(string) {
		if len(shows) > 0 {
			show := shows[0]
			shows = shows[1:]
			require.NoError(t, p.Announce(t.Context(), address, func(presence.Presence) presence.Presence { return presence.Presence{Show: show} }))
		}
	}
	require.NoError(t, p.SendTo(t.Context(), address, jid.MustParse("w@a.example")))
	require.Len(t, m.done, 5)
	assert.Contains(t, m.done[4], presence.Shows()[3])
}

// TestAnnouncementsAreSerialized changes one address concurrently. Every subscriber
// receives the same presences in the same order, and the last one is the current one.
func TestAnnouncementsAreSerialized(t *testing.T) {
	m := newMemory()
	m.subscribers = map[string][]string{"a.example": {"u@a.example", "v@a.example", "w@a.example"}}
	p := presence.New(m)
	address := jid.MustParse("news@x.example")
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			assert.NoError(t, p.Announce(t.Context(), address, func(old presence.Presence) presence.Presence {
				return presence.Presence{Priority: old.Priority + 1}
			}, "a.example"))
		})
	}
	all.Wait()
	var want []string
	for i := range 50 {
		for _, w := range m.subscribers["a.example"] {
			want = append(want, fmt.Sprintf("news@x.example to %s: false   %d", w, i+1))
		}
	}
	assert.Equal(t, strings.Join(want, "\n"), strings.Join(m.done, "\n"))
	assert.Equal(t, 50, p.OwnPresence(address).Priority)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m.done = nil
	m.onRecord = func(string) {
		m.onRecord = nil
		assert.ErrorIs(t, p.Announce(ctx, address, func(p presence.Presence) presence.Presence { return p }), context.Canceled)
	}
	require.NoError(t, p.Announce(t.Context(), address, func(p presence.Presence) presence.Presence { return p }, "a.example"))
	assert.Len(t, m.done, 3)
}
