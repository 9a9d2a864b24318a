package verb

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestTable: an entry says all that is made of it.
func TestTable(t *testing.T) {
	names := make(map[string]bool)
	for _, v := range Verbs() {
		t.Run(v.Name, func(t *testing.T) {
			assert.False(t, names[v.Name], "it is there twice")
			names[v.Name] = true
			assert.Regexp(t, `^[a-z][A-Za-z]+$`, v.Name)
			assert.Regexp(t, `^[a-z].*[^.]$`, v.Summary, "a clause")
			assert.Regexp(t, `^\w.*\.$`, v.Help, "sentences")
			assert.Contains(t, []Role{Read, Write, Admin}, v.Role)
			assert.NotNil(t, v.run)
			confirm := slices.IndexFunc(v.Params, func(p Param) bool { return p.Kind == Confirm })
			assert.Equal(t, v.stakes != nil, confirm >= 0, "what destroys much asks, and nothing else")
			for i, p := range v.Params {
				assert.Regexp(t, `^[a-z][A-Za-z_]+$`, p.Name)
				assert.Regexp(t, `^[A-Z].*[^.]$`, p.Label)
				assert.NotEmpty(t, p.Kind.String(), p.Name)
				assert.Equal(t, i, slices.IndexFunc(v.Params, func(o Param) bool { return o.Name == p.Name }), "it is there twice")
				assert.False(t, p.Kind == Confirm && (p.Name != "confirm" || p.Required), "it may be left empty, to learn what is at stake")
				assert.False(t, p.Kind == Domain && p.Name != "domain", "target looks for that name")
			}
		})
	}
}

// TestSyntaxIsEmanagements: whoever runs a verb as the script of 2012 did finds
// his arguments in their order; what is new comes after them and may be left
// out.
func TestSyntaxIsEmanagements(t *testing.T) {
	script := make(map[string][]string)
	for _, line := range []string{
		"addBuddyToRoster userJid buddyJid buddyNick buddyGroup subscription_type",
		"removeBuddyFromRoster userJid buddyJid",
		"setBidireccionalBuddys userAJid userBJid userANick userBNick groupForA groupForB",
		"unsetBidireccionalBuddys userJid oldFriendJid oldFriendNick groupForOldFriend",
		"getRoster userJid",
		"removeRoster userJid",
		"removeAllRostersByDomain domain",
		"removeAllRosters",
		"getAllUserJidsWithRosterByDomain domain",
		"printAllRostersByDomain domain",
		"printAllRosters",
		"printAllBidirecctionalBuddysByDomain domain",
		"checkUserJid userJid",
		"checkBidirecctionalBuddys userAJid userBJid",
		"setPresence userJid",
		"unsetPresence userJid",
		"sendPresence userJid show",
		"sendMessageToUser fromJid toJid msg",
		"broadcast admin userJids msg",
		"broadcastToConnectedUsers admin userJids msg",
		"getUserResource userJid",
		"getConnectedJids",
		"getConnectedJidsByDomain domain",
		"kickUserJid userJid",
		"isEjabberdNodeStarted",
		"help",
		"createPersistentRoom roomName domain",
		"createRoom roomName domain",
		"destroyRoom roomName domain",
		"destroyAllRoomsByDomain domain",
		"destroyAllRooms",
		"getAllJidsOfRoom roomName domain",
		"getAffiliationsOfRoom roomName domain",
		"setJidAffiliationOfRoom roomName domain jid affiliation",
		"printAllRoomsByDomain domain",
		"printAllRooms",
	} {
		words := strings.Fields(line)
		script[words[0]] = words[1:]
	}
	own := []string{"listJobs", "stopJob"}
	for _, v := range Verbs() {
		old, ok := script[v.Name]
		assert.Equal(t, !ok, slices.Contains(own, v.Name), "%s is spelled as it was", v.Name)
		for i, p := range v.Params {
			if ok {
				assert.Equal(t, i >= len(old), p.Extra, "%s %s", v.Name, p.Name)
			}
			if i < len(old) {
				assert.Equal(t, old[i], p.Name, v.Name)
			}
			assert.False(t, p.Extra && p.Required, "%s %s", v.Name, p.Name)
		}
		assert.GreaterOrEqual(t, len(v.Params), len(old), v.Name)
	}
}
