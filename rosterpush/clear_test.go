package rosterpush_test

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
)

// withContacts returns a server on which alice has n contacts.
func withContacts(n int) *memory.Server {
	server := memory.New()
	for i := range n {
		server.Store("alice@localhost", rosterpush.Item{JID: jid.MustParse(fmt.Sprintf("c%02d@localhost", i)), Subscription: rosterpush.None})
	}
	return server
}

func TestClearStopsAtAFailure(t *testing.T) {
	server := withContacts(100)
	cause := errors.New("made to fail")
	server.FailWrite = func(write int) error {
		if write == 50 {
			return cause
		}
		return nil
	}
	rosters := rosterpush.New(server)
	removed, _, err := rosters.Clear(t.Context(), alice, nil, nil)
	assert.ErrorIs(t, err, cause)
	assert.Equal(t, 100-len(server.Rosters["alice@localhost"]), removed, "the items that it counts are gone, and the others are there")

	removed, _, err = rosters.Clear(t.Context(), alice, nil, nil)
	require.NoError(t, err)
	assert.Positive(t, removed)
	assert.Empty(t, server.Rosters["alice@localhost"])
	_, _, err = rosters.Clear(t.Context(), alice, nil, nil)
	assert.ErrorIs(t, err, rosterpush.ErrNoRoster)
}

// TestClearContinuesAfterARefusal: the refusal of one item does not keep the others
// from being removed.
func TestClearContinuesAfterARefusal(t *testing.T) {
	server := withContacts(50)
	refusal := &fault.Error{Code: fault.Refused, Text: "the server refuses: bad-request"}
	server.FailWrite = func(write int) error {
		if write == 3 || write == 7 {
			return refusal
		}
		return nil
	}
	var progress []int
	removed, _, err := rosterpush.New(server).Clear(t.Context(), alice, nil, func(removed, all int) {
		assert.Equal(t, 50, all)
		progress = append(progress, removed)
	})
	var failed *rosterpush.ItemsError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, 48, removed)
	assert.Len(t, progress, 48)
	assert.True(t, slices.IsSorted(progress))
	require.Len(t, failed.Failed, 2)
	for _, f := range failed.Failed {
		assert.ErrorIs(t, f.Err, refusal)
		assert.Contains(t, server.Rosters["alice@localhost"], f.JID.String(), "this item is still there")
	}
}

// TestClearIgnoresNewItems: the user adds contacts while Clear removes the others.
func TestClearIgnoresNewItems(t *testing.T) {
	server := memory.New()
	server.Store("alice@localhost", rosterpush.Item{JID: bob, Subscription: rosterpush.None})
	server.FailWrite = func(int) error {
		for i := range 5 {
			server.Store("alice@localhost", rosterpush.Item{JID: jid.MustParse(fmt.Sprintf("new%d@localhost", i)), Subscription: rosterpush.None})
		}
		return nil
	}
	removed, kept, err := rosterpush.New(server).Clear(t.Context(), alice, nil, nil)
	require.NoError(t, err)
	assert.Equal(t, [2]int{1, 0}, [2]int{removed, kept})
	assert.Len(t, server.Rosters["alice@localhost"], 5)
}

// TestClearCountsConfirmedRemovals if the roster cannot be read afterwards.
func TestClearCountsConfirmedRemovals(t *testing.T) {
	server := withContacts(20)
	server.FailWrite = func(int) error {
		server.ReadError = errors.New("no more reads")
		return nil
	}
	removed, _, err := rosterpush.New(server).Clear(t.Context(), alice, nil, nil)
	require.ErrorIs(t, err, server.ReadError)
	assert.Equal(t, 20, removed)
}

// TestClearAwaitsWhatIsUnderWay: a removal under way when another one fails goes on
// to its own end, and is not reported as failed.
func TestClearAwaitsWhatIsUnderWay(t *testing.T) {
	server := memory.New()
	cause := errors.New("made to fail")
	server.Store("alice@localhost", rosterpush.Item{JID: jid.MustParse("bad@localhost"), Subscription: rosterpush.None})
	server.Store("alice@localhost", rosterpush.Item{JID: jid.MustParse("slow@localhost"), Subscription: rosterpush.None})
	slow := &slowRemoval{Server: server, begun: make(chan struct{}), failed: make(chan struct{}), cause: cause}
	removed, _, err := rosterpush.New(slow).Clear(t.Context(), alice, nil, nil)
	require.EqualError(t, err, "bad@localhost: made to fail")
	assert.Equal(t, 1, removed)
	assert.NoError(t, slow.contextError)
}

// slowRemoval removes slow@localhost only after the removal of bad@localhost has
// failed.
type slowRemoval struct {
	*memory.Server
	begun, failed chan struct{}
	cause         error // of the failure
	contextError  error // of the slow removal, after the failure
}

func (s *slowRemoval) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	if was.JID.Localpart() == "bad" {
		defer close(s.failed)
		<-s.begun
		return s.cause
	}
	close(s.begun)
	<-s.failed
	s.contextError = ctx.Err()
	return s.Server.Remove(ctx, user, was)
}

// TestClearCallsBefore with all items before the first is removed. Its error ends
// Clear.
func TestClearCallsBefore(t *testing.T) {
	server := withContacts(3)
	rosters := rosterpush.New(server)
	cause := errors.New("made to fail")
	calls := 0
	before := func(items []rosterpush.Item) error {
		calls++
		assert.Len(t, items, 3)
		assert.Zero(t, server.Writes)
		if calls == 1 {
			return cause
		}
		return nil
	}
	_, _, err := rosters.Clear(t.Context(), alice, before, nil)
	assert.Equal(t, cause, err)
	removed, _, err := rosters.Clear(t.Context(), alice, before, nil)
	require.NoError(t, err)
	assert.Equal(t, 3, removed)
	_, _, err = rosters.Clear(t.Context(), alice, before, nil)
	assert.ErrorIs(t, err, rosterpush.ErrNoRoster)
	assert.Equal(t, 2, calls, "it is not called for an empty roster")
}
