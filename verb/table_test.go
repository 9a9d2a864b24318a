package verb

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTable checks that each entry has everything that fronts make from it.
func TestTable(t *testing.T) {
	names := make(map[string]bool)
	for _, v := range Verbs() {
		t.Run(v.Name, func(t *testing.T) {
			assert.False(t, names[v.Name], "the name occurs twice")
			names[v.Name] = true
			assert.Regexp(t, `^[a-z][A-Za-z]+$`, v.Name)
			assert.Regexp(t, `^[a-z].*[^.]$`, v.Summary, "a clause")
			assert.Regexp(t, `^\w.*\.$`, v.Help, "sentences")
			assert.Contains(t, []Role{Read, Write, Admin}, v.Role)
			assert.NotNil(t, v.run)
			confirm := slices.IndexFunc(v.Params, func(p Param) bool { return p.Kind == Confirm })
			assert.Equal(t, v.preview != nil, confirm >= 0, "a verb with a preview has the parameter confirm, and no other verb has it")
			for i, p := range v.Params {
				assert.Regexp(t, `^[a-z][A-Za-z_]+$`, p.Name)
				assert.Regexp(t, `^[A-Z].*[^.]$`, p.Label)
				assert.NotEmpty(t, p.Kind.String(), p.Name)
				assert.Equal(t, i, slices.IndexFunc(v.Params, func(o Param) bool { return o.Name == p.Name }), "the name occurs twice")
				assert.False(t, p.Kind == Confirm && (p.Name != "confirm" || p.Required), "it may be empty: then the answer is the preview")
				assert.False(t, p.Kind == Domain && p.Name != "domain", "call.target reads this name")
			}
		})
	}
}

// TestSyntaxOf2012 checks that verbs take the arguments of the script of 2012 in their
// order. New parameters come after them and are optional.
func TestSyntaxOf2012(t *testing.T) {
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
		assert.Equal(t, !ok, slices.Contains(own, v.Name), "%s has its name of 2012", v.Name)
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

// TestCoreNamesNoVerb checks that only the files of the table name verbs.
func TestCoreNamesNoVerb(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, path := range files {
		if strings.HasPrefix(path, "table_") || strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, v := range Verbs() {
			if strings.ToLower(v.Name) != v.Name { // that name is an English word, too
				assert.NotContains(t, string(text), v.Name, path)
			}
		}
	}
}
