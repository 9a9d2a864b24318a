package e2e_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// respelled returns the names in other spellings than the server's.
func respelled(kept []string) []string {
	spelled := make([]string, len(kept))
	for i, name := range kept {
		spelled[i] = strings.NewReplacer("strauss", "strauß", "σ", "ς").Replace(name)
	}
	return spelled
}

// TestFoldedNames checks that verbs accept every spelling that the server takes
// for the same name.
func TestFoldedNames(t *testing.T) {
	withAndWithoutAccounts(t, func(t *testing.T, d *deployment, makeUsers func(...string) []string) {
		admin := d.login(t, "admin@localhost")
		kept := makeUsers("strauss", "σ")
		spelled := respelled(kept)
		for i, user := range spelled {
			own, peer, other := kept[i], kept[1-i], spelled[1-i]
			requireDone(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", other, "buddyNick", "N", "subscription_type", "from")
			assert.Equal(t, []storedItem{{peer, "N", "from", []string{}}}, d.storedRoster(t, own))
			assert.Equal(t, []string{peer + "\tN\tfrom\tnone\t"}, runVerb(t, admin, "getRoster", "userJid", user).lines)
			assert.Equal(t, "true", runVerb(t, admin, "checkUserJid", "userJid", user).text)

			requireDone(t, admin, "setBidireccionalBuddys", "userAJid", user, "userBJid", other, "userANick", "A", "userBNick", "B")
			assert.Equal(t, []storedItem{{peer, "B", "both", []string{}}}, d.storedRoster(t, own))
			assert.Equal(t, []storedItem{{own, "A", "both", []string{}}}, d.storedRoster(t, peer))
			for _, pair := range [][2]string{{user, other}, {own, other}, {other, own}, {peer, user}} {
				assert.Equal(t, "true", runVerb(t, admin, "checkBidirecctionalBuddys", "userAJid", pair[0], "userBJid", pair[1]).text, pair)
			}

			requireDone(t, admin, "unsetBidireccionalBuddys", "userJid", user, "oldFriendJid", other, "oldFriendNick", "Old")
			assert.Equal(t, []storedItem{{peer, "Old", "to", []string{}}}, d.storedRoster(t, own))
			assert.Empty(t, d.storedRoster(t, peer))
			assert.Equal(t, "false", runVerb(t, admin, "checkBidirecctionalBuddys", "userAJid", user, "userBJid", other).text)

			requireDone(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", other)
			assert.Empty(t, d.storedRoster(t, own))
		}
	})
}

// TestFoldedNameIsWrittenOnce checks that a repeated verb in another spelling
// writes nothing. The user's client watches the roster pushes.
func TestFoldedNameIsWrittenOnce(t *testing.T) {
	admin := login(t, "admin@localhost")
	kept := uniqueJIDs(t, "localhost", "strauss", "σ")
	spelled := respelled(kept)
	register(t, kept...)
	for i, user := range spelled {
		client := login(t, kept[i])
		_, err := client.Roster(shortContext(t))
		require.NoError(t, err)
		for range 2 {
			requireDone(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", spelled[1-i], "buddyNick", "N", "subscription_type", "both")
			requireDone(t, admin, "addBuddyToRoster", "userJid", kept[i], "buddyJid", kept[1-i], "buddyNick", "N", "subscription_type", "both")
		}
		_, err = client.Roster(shortContext(t)) // every push has arrived before this answer
		require.NoError(t, err)
		for range 2 { // the removal of a possible hidden item, and the item
			_, err = client.Next(shortContext(t), isPush)
			require.NoError(t, err)
		}
		for _, e := range client.Seen() {
			assert.False(t, isPush(e), e.String())
		}
	}
}

// TestSameUserSpelledTwice checks that no user becomes a pair with himself.
func TestSameUserSpelledTwice(t *testing.T) {
	admin := login(t, "admin@localhost")
	kept := uniqueJIDs(t, "localhost", "strauss")
	spelled := respelled(kept)
	r, err := admin.Run(shortContext(t), service, "setBidireccionalBuddys", formValues("userAJid", kept[0], "userBJid", spelled[0]))
	require.NoError(t, err)
	require.Len(t, r.Notes, 1)
	assert.Contains(t, r.Notes[0].Text, "the same user as the other one")
	assert.Empty(t, storedRoster(t, server, kept[0]))
}
