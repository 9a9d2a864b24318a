package e2e_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

func TestBroadcast(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		jids := uniqueJIDs(t, "localhost", "online", "offline", "unknown")
		there := uniqueJIDs(t, "example.org", "online")[0]
		registerOn(t, d.Server, jids[0], jids[1], there)
		here, far := d.online(t, jids[0]+"/r", ""), d.online(t, there, "")
		const body = "to <all> 😀\nof you"

		everybody := append(slices.Clone(jids), there)
		lines := []string{
			jids[0] + "\tDone", jids[1] + "\tDone", jids[2] + "\tno such user, or none who takes messages", there + "\tDone",
		}
		for _, list := range []string{"[" + strings.Join(everybody, ",") + "]", strings.Join(everybody, "\n"), "[ " + strings.Join(everybody, " , ") + " ]"} {
			assert.Equal(t, answer{"info", "sent to 3 of 4 recipients", lines}, runVerb(t, admin, "broadcast", "admin", "News", "userJids", list, "msg", body))
			requireMessage(t, here, "news@"+testserver.Component, body)
			requireMessage(t, far, "news@"+testserver.Component, body)
		}
		late := d.online(t, jids[1], "")
		for range 3 {
			requireMessage(t, late, "news@"+testserver.Component, body)
		}

		// To connected users only. The client late is connected by now.
		absent := jids[2] + "\tno such session"
		assert.Equal(t, answer{"info", "sent to 3 of 4 recipients", []string{jids[0] + "\tDone", jids[1] + "\tDone", there + "\tDone", absent}},
			runVerb(t, admin, "broadcastToConnectedUsers", "admin", jids[0], "userJids", "["+strings.Join(everybody, ",")+"]", "msg", body))
		for _, c := range []*xmppclient.Client{here, late, far} {
			requireMessage(t, c, jids[0], body)
			assertNoStanza(t, c, "message", "")
		}
	})
}

// TestBroadcastToAll uses its own server, because every user of the server gets
// the message.
func TestBroadcastToAll(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	users := []string{"admin@localhost", "a@localhost", "b@example.org", "offline@localhost"}
	var clients []*xmppclient.Client
	for _, u := range users {
		j := jid.MustParse(u)
		require.NoError(t, s.Register(t.Context(), j.Localpart(), j.Domainpart(), "pw"))
		if j.Localpart() != "offline" {
			clients = append(clients, loginTo(t, s, u))
		}
	}
	for _, c := range clients {
		require.NoError(t, c.Send(t.Context(), "<presence/>"))
		nextStanza(t, c, "presence", c.JID().String())
	}
	p, err := testserver.StartProgram(t.Context(), binary, s, testserver.Settings{Access: access})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Stop()) })

	assert.Equal(t, answer{"info", "sent to 3 of 3 recipients", []string{"a@localhost\tDone", "admin@localhost\tDone", "b@example.org\tDone"}},
		runVerb(t, clients[0], "broadcastToConnectedUsers", "admin", "SocialStream", "userJids", "all", "msg", "secret words"))
	for _, c := range clients {
		requireMessage(t, c, "socialstream@"+testserver.Component, "secret words")
		assertNoStanza(t, c, "message", "")
	}
	assert.Contains(t, p.Log(), "verb=broadcastToConnectedUsers")
	assert.NotContains(t, p.Log(), "secret words")
}

// TestStrangersAreBlocked checks a recipient whose session refuses the message,
// although the server has accepted it. Such a recipient does not count as
// reached.
func TestStrangersAreBlocked(t *testing.T) {
	t.Parallel()
	onEveryVersion(t, withModule("mod_block_strangers", map[string]any{"drop": true, "log": false}), func(t *testing.T, d *deployment) {
		registerOn(t, d.Server, "guarded@localhost", "friend@localhost")
		guarded := d.online(t, "guarded@localhost/r", "")
		admin := d.login(t, "admin@localhost")
		got := runVerb(t, admin, "sendMessageToUser", "fromJid", "News", "toJid", "guarded@localhost", "msg", "hi")
		assert.Equal(t, "error", got.note)
		assert.Contains(t, got.text, "guarded@localhost: ")
		d.storeItems(t, "friend@localhost", storedItem{"news@" + testserver.Component, "News", "both", nil})
		list := runVerb(t, admin, "broadcast", "admin", "News", "userJids", "[guarded@localhost,friend@localhost]", "msg", "hi")
		assert.Equal(t, "sent to 1 of 2 recipients", list.text)
		assert.Contains(t, list.lines, "friend@localhost\tDone")
		assertNoStanza(t, guarded, "message", "")
		// A contact of the recipient is not a stranger.
		d.storeItems(t, "guarded@localhost", storedItem{"news@" + testserver.Component, "News", "both", nil})
		requireDone(t, admin, "sendMessageToUser", "fromJid", "News", "toJid", "guarded@localhost", "msg", "hi")
		requireMessage(t, guarded, "news@"+testserver.Component, "hi")
	})
}
