package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

// TestSharedRosters checks items of a shared roster group. The verbs list them,
// cannot remove them, and do not claim to have removed them.
func TestSharedRosters(t *testing.T) {
	t.Parallel()
	s := newDomainServer(t, testserver.AdHoc, func(c map[string]any) {
		c["modules"].(map[string]any)["mod_shared_roster"] = map[string]any{}
	}, "alice", "carol")
	admin := loginTo(t, s.Server, "admin@localhost")
	for _, ctl := range [][]string{
		{"srg_create", "team", "localhost", "Team", "d", "team"},
		{"srg_user_add", "alice", "localhost", "team", "localhost"},
		{"srg_user_add", "carol", "localhost", "team", "localhost"},
	} {
		_, err := s.Ctl(t.Context(), ctl...)
		require.NoError(t, err)
	}
	storeItems(t, s.Server, "alice@localhost", storedItem{"bob@localhost", "Bob", "both", nil})
	const shown = "carol@localhost\t\tboth\tnone\tTeam"
	assert.Equal(t, []string{
		rosterRule, "alice Roster", rosterRule, "bob@localhost\tBob\tboth\tnone\t", shown, rosterRule,
		rosterRule, "carol Roster", rosterRule, "alice@localhost\t\tboth\tnone\tTeam", rosterRule, "Done",
	}, runVerb(t, admin, "printAllRostersByDomain", "domain", "localhost").lines)

	text := runVerb(t, admin, "removeAllRostersByDomain", "domain", "localhost", "confirm", "localhost").text
	assert.Contains(t, text, "Done; 1 item of 1 roster removed, 2 items of shared roster groups left; ")
	got := runVerb(t, admin, "getRoster", "userJid", "alice@localhost").lines
	require.Len(t, got, 1)
	assert.Contains(t, got[0], shown)
	assert.Equal(t, "error", runVerb(t, admin, "removeRoster", "userJid", "alice@localhost").note)
	refusal := "carol@localhost: the item is of a shared roster group, which only the server's administrator can change"
	assert.Equal(t, refusalAnswer(refusal), runVerb(t, admin, "removeBuddyFromRoster", "userJid", "alice@localhost", "buddyJid", "carol@localhost"))
	_, err := admin.Run(shortContext(t), service, "unsetBidireccionalBuddys", formValues("userJid", "alice@localhost", "oldFriendJid", "carol@localhost"))
	assert.ErrorContains(t, err, "the item is of a shared roster group")

	written := runVerb(t, admin, "addBuddyToRoster", "userJid", "alice@localhost", "buddyJid", "carol@localhost", "buddyGroup", "Mine", "subscription_type", "to")
	notVisible := answer{"info", "Done; carol@localhost in the roster of alice@localhost: the item is of a shared roster group, which only the server's administrator can change; what was written shows only when the group no longer has this contact", []string{"Done"}}
	assert.Equal(t, notVisible, written)
	assert.Equal(t, notVisible, runVerb(t, admin, "setBidireccionalBuddys", "userAJid", "alice@localhost", "userBJid", "carol@localhost", "userBNick", "C", "groupForB", "Mine"))

	storeItems(t, s.Server, "alice@localhost", storedItem{"bob@localhost", "Bob", "both", nil})
	assert.Equal(t, "Done; 1 item of shared roster groups left", runVerb(t, admin, "removeRoster", "userJid", "alice@localhost").text)
}
