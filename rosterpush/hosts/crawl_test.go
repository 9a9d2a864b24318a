package hosts_test

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

	"emanagement/fault"
	"emanagement/internal/memory"
	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
)

// TestCrawl starts from random users in random rosters. It compares the results with
// those of a search that works in another way, and checks that each roster is read
// once.
func TestCrawl(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 6121))
		server := randomRosters(r)
		var from []string
		for range 1 + r.IntN(5) {
			from = append(from, fmt.Sprintf("u%d@localhost", r.IntN(40)))
		}
		searched := twoHosts[:1+r.IntN(2)]
		rosters := newRosters(server, listing("some", true, from[:len(from)/2]...), listing("others", false, from[len(from)/2:]...))
		reachable := reachableUsers(server.Server, from, searched)
		var want []string
		items := 0
		for u := range reachable {
			if len(server.Rosters[u]) > 0 {
				want = append(want, u)
				items += len(server.Rosters[u])
			}
		}
		slices.Sort(want)

		owners, census, err := rosters.Owners(t.Context(), searched, noCensus)
		require.NoError(t, err)
		require.Equal(t, want, texts(owners))
		for u, n := range server.reads {
			require.Equal(t, 1, n, u)
		}
		require.Len(t, server.reads, len(reachable))
		require.Equal(t, len(reachable), census.Visited)
		require.Equal(t, len(want), census.Rosters)
		require.Equal(t, items, census.Items)
		require.LessOrEqual(t, server.most, 16, "the window of the component")

		counted, err := rosters.Count(t.Context(), searched)
		require.NoError(t, err)
		require.Equal(t, [2]int{len(want), items}, [2]int{counted.Rosters, counted.Items})

		require.Equal(t, allPairs(server.Server, reachable), foundPairs(t, rosters, searched))

		removal, err := rosters.ClearAll(t.Context(), searched, noRemoval)
		require.NoError(t, err)
		require.Equal(t, [3]int{len(want), items, 0}, [3]int{removal.Cleared, removal.Removed, removal.Kept})
		for u := range reachable {
			require.Empty(t, server.Rosters[u])
		}
	}
}

// readCounter counts how often each roster is read, and how many are read at the same
// time.
type readCounter struct {
	*memory.Server
	mu    sync.Mutex
	reads map[string]int // by user
	now   int
	most  int
}

func (c *readCounter) Roster(ctx context.Context, user jid.JID, known *rosterpush.Roster) (*rosterpush.Roster, error) {
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
	return c.Server.Roster(ctx, user, known)
}

// randomRosters returns a server with random rosters of users of both hosts. They
// have contacts there and at another host.
func randomRosters(r *rand.Rand) *readCounter {
	c := &readCounter{Server: memory.New(), reads: make(map[string]int)}
	randomUser := func() string {
		return fmt.Sprintf("u%d@%s", r.IntN(40), []string{"localhost", "example.org", "far.example"}[r.IntN(3)])
	}
	for range r.IntN(80) {
		user, contact := randomUser(), randomUser()
		if strings.HasSuffix(user, "far.example") {
			continue
		}
		c.Store(user, item(contact, rosterpush.Subscriptions()[r.IntN(4)]))
		if r.IntN(2) == 0 && !strings.HasSuffix(contact, "far.example") {
			c.Store(user, item(contact, rosterpush.Both))
			c.Store(contact, item(user, rosterpush.Both))
		}
	}
	c.Store("u0@localhost", item("gateway.localhost", rosterpush.None))
	return c
}

// reachableUsers returns the users whom a crawl from some users must find. It works in
// another way: it follows all rosters again and again, until it finds no more users.
func reachableUsers(server *memory.Server, from []string, hosts []string) map[string]bool {
	found := make(map[string]bool)
	for _, u := range from {
		found[u] = slices.Contains(hosts, jid.MustParse(u).Domainpart())
	}
	for before := -1; before != len(found); {
		before = len(found)
		for u, local := range found {
			for contact, item := range server.Rosters[u] {
				if local && item.JID.Localpart() != "" && slices.Contains(hosts, item.JID.Domainpart()) {
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

func texts(users []jid.JID) (texts []string) {
	for _, u := range users {
		texts = append(texts, u.String())
	}
	return texts
}

func foundPairs(t *testing.T, rosters *hosts.Rosters, searched []string) (lines []string) {
	t.Helper()
	found, _, err := rosters.Pairs(t.Context(), searched, noCensus)
	require.NoError(t, err)
	for _, p := range found {
		lines = append(lines, p.A.String()+" "+p.B.String())
	}
	return lines
}

// allPairs compares every two of the users.
func allPairs(server *memory.Server, users map[string]bool) (lines []string) {
	for a := range users {
		for b := range users {
			if a < b && server.Rosters[a][b].Subscription == rosterpush.Both && server.Rosters[b][a].Subscription == rosterpush.Both {
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

// TestCrawlEndsWithItsContext: Count returns what it has counted until then.
func TestCrawlEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := &cancellingRead{memory.New(), cancel}
	for i := range 50 {
		server.Store(fmt.Sprintf("u%d@localhost", i), item(fmt.Sprintf("u%d@localhost", i+1), rosterpush.None))
	}
	census, err := newRosters(server, listing("one", true, "u0@localhost")).Count(ctx, oneHost)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 30, census.Rosters)
	assert.Equal(t, 30, census.Items)
}

// cancellingRead does not answer for u30, and ends the search when it is asked.
type cancellingRead struct {
	*memory.Server
	cancel context.CancelFunc
}

func (c *cancellingRead) Roster(ctx context.Context, user jid.JID, known *rosterpush.Roster) (*rosterpush.Roster, error) {
	if user.Localpart() == "u30" {
		c.cancel()
		return nil, fmt.Errorf("%w: %w", fault.ErrNoAnswer, ctx.Err())
	}
	return c.Server.Roster(ctx, user, known)
}

// TestUnreadRoster: the search goes on after a roster that the server refuses to show,
// and the census names it.
func TestUnreadRoster(t *testing.T) {
	server := memory.New()
	server.Store("a@localhost", item("b@localhost", rosterpush.Both))
	server.Store("b@localhost", item("a@localhost", rosterpush.Both))
	refusal := &fault.Error{Code: fault.Refused, Text: "the server refuses: bad-request"}
	for _, err := range []error{refusal, &rosterpush.UnreadableError{User: jid.MustParse("x@localhost")}} {
		rosters := newRosters(failingRead{server, "x@localhost", err}, listing("source", true, "x@localhost", "a@localhost"))
		owners, census, err := rosters.Owners(t.Context(), twoHosts, noCensus)
		require.NoError(t, err)
		assert.Equal(t, []string{"a@localhost", "b@localhost"}, texts(owners))
		assert.Contains(t, census.String(), "1 roster could not be read, such as that of x@localhost: ")
		pairs, _, err := rosters.Pairs(t.Context(), twoHosts, noCensus)
		require.NoError(t, err)
		assert.Equal(t, []hosts.Pair{{A: jid.MustParse("a@localhost"), B: jid.MustParse("b@localhost")}}, pairs)
	}

	cause := errors.New("made to fail")
	_, _, err := newRosters(failingRead{server, "x@localhost", cause}, listing("source", true, "x@localhost")).Owners(t.Context(), twoHosts, noCensus)
	assert.Equal(t, cause, err, "any other error ends the search")
}

// failingRead shows every roster but one.
type failingRead struct {
	*memory.Server
	user string
	err  error
}

func (f failingRead) Roster(ctx context.Context, user jid.JID, known *rosterpush.Roster) (*rosterpush.Roster, error) {
	if user.String() == f.user {
		return nil, f.err
	}
	return f.Server.Roster(ctx, user, known)
}

// TestDamagedRoster: the contacts of a roster that cannot be shown lead on to other
// rosters, and the census names it.
func TestDamagedRoster(t *testing.T) {
	server := memory.New()
	damaged := item("b@localhost", rosterpush.Both)
	damaged.Damaged = true
	server.Store("a@localhost", damaged)
	server.Store("b@localhost", item("far@far.example", rosterpush.None))
	owners, census, err := newRosters(server, listing("source", true, "a@localhost")).Owners(t.Context(), oneHost, noCensus)
	require.NoError(t, err)
	assert.Equal(t, []string{"a@localhost", "b@localhost"}, texts(owners))
	assert.Equal(t, 1, census.Unread)
	assert.Contains(t, census.String(), "1 roster could not be read, such as that of a@localhost: ")
}

// TestTwoSpellingsOfOneAccount are visited once.
func TestTwoSpellingsOfOneAccount(t *testing.T) {
	server := memory.New()
	server.Store("strauss@localhost", rosterpush.Item{JID: jid.MustParse("b@localhost")})
	rosters := newRosters(server, listing("source", true, "strauß@localhost", "strauss@localhost"))
	census, err := rosters.Count(t.Context(), twoHosts)
	require.NoError(t, err)
	assert.Equal(t, [2]int{1, 1}, [2]int{census.Rosters, census.Items})
}
