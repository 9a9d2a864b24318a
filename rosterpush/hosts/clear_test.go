package hosts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/internal/memory"
	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
)

// TestSharedItemsDoNotCountAsRemoved, for the server still shows them.
func TestSharedItemsDoNotCountAsRemoved(t *testing.T) {
	server := sharedItem{memory.New()}
	server.Store("alice@localhost", item("bob@localhost", rosterpush.None))
	removal, err := newRosters(server, listing("all", true, "alice@localhost")).ClearAll(t.Context(), oneHost, noRemoval)
	require.NoError(t, err)
	// alice, bob and the team itself: each of them is shown the team.
	assert.Equal(t, [3]int{1, 1, 3}, [3]int{removal.Cleared, removal.Removed, removal.Kept})
	assert.Equal(t, "1 item of 1 roster removed, 3 items of shared roster groups left", removal.String())

	_, _, err = rosterpush.New(server).Clear(t.Context(), alice, nil, nil)
	assert.ErrorIs(t, err, rosterpush.ErrShared)
}

// sharedItem shows an item in every roster that no removal removes.
type sharedItem struct{ *memory.Server }

func (s sharedItem) Roster(ctx context.Context, user jid.JID, _ *rosterpush.Roster) (*rosterpush.Roster, error) {
	own, err := s.Server.Roster(ctx, user, nil)
	return rosterpush.NewRoster("", append(slices.Clone(own.Items()), item("team@localhost", rosterpush.Both))), err
}

// TestClearAllGoesOn after a roster that cannot be cleared, but gives up after a
// hundred.
func TestClearAllGoesOn(t *testing.T) {
	cause := errors.New("made to fail")
	var users []string
	for i := range 1000 {
		users = append(users, fmt.Sprintf("u%d@localhost", i))
	}
	clearAll := func(server *failingRemoval) (failed *hosts.ClearError) {
		for _, u := range users {
			server.Store(u, item("c@far.example", rosterpush.None))
		}
		_, err := newRosters(server, listing("all", true, users...)).ClearAll(t.Context(), oneHost, noRemoval)
		require.ErrorAs(t, err, &failed)
		return failed
	}

	fails := func(user string) bool { return user == "u7@localhost" || user == "u9@localhost" }
	failed := clearAll(&failingRemoval{Server: memory.New(), err: cause, fails: fails})
	assert.NoError(t, failed.Err)
	assert.Equal(t, 998, failed.Removal.Removed)
	require.Len(t, failed.Failed, 2)
	for _, f := range failed.Failed {
		assert.True(t, fails(f.JID.String()))
		assert.EqualError(t, f.Err, "c@far.example: made to fail", "it names the item")
		assert.ErrorIs(t, f.Err, cause)
	}

	failed = clearAll(&failingRemoval{Server: memory.New(), err: cause, fails: func(string) bool { return true }})
	assert.ErrorContains(t, failed.Err, "given up")
	assert.Less(t, len(failed.Failed), 200)
}

// failingRemoval does not remove items from some users' rosters.
type failingRemoval struct {
	*memory.Server
	fails func(user string) bool
	err   error
}

func (f *failingRemoval) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	if f.fails(user.String()) {
		return f.err
	}
	return f.Server.Remove(ctx, user, was)
}

// TestClearAllSavesUsers of a roster before it clears the roster. When that fails, it
// clears no other.
func TestClearAllSavesUsers(t *testing.T) {
	server := memory.New()
	chain := make([]string, 20) // each user has only the next one as a contact
	for i := range chain {
		chain[i] = fmt.Sprintf("u%02d@localhost", i)
	}
	for i := range chain[1:] {
		server.Store(chain[i], item(chain[i+1], rosterpush.To))
	}
	full := errors.New("no space left")
	var saved []string
	index := listing("index", true, chain[0])
	index.Save = func(_ context.Context, users []jid.JID) error {
		if len(saved) == 10 {
			return full
		}
		for _, u := range users {
			assert.NotEmpty(t, server.Rosters[users[0].String()], "the roster is not cleared yet")
			saved = append(saved, u.String())
		}
		return nil
	}
	_, err := newRosters(server, index).ClearAll(t.Context(), oneHost, noRemoval)
	var failed *hosts.ClearError
	require.ErrorAs(t, err, &failed)
	assert.ErrorIs(t, err, full)
	assert.Equal(t, 5, failed.Removal.Removed)
	assert.Empty(t, failed.Failed)
	assert.Empty(t, server.Rosters[chain[4]])
	assert.NotEmpty(t, server.Rosters[chain[5]])
	assert.Contains(t, saved, chain[5], "the next run finds the rest by this user")

	_, err = newRosters(server, index, listing("what was saved", true, saved...)).ClearAll(t.Context(), oneHost, noRemoval)
	var source *hosts.SourceError
	require.ErrorAs(t, err, &source)
	assert.EqualError(t, source, "index: no space left")
}

// TestClearAllEndsIfAHostIsGone: no other roster of the host could be cleared either.
func TestClearAllEndsIfAHostIsGone(t *testing.T) {
	gone := &fault.NotServedError{Host: "localhost"}
	server := &failingRemoval{Server: memory.New(), err: gone, fails: func(user string) bool { return user == "b@localhost" }}
	server.ReadError = gone
	_, err := newRosters(server, listing("all", true, "b@localhost")).ClearAll(t.Context(), oneHost, noRemoval)
	assert.Equal(t, gone, err, "nothing was removed")

	server.ReadError = nil
	server.Store("a@example.org", item("alice@localhost", rosterpush.None))
	server.Store("b@localhost", item("alice@localhost", rosterpush.None))
	rosters := newRosters(server, listing("first", true, "a@example.org"), listing("then", true, "b@localhost"))
	_, err = rosters.ClearAll(t.Context(), twoHosts, noRemoval)
	var failed *hosts.ClearError
	require.ErrorAs(t, err, &failed)
	assert.ErrorIs(t, failed.Err, gone)
	assert.Empty(t, failed.Failed)
	assert.Equal(t, 1, failed.Removal.Removed)
}
