package rosterpush_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/fault"
	"emanagement/rosterpush"
)

var hosts = []string{"localhost", "example.org"}

// knows is a source that knows these users.
func knows(name string, conclusive bool, users ...string) rosterpush.Source {
	return rosterpush.Source{Name: name, Users: func(_ context.Context, host string) (found []jid.JID, _ bool, _ error) {
		for _, u := range users {
			if j := jid.MustParse(u); j.Domainpart() == host {
				found = append(found, j)
			}
		}
		return found, conclusive, nil
	}}
}

func fails(name string, err error) rosterpush.Source {
	return rosterpush.Source{Name: name, Users: func(context.Context, string) ([]jid.JID, bool, error) { return nil, true, err }}
}

// counted counts how often each roster is read, and how many are at once.
type counted struct {
	*memory
	mu    sync.Mutex
	reads map[string]int
	now   int
	most  int
}

func (c *counted) Roster(ctx context.Context, user jid.JID) ([]rosterpush.Item, error) {
	c.mu.Lock()
	c.reads[user.String()]++
	c.now++
	c.most = max(c.most, c.now)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.now--
		c.mu.Unlock()
	}()
	return c.memory.Roster(ctx, user)
}

// graph fills a server with random rosters of users of both hosts and of
// another one.
func graph(r *rand.Rand) *counted {
	c := &counted{memory: newMemory(), reads: make(map[string]int)}
	anybody := func() string {
		return fmt.Sprintf("u%d@%s", r.IntN(40), []string{"localhost", "example.org", "far.example"}[r.IntN(3)])
	}
	for range r.IntN(80) {
		user, contact := anybody(), anybody()
		if strings.HasSuffix(user, "far.example") {
			continue
		}
		c.has(user, rosterpush.Item{JID: jid.MustParse(contact), Subscription: rosterpush.Subscriptions()[r.IntN(4)]})
		if r.IntN(2) == 0 && !strings.HasSuffix(contact, "far.example") {
			c.has(user, rosterpush.Item{JID: jid.MustParse(contact), Subscription: rosterpush.Both})
			c.has(contact, rosterpush.Item{JID: jid.MustParse(user), Subscription: rosterpush.Both})
		}
	}
	c.has("u0@localhost", rosterpush.Item{JID: jid.MustParse("gateway.localhost"), Subscription: rosterpush.None})
	return c
}

// reachable are the users whom a crawl from some must come to, found out in
// another way: again and again, until there are no more.
func (m *memory) reachable(from []string, within []string) map[string]bool {
	found := make(map[string]bool)
	for _, u := range from {
		found[u] = slices.Contains(within, jid.MustParse(u).Domainpart())
	}
	for before := -1; before != len(found); {
		before = len(found)
		for u, local := range found {
			for contact, item := range m.rosters[u] {
				if local && item.JID.Localpart() != "" && slices.Contains(within, item.JID.Domainpart()) {
					found[contact] = true
				}
			}
		}
	}
	for u, local := range found {
		if !local {
			delete(found, u)
		}
	}
	return found
}

// TestCrawl compares what is found from random users in random rosters with
// what another way finds, and sees that each roster is read once.
func TestCrawl(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 6121))
		server := graph(r)
		var from []string
		for range 1 + r.IntN(5) {
			from = append(from, fmt.Sprintf("u%d@localhost", r.IntN(40)))
		}
		within := hosts[:1+r.IntN(2)]
		rosters := rosterpush.New(server, knows("some", true, from[:len(from)/2]...), knows("others", false, from[len(from)/2:]...))
		reached := server.reachable(from, within)
		var want []string
		items := 0
		for u := range reached {
			if len(server.rosters[u]) > 0 {
				want = append(want, u)
				items += len(server.rosters[u])
			}
		}
		slices.Sort(want)

		owners, census, err := rosters.Owners(t.Context(), within, func(rosterpush.Census) {})
		require.NoError(t, err)
		require.Equal(t, want, texts(owners))
		for u, n := range server.reads {
			require.Equal(t, 1, n, u)
		}
		require.Len(t, server.reads, len(reached))
		require.Equal(t, len(reached), census.Looked)
		require.Equal(t, len(want), census.Rosters)
		require.Equal(t, items, census.Items)
		require.LessOrEqual(t, server.most, 16, "the window of the component")

		counted, err := rosters.Count(t.Context(), within)
		require.NoError(t, err)
		require.Equal(t, [2]int{len(want), items}, [2]int{counted.Rosters, counted.Items})

		require.Equal(t, server.pairs(reached), pairs(t, rosters, within))

		removal, err := rosters.ClearAll(t.Context(), within, func(rosterpush.Removal) {})
		require.NoError(t, err)
		require.Equal(t, [3]int{len(want), items, 0}, [3]int{removal.Cleared, removal.Removed, removal.Kept})
		for u := range reached {
			require.Empty(t, server.rosters[u])
		}
	}
}

func texts(users []jid.JID) (texts []string) {
	for _, u := range users {
		texts = append(texts, u.String())
	}
	return texts
}

func pairs(t *testing.T, rosters *rosterpush.Rosters, within []string) (lines []string) {
	t.Helper()
	found, _, err := rosters.Pairs(t.Context(), within, func(rosterpush.Census) {})
	require.NoError(t, err)
	for _, p := range found {
		lines = append(lines, p.A.String()+" "+p.B.String())
	}
	return lines
}

// pairs asks of every two users whether they have each other.
func (m *memory) pairs(users map[string]bool) (lines []string) {
	for a := range users {
		for b := range users {
			if a < b && m.rosters[a][b].Subscription == rosterpush.Both && m.rosters[b][a].Subscription == rosterpush.Both {
				lines = append(lines, a+" "+b)
			}
		}
	}
	slices.SortFunc(lines, func(l, k string) int {
		la, lb, _ := strings.Cut(l, " ")
		ka, kb, _ := strings.Cut(k, " ")
		return slices.Compare([]string{la, lb}, []string{ka, kb})
	})
	return lines
}

// TestNobody: where nobody is found, only a source that would know makes that
// an answer.
func TestNobody(t *testing.T) {
	cause := errors.New("made to fail")
	for name, test := range map[string]struct {
		sources []rosterpush.Source
		want    string // the error, "" for none
	}{
		"no source":  {nil, "localhost: nobody with a roster was found, and nothing says that there is nobody: "},
		"none knows": {[]rosterpush.Source{knows("some", false, "a@localhost"), knows("others", false)}, "localhost: nobody with a roster was found, and nothing says that there is nobody: some: 1 on localhost; others: 0 on localhost"},
		"one fails":  {[]rosterpush.Source{knows("some", false), fails("others", cause)}, "localhost: nobody with a roster was found, and nothing says that there is nobody: some: 0 on localhost; others: not available on localhost"},
		"one knows":  {[]rosterpush.Source{fails("some", cause), knows("others", true)}, ""},
		"unserved":   {[]rosterpush.Source{knows("some", true), fails("others", &fault.NotServedError{Host: "localhost"})}, "localhost: not a host whose rosters are managed here (these are: none at the moment)"},
		"somebody":   {[]rosterpush.Source{fails("some", cause), knows("others", false, "b@localhost")}, "error"},
	} {
		t.Run(name, func(t *testing.T) {
			server := newMemory()
			if name == "somebody" {
				server.has("b@localhost", rosterpush.Item{JID: alice, Subscription: rosterpush.None})
				test.want = ""
			}
			rosters := rosterpush.New(server, test.sources...)
			_, err := rosters.Count(t.Context(), hosts[:1])
			_, rerr := rosters.ClearAll(t.Context(), hosts[:1], func(rosterpush.Removal) {})
			if test.want == "" {
				assert.NoError(t, err)
				assert.NoError(t, rerr)
				return
			}
			assert.EqualError(t, err, test.want)
			assert.EqualError(t, rerr, test.want)
		})
	}
}

// shared shows items that it does not keep, whatever is removed.
type shared struct{ *memory }

func (s shared) Roster(ctx context.Context, user jid.JID) ([]rosterpush.Item, error) {
	items, err := s.memory.Roster(ctx, user)
	return append(items, rosterpush.Item{JID: jid.MustParse("team@localhost"), Subscription: rosterpush.Both}), err
}

func TestSharedItemsDoNotCountAsRemoved(t *testing.T) {
	server := shared{newMemory()}
	server.has("alice@localhost", rosterpush.Item{JID: bob, Subscription: rosterpush.None})
	rosters := rosterpush.New(server, knows("all", true, "alice@localhost"))
	removal, err := rosters.ClearAll(t.Context(), hosts[:1], func(rosterpush.Removal) {})
	require.NoError(t, err)
	// alice, bob and the team: all of them are shown the team.
	assert.Equal(t, [3]int{1, 1, 3}, [3]int{removal.Cleared, removal.Removed, removal.Kept})
	assert.Equal(t, "1 item of 1 roster removed, 3 items of shared roster groups left", removal.String())

	_, _, err = rosters.Clear(t.Context(), alice, func(int, int) {})
	assert.ErrorIs(t, err, rosterpush.ErrShared)
}

// TestClearAllGoesOn past a roster that cannot be cleared, but not for ever.
func TestClearAllGoesOn(t *testing.T) {
	cause := errors.New("made to fail")
	var users []string
	fill := func(n int) *stubborn {
		s := &stubborn{memory: newMemory(), cause: cause}
		users = nil
		for i := range n {
			users = append(users, fmt.Sprintf("u%d@localhost", i))
			s.has(users[i], rosterpush.Item{JID: jid.MustParse("c@far.example"), Subscription: rosterpush.None})
		}
		return s
	}
	server := fill(1000)
	server.bad = func(u string) bool { return u == "u7@localhost" || u == "u9@localhost" }
	_, err := rosterpush.New(server, knows("all", true, users...)).ClearAll(t.Context(), hosts[:1], func(rosterpush.Removal) {})
	var failed *rosterpush.ClearError
	require.ErrorAs(t, err, &failed)
	assert.NoError(t, failed.Err)
	assert.Equal(t, 998, failed.Removal.Removed)
	require.Len(t, failed.Failed, 2)
	for _, f := range failed.Failed {
		assert.True(t, server.bad(f.JID.String()))
		assert.EqualError(t, f.Err, "c@far.example: made to fail", "it names the item")
		assert.ErrorIs(t, f.Err, cause)
	}

	server = fill(1000)
	server.bad = func(string) bool { return true }
	_, err = rosterpush.New(server, knows("all", true, users...)).ClearAll(t.Context(), hosts[:1], func(rosterpush.Removal) {})
	require.ErrorAs(t, err, &failed)
	assert.ErrorContains(t, failed.Err, "given up")
	assert.Less(t, len(failed.Failed), 200)
}

// TestClearAllKeepsWhoIsCutOff: who is in a roster is written down before it is
// cleared, and where that fails no more is.
func TestClearAllKeepsWhoIsCutOff(t *testing.T) {
	server := newMemory()
	chain := make([]string, 20) // each has the next one only
	for i := range chain {
		chain[i] = fmt.Sprintf("u%02d@localhost", i)
	}
	for i := range chain[1:] {
		server.has(chain[i], rosterpush.Item{JID: jid.MustParse(chain[i+1]), Subscription: rosterpush.To})
	}
	full := errors.New("no space left")
	var kept []string
	index := knows("index", true, chain[0])
	index.Keep = func(_ context.Context, users []jid.JID) error {
		if len(kept) == 10 {
			return full
		}
		for _, u := range users {
			assert.NotEmpty(t, server.rosters[users[0].String()], "it comes before the removal")
			kept = append(kept, u.String())
		}
		return nil
	}
	rosters := rosterpush.New(server, index)
	_, err := rosters.ClearAll(t.Context(), hosts[:1], func(rosterpush.Removal) {})
	var failed *rosterpush.ClearError
	require.ErrorAs(t, err, &failed)
	assert.ErrorIs(t, err, full)
	assert.Equal(t, 5, failed.Removal.Removed)
	assert.Empty(t, failed.Failed)
	assert.Empty(t, server.rosters[chain[4]])
	assert.NotEmpty(t, server.rosters[chain[5]])
	assert.Contains(t, kept, chain[5], "so that the next run finds the rest")

	_, err = rosterpush.New(server, index, knows("what was kept", true, kept...)).ClearAll(t.Context(), hosts[:1], func(rosterpush.Removal) {})
	var keeping *rosterpush.SourceError
	require.ErrorAs(t, err, &keeping)
	assert.EqualError(t, keeping, "index: no space left")
}

// TestBlindHosts: a host of which nothing is known is no host without rosters,
// whatever was found on others. A list says so, a removal fails.
func TestBlindHosts(t *testing.T) {
	fill := func() *memory {
		server := newMemory()
		server.has("a@localhost", rosterpush.Item{JID: jid.MustParse("c@far.example"), Subscription: rosterpush.None})
		return server
	}
	none := func(rosterpush.Census) {}
	const blind = "nobody was found on example.org, and nothing says that there is nobody"
	rosters := rosterpush.New(fill(), knows("some", false, "a@localhost"))
	owners, census, err := rosters.Owners(t.Context(), hosts, none)
	require.NoError(t, err)
	assert.Len(t, owners, 1)
	assert.Contains(t, census.String(), blind)

	removal, err := rosters.ClearAll(t.Context(), hosts, func(rosterpush.Removal) {})
	var nobody *rosterpush.NobodyError
	require.ErrorAs(t, err, &nobody)
	assert.Equal(t, []string{"example.org"}, nobody.Hosts)
	assert.Equal(t, 1, removal.Removed)

	rosters = rosterpush.New(fill(), knows("some", false, "a@localhost"), rosterpush.Source{
		Name:  "one host's list",
		Users: func(_ context.Context, host string) ([]jid.JID, bool, error) { return nil, host == "example.org", nil },
	})
	_, census, err = rosters.Owners(t.Context(), hosts, none)
	require.NoError(t, err)
	assert.NotContains(t, census.String(), blind)
	_, err = rosters.ClearAll(t.Context(), hosts, func(rosterpush.Removal) {})
	require.NoError(t, err)
}

// TestIndexThatCannotBeRead may know whom nobody else does.
func TestIndexThatCannotBeRead(t *testing.T) {
	broken := fails("index", errors.New("disk image is malformed"))
	broken.Keep = func(context.Context, []jid.JID) error { return nil }
	rosters := rosterpush.New(newMemory(), broken, knows("list", true, "a@localhost"))
	_, _, err := rosters.Owners(t.Context(), hosts, func(rosterpush.Census) {})
	var source *rosterpush.SourceError
	require.ErrorAs(t, err, &source)
	_, err = rosters.ClearAll(t.Context(), hosts, func(rosterpush.Removal) {})
	require.ErrorAs(t, err, &source)
}

// TestNobodyLooksWhileAHostIsCleared: who did would miss those to whom the ways
// are cut.
func TestNobodyLooksWhileAHostIsCleared(t *testing.T) {
	server := newMemory()
	server.has("alice@localhost", rosterpush.Item{JID: bob, Subscription: rosterpush.Both})
	server.has("carol@example.org", rosterpush.Item{JID: alice, Subscription: rosterpush.None})
	rosters := rosterpush.New(server, knows("all", true, "alice@localhost", "carol@example.org"))
	looks := 0
	look := func(hosts ...string) error {
		looks++
		_, _, err := rosters.Owners(t.Context(), hosts, func(rosterpush.Census) {})
		return err
	}
	_, err := rosters.ClearAll(t.Context(), []string{"localhost"}, func(rosterpush.Removal) {
		busy := &rosterpush.BusyError{Host: "localhost"}
		assert.Equal(t, busy, look("example.org", "localhost"))
		assert.NoError(t, look("example.org"))
		_, err := rosters.ClearAll(t.Context(), []string{"localhost"}, func(rosterpush.Removal) {})
		assert.Equal(t, busy, err)
	})
	require.NoError(t, err)
	assert.NotZero(t, looks)
	assert.NoError(t, look("localhost"))
}

// TestClearAllEndsWhereAHostIsGone: no other roster of it could be cleared
// either.
func TestClearAllEndsWhereAHostIsGone(t *testing.T) {
	gone := &fault.NotServedError{Host: "localhost"}
	server := &stubborn{memory: newMemory(), cause: gone, bad: func(user string) bool { return user == "b@localhost" }}
	server.broken = gone
	rosters := rosterpush.New(server, knows("all", true, "b@localhost"))
	_, err := rosters.ClearAll(t.Context(), hosts[:1], func(rosterpush.Removal) {})
	assert.Equal(t, gone, err, "nothing was done")

	server.broken = nil
	server.has("a@example.org", rosterpush.Item{JID: alice, Subscription: rosterpush.None})
	server.has("b@localhost", rosterpush.Item{JID: alice, Subscription: rosterpush.None})
	rosters = rosterpush.New(server, knows("first", true, "a@example.org"), knows("then", true, "b@localhost"))
	_, err = rosters.ClearAll(t.Context(), hosts, func(rosterpush.Removal) {})
	var failed *rosterpush.ClearError
	require.ErrorAs(t, err, &failed)
	assert.ErrorIs(t, failed.Err, gone)
	assert.Empty(t, failed.Failed)
	assert.Equal(t, 1, failed.Removal.Removed)
}

// stubborn refuses to remove items from some rosters.
type stubborn struct {
	*memory
	bad   func(user string) bool
	cause error
}

func (s *stubborn) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	if s.bad(user.String()) {
		return s.cause
	}
	return s.memory.Remove(ctx, user, was)
}

// TestCrawlEndsWithItsContext: what was counted until then is told.
func TestCrawlEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := &held{newMemory(), cancel}
	for i := range 50 {
		server.has(fmt.Sprintf("u%d@localhost", i), rosterpush.Item{JID: jid.MustParse(fmt.Sprintf("u%d@localhost", i+1)), Subscription: rosterpush.None})
	}
	census, err := rosterpush.New(server, knows("one", true, "u0@localhost")).Count(ctx, hosts[:1])
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 30, census.Rosters)
	assert.Equal(t, 30, census.Items)
}

// held does not answer for u30, and has nobody wait for it.
type held struct {
	*memory
	cancel context.CancelFunc
}

func (h *held) Roster(ctx context.Context, user jid.JID) ([]rosterpush.Item, error) {
	if user.Localpart() == "u30" {
		h.cancel()
		return nil, fmt.Errorf("%w: %w", fault.ErrNoAnswer, ctx.Err())
	}
	return h.memory.Roster(ctx, user)
}

// refusing shows every roster but one.
type refusing struct {
	*memory
	user string
}

func (r refusing) Roster(ctx context.Context, user jid.JID) ([]rosterpush.Item, error) {
	if user.String() == r.user {
		return nil, stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest}
	}
	return r.memory.Roster(ctx, user)
}

// TestOneThatCannotBeRead: a roster that the server refuses to show does not
// keep it from the others, and is named.
func TestOneThatCannotBeRead(t *testing.T) {
	m := newMemory()
	a, b := jid.MustParse("a@localhost"), jid.MustParse("b@localhost")
	m.rosters[a.String()] = map[string]rosterpush.Item{"": {JID: b, Subscription: rosterpush.Both}}
	m.rosters[b.String()] = map[string]rosterpush.Item{"": {JID: a, Subscription: rosterpush.Both}}
	rosters := rosterpush.New(refusing{m, "x@localhost"}, knows("source", true, "x@localhost", "a@localhost"))
	owners, census, err := rosters.Owners(t.Context(), hosts, func(rosterpush.Census) {})
	require.NoError(t, err)
	assert.Equal(t, []jid.JID{a, b}, owners)
	assert.Contains(t, census.String(), "1 roster could not be read, such as that of x@localhost: ")
	pairs, _, err := rosters.Pairs(t.Context(), hosts, func(rosterpush.Census) {})
	require.NoError(t, err)
	assert.Equal(t, []rosterpush.Pair{{A: a, B: b}}, pairs)
}

// TestOneAccountUnderTwoNames is met once.
func TestOneAccountUnderTwoNames(t *testing.T) {
	m := newMemory()
	m.rosters["strauss@localhost"] = map[string]rosterpush.Item{"": {JID: jid.MustParse("b@localhost")}}
	rosters := rosterpush.New(m, knows("source", true, "strauß@localhost", "strauss@localhost"))
	census, err := rosters.Count(t.Context(), hosts)
	require.NoError(t, err)
	assert.Equal(t, [2]int{1, 1}, [2]int{census.Rosters, census.Items})
}
