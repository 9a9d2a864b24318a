package e2e_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// TestDebian12 runs every verb on the ejabberd of Debian 12, over HTTP.
func TestDebian12(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, testserver.Debian12, nil)
	t.Run("rosters", func(t *testing.T) { rostersOnDebian12(t, d) })
	t.Run("other verbs", func(t *testing.T) { othersOnDebian12(t, d) })
}

// rostersOnDebian12 runs the roster verbs. Before 23.10 no roster stanza
// changes a roster, and before 24.02 the groups of an item are one text.
func rostersOnDebian12(t *testing.T, d *deployment) {
	admin := d.login(t, "admin@localhost")
	const a, b = "a@localhost", "b@localhost"
	add := func(buddy, nick, subscription string, groups ...string) {
		pairs := []string{"userJid", a, "buddyJid", buddy, "buddyNick", nick, "subscription_type", subscription}
		for _, g := range groups {
			pairs = append(pairs, "buddyGroup", g)
		}
		requireDone(t, admin, "addBuddyToRoster", pairs...)
	}
	for _, text := range awkward {
		if !strings.Contains(text, ";") {
			for _, subscription := range []string{"none", "to", "from", "both"} {
				add(b, text, subscription, text, "more")
				groups := []string{text, "more"}
				if text > "more" {
					groups = []string{"more", text}
				}
				require.Equal(t, []storedItem{{b, text, subscription, groups}}, d.storedRoster(t, a))
			}
		}
	}
	add(b, "", "both")
	require.Equal(t, []storedItem{{b, "", "both", []string{}}}, d.storedRoster(t, a), "no group")
	add("bob@remote.example", "Bob", "to", "Elsewhere")
	require.Equal(t, storedItem{"bob@remote.example", "Bob", "to", []string{"Elsewhere"}}, d.storedRoster(t, a)[1])

	why := requireFailure(t, admin, "addBuddyToRoster", "userJid", a, "buddyJid", b, "buddyGroup", "semi;colon", "subscription_type", "both")
	assert.Contains(t, why, `"semi;colon": an ejabberd before 24.02`)
	assert.Equal(t, storedItem{b, "", "both", []string{}}, d.storedRoster(t, a)[0], "nothing was written")

	requireDone(t, admin, "removeBuddyFromRoster", "userJid", a, "buddyJid", "bob@remote.example")
	requireDone(t, admin, "setBidireccionalBuddys", "userAJid", a, "userBJid", b, "userANick", "A", "userBNick", "B", "groupForB", "G")
	assert.Equal(t, []storedItem{{b, "B", "both", []string{"G"}}}, d.storedRoster(t, a))
	assert.Equal(t, []storedItem{{a, "A", "both", []string{}}}, d.storedRoster(t, b))
	requireDone(t, admin, "unsetBidireccionalBuddys", "userJid", a, "oldFriendJid", b)
	assert.Equal(t, []storedItem{{b, "", "to", []string{}}}, d.storedRoster(t, a))
	assert.Empty(t, d.storedRoster(t, b))
	requireDone(t, admin, "removeRoster", "userJid", a)
	assert.Empty(t, d.storedRoster(t, a))
}

// othersOnDebian12 runs the verbs for presences, messages and rooms. They use
// the forms that the API commands had in 23.01.
func othersOnDebian12(t *testing.T, d *deployment) {
	sessionsOverHTTP(t, d)
	roomsOverHTTP(t, d)
	for _, command := range []string{
		"connected_users_vhost", "create_room_with_opts", "destroy_room", "get_room_affiliations", "get_room_occupants", "kick_session",
		"muc_online_rooms", "set_presence", "set_room_affiliation", "status", "user_resources", "user_sessions_info",
	} {
		assert.NotZero(t, d.httpCalls(t, command), command)
	}
}

func sessionsOverHTTP(t *testing.T, d *deployment) {
	admin := d.login(t, "admin@localhost")
	user := uniqueJIDs(t, "localhost", "user")[0]
	registerOn(t, d.Server, user)
	var clients []*xmppclient.Client
	for _, resource := range []string{"/a", "/a : b"} {
		c := d.login(t, user+resource)
		require.NoError(t, c.Send(t.Context(), "<presence><status>b : c</status></presence>"))
		nextStanza(t, c, "presence", c.JID().String())
		clients = append(clients, c)
	}
	requireDone(t, admin, "sendPresence", "userJid", user+"/a", "show", "dnd", "status", "busy : b", "priority", "-7")
	got := sessionsOf(t, d.Server, user)
	require.Len(t, got, 2)
	assert.Equal(t, []sessionInfo{{-7, "dnd", "a", "busy : b"}, {0, "available", "a : b", "b : c"}}, got)
	requireDone(t, admin, "setPresence", "userJid", user+"/a : b", "status", "here")
	assert.Equal(t, []sessionInfo{{-7, "dnd", "a", "busy : b"}, {0, "available", "a : b", "here"}}, sessionsOf(t, d.Server, user))
	assert.Equal(t, []string{"a", "a : b"}, runVerb(t, admin, "getUserResource", "userJid", user).lines)
	assert.Contains(t, runVerb(t, admin, "getConnectedJidsByDomain", "domain", "localhost").lines, user)
	assert.Equal(t, "true", runVerb(t, admin, "isEjabberdNodeStarted").text)
	for _, from := range []string{"admin@localhost", "news@" + testserver.Component} {
		requireSent(t, admin, from, user+"/a", "hi\nthere")
		requireMessage(t, clients[0], from, "hi\nthere")
	}
	requireDone(t, admin, "kickUserJid", "userJid", user+"/a")
	assert.Equal(t, []string{"a : b"}, runVerb(t, admin, "getUserResource", "userJid", user).lines)
}

func roomsOverHTTP(t *testing.T, d *deployment) {
	admin := d.login(t, "admin@localhost")
	const room = "lobby@conference.localhost"
	lobby := []string{"roomName", "lobby", "domain", "localhost"}
	requireDone(t, admin, "createPersistentRoom", lobby...)
	assert.Equal(t, refusalAnswer("Room "+room+" already exists"), runVerb(t, admin, "createRoom", lobby...))
	options, err := d.Ctl(t.Context(), "get_room_options", "lobby", "conference.localhost")
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^persistent\s+true$`, options)
	assert.Equal(t, []string{room}, runVerb(t, admin, "printAllRooms").lines)
	requireDone(t, admin, "setJidAffiliationOfRoom", append(lobby, "jid", "owner@localhost", "affiliation", "owner")...)
	requireDone(t, admin, "setJidAffiliationOfRoom", append(lobby, "jid", "far@remote.example", "affiliation", "member")...)
	requireDone(t, admin, "setJidAffiliationOfRoom", append(lobby, "jid", "example.org", "affiliation", "outcast")...)
	assert.ElementsMatch(t, []string{"owner@localhost\towner", "far@remote.example\tmember", "example.org\toutcast"}, runVerb(t, admin, "getAffiliationsOfRoom", lobby...).lines)
	require.NoError(t, admin.Join(shortContext(t), jid.MustParse(room+"/nick : a")))
	assert.Equal(t, []string{"admin@localhost"}, runVerb(t, admin, "getAllJidsOfRoom", lobby...).lines)
	requireDone(t, admin, "destroyRoom", lobby...)
	for _, verb := range []string{"destroyRoom", "getAffiliationsOfRoom", "getAllJidsOfRoom"} {
		assert.Equal(t, refusalAnswer("Room "+room+" not found"), runVerb(t, admin, verb, lobby...))
	}
}
