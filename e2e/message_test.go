package e2e_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// messageTexts are bodies that must arrive unchanged.
var messageTexts = append([]string{"several\nlines\n\nof it", "\ttabs\tand blanks  ", "<b>bold</b>\n]]> &#0; &lt;", "👩‍👩‍👧‍👦 🇪🇺 e\u0301"}, awkward...)

func TestSendMessageToUser(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		for name, from := range map[string]struct{ given, seen string }{
			"a user":                 {uniqueJIDs(t, "localhost", "sender")[0], ""},
			"a user of another host": {uniqueJIDs(t, "example.org", "sender")[0], ""},
			"a session of a user":    {uniqueJIDs(t, "localhost", "other")[0] + "/r", uniqueJIDs(t, "localhost", "other")[0]},
			"a name":                 {"SocialStream", "socialstream@" + testserver.Component},
			"a name with its domain": {"news@" + testserver.Component, ""},
			"a name with a resource": {"news@" + testserver.Component + "/today", ""},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if from.seen == "" {
					from.seen = from.given
				}
				to := uniqueJIDs(t, "localhost", "online", "offline")
				registerOn(t, d.Server, to...)
				one, two := d.online(t, to[0]+"/one", ""), d.online(t, to[0]+"/two", "")
				for _, body := range messageTexts {
					requireSent(t, admin, from.given, to[0], body)
					requireMessage(t, one, from.seen, body)
					requireMessage(t, two, from.seen, body)
					requireSent(t, admin, from.given, to[1], body)
				}
				requireSent(t, admin, from.given, to[0]+"/two", "line 1", "line 2")
				requireMessage(t, two, from.seen, "line 1\nline 2")
				late := d.online(t, to[1], "")
				for _, body := range messageTexts {
					requireMessage(t, late, from.seen, body)
				}
				for _, c := range []*xmppclient.Client{one, two, late} {
					assertNoStanza(t, c, "message", "")
				}
			})
		}
	})
}

// requireSent sends a message that must succeed. In a user's name, only that
// user's own client gets later errors, and the answer says so.
func requireSent(t testing.TB, admin *xmppclient.Client, from, to string, lines ...string) {
	t.Helper()
	pairs := []string{"fromJid", from, "toJid", to}
	for _, line := range lines {
		pairs = append(pairs, "msg", line)
	}
	text := "Done"
	if sender := jid.MustParse(from); sender.Localpart() != "" && sender.Domain().String() != testserver.Component {
		text += "; the server took it; if the recipient refuses it, only " + sender.Bare().String() + " is told"
	}
	require.Equal(t, answer{"info", text, []string{"Done"}}, runVerb(t, admin, "sendMessageToUser", pairs...))
}

// TestMessageToNobody sends messages to an account that does not exist. As an
// address at the component's domain, the requester gets the error. As a user,
// only that user's client gets it.
func TestMessageToNobody(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		jids := uniqueJIDs(t, "localhost", "unknown", "sender")
		refusal := jids[0] + ": no such user, or none who takes messages"
		for _, from := range []string{"SocialStream", "SocialStream@" + testserver.Component} {
			assert.Equal(t, answer{"error", refusal, []string{refusal}}, runVerb(t, admin, "sendMessageToUser", "fromJid", from, "toJid", jids[0], "msg", "hi"))
		}
		requireSent(t, admin, jids[1], jids[0], "hi")
		far := runVerb(t, admin, "sendMessageToUser", "fromJid", "SocialStream", "toJid", "somebody@far.example", "msg", "hi")
		assert.Equal(t, "error", far.note)
		assert.Contains(t, far.text, "somebody@far.example: ", "an error of the recipient's server or of ours")
	})
}

func TestMessageFromForeigner(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		to := uniqueJIDs(t, "localhost", "user")[0]
		registerOn(t, d.Server, to)
		client := d.online(t, to, "")
		for _, from := range []string{"a@far.example", "a@" + testserver.OtherComponent, "a@x." + testserver.Component} {
			refusal := fmt.Sprintf("%s: messages can be sent as a user of a host that is managed here (example.org, localhost), or as a name at %s", from, testserver.Component)
			assert.Equal(t, answer{"error", refusal, []string{refusal}}, runVerb(t, admin, "sendMessageToUser", "fromJid", from, "toJid", to, "msg", "hi"))
			assert.Equal(t, answer{"error", refusal, []string{refusal}}, runVerb(t, admin, "broadcast", "admin", from, "userJids", "["+to+"]", "msg", "hi"))
		}
		assertNoStanza(t, client, "message", "")
	})
}

func TestWhoMayNotSendMessages(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		reader, writer := d.login(t, "reader@localhost"), d.login(t, "writer@localhost")
		here, there := uniqueJIDs(t, "localhost", "user")[0], uniqueJIDs(t, "example.org", "user")[0]
		registerOn(t, d.Server, here, there)
		a, b := d.online(t, here, ""), d.online(t, there, "")
		for _, test := range []attempt{
			{reader, "sendMessageToUser", []string{"fromJid", "SocialStream", "toJid", here}},
			{reader, "broadcast", []string{"admin", "SocialStream", "userJids", "[" + here + "]"}},
			{reader, "broadcastToConnectedUsers", []string{"admin", "SocialStream", "userJids", "all"}},
			{writer, "sendMessageToUser", []string{"fromJid", "SocialStream", "toJid", there}},
			{writer, "sendMessageToUser", []string{"fromJid", there, "toJid", here}},
			{writer, "sendMessageToUser", []string{"fromJid", here, "toJid", "a@far.example"}},
			{writer, "broadcast", []string{"admin", "SocialStream", "userJids", "[" + here + "," + there + "]"}},
			{writer, "broadcast", []string{"admin", there, "userJids", "[" + here + "]"}},
			{writer, "broadcastToConnectedUsers", []string{"admin", "SocialStream", "userJids", "all"}},
		} {
			requireForbidden(t, test.client, test.verb, append(test.pairs, "msg", "hi")...)
		}
		assertNoStanza(t, a, "message", "")
		assertNoStanza(t, b, "message", "")
		requireDone(t, writer, "sendMessageToUser", "fromJid", "SocialStream", "toJid", here, "msg", "hi")
		requireMessage(t, a, "socialstream@"+testserver.Component, "hi")
	})
}

// TestMessageIsTheUsersOwn checks that a message in a user's name reaches that
// user's archive and other devices too. (On ejabberd 23.01 only the recipient
// gets it.)
func TestMessageIsTheUsersOwn(t *testing.T) {
	t.Parallel()
	for _, kind := range []testserver.Kind{testserver.AdHoc, testserver.Debian13, testserver.Debian12} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			messageIsTheUsersOwn(t, kind)
		})
	}
}

func messageIsTheUsersOwn(t *testing.T, kind testserver.Kind) {
	s := kind.Run(t, func(c map[string]any) {
		modules := c["modules"].(map[string]any)
		modules["mod_carboncopy"] = map[string]any{}
		modules["mod_mam"] = map[string]any{"default": "always"}
	})
	for _, u := range []string{"from", "to"} {
		require.NoError(t, s.Register(t.Context(), u, "localhost", "pw"))
	}
	from, to := loginTo(t, s, "from@localhost/r"), loginTo(t, s, "to@localhost/r")
	ctx := shortContext(t)
	for _, c := range []*xmppclient.Client{from, to} {
		_, err := c.Ask(ctx, "set", jid.JID{}, "<enable xmlns='urn:xmpp:carbons:2'/>")
		require.NoError(t, err)
		require.NoError(t, c.Send(ctx, "<presence/>"))
		nextStanza(t, c, "presence", c.JID().String())
	}
	_, messages := newServices(t, s)
	require.NoError(t, messages.Send(ctx, from.JID(), to.JID().Bare(), "hi"))
	requireMessage(t, to, "from@localhost", "hi")
	keepers := []*xmppclient.Client{to, from}
	if kind == testserver.Debian12 {
		keepers = keepers[:1]
		_, err := from.Ask(ctx, "set", jid.JID{}, "<query xmlns='urn:xmpp:mam:2'/>")
		require.NoError(t, err)
		assertNoStanza(t, from, "message", "")
	} else {
		carbon := nextStanza(t, from, "message", "from@localhost")
		assert.Contains(t, carbon.String(), `<sent xmlns="urn:xmpp:carbons:2">`)
		assert.Contains(t, carbon.String(), "<body>hi</body>")
	}
	for _, c := range keepers {
		_, err := c.Ask(ctx, "set", jid.JID{}, "<query xmlns='urn:xmpp:mam:2'/>")
		require.NoError(t, err)
		kept := nextStanza(t, c, "message", c.JID().Bare().String())
		assert.Contains(t, kept.String(), `<result xmlns="urn:xmpp:mam:2"`)
		assert.Contains(t, kept.String(), "<body>hi</body>")
		assertNoStanza(t, c, "message", "")
	}
}
