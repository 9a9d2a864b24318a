package rosterpush_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/memory"
	"emanagement/rosterpush"
)

var (
	alice = jid.MustParse("alice@localhost")
	bob   = jid.MustParse("bob@localhost")
)

var fields = rosterpush.Fields{JID: "buddyJid", Name: "buddyNick", Groups: "buddyGroup", Subscription: "subscription_type"}

func TestGetIsSorted(t *testing.T) {
	server := memory.New()
	for _, c := range []string{"c@localhost", "a@localhost", "b@example.org"} {
		server.Store("alice@localhost", rosterpush.Item{JID: jid.MustParse(c), Subscription: rosterpush.None})
	}
	items, err := rosterpush.New(server).Get(t.Context(), alice)
	require.NoError(t, err)
	assert.True(t, slices.IsSortedFunc(items, func(a, b rosterpush.Item) int {
		return slices.Compare([]byte(a.JID.String()), []byte(b.JID.String()))
	}))
	assert.Len(t, items, 3)
}

func TestRemove(t *testing.T) {
	server := memory.New()
	rosters := rosterpush.New(server)
	assert.ErrorIs(t, rosters.Remove(t.Context(), alice, bob), rosterpush.ErrNotInRoster)
	server.Store("alice@localhost", rosterpush.Item{JID: bob, Subscription: rosterpush.Both})
	require.NoError(t, rosters.Remove(t.Context(), alice, bob))
	assert.Empty(t, server.Rosters["alice@localhost"])
}
