package e2e_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
	"emanagement/presence"
	"emanagement/server/ejabberd"
	sessions "emanagement/server/presences"
	"emanagement/server/stanzas"
)

// bodies are what messages say.
var bodies = append([]string{"several\nlines\n\nof it", "\ttabs\tand blanks  ", "<b>bold</b>\n]]> &#0; &lt;", "👩‍👩‍👧‍👦 🇪🇺 e\u0301"}, awkward...)

// requireMessage takes the next message from somebody and checks it.
func requireMessage(t testing.TB, c *xmppclient.Client, from, body string) {
	t.Helper()
	e := next(t, c, "message", from)
	require.Equal(t, from, e.Attr("from"))
	require.Equal(t, "chat", e.Attr("type"))
	require.Equal(t, []string{body}, bodiesIn(e))
}

func bodiesIn(e xmppclient.Element) (texts []string) {
	for _, b := range e.All("", "body") {
		texts = append(texts, b.Text)
	}
	return texts
}

func TestSendMessageToUser(t *testing.T) {
	t.Parallel()
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		for name, from := range map[string]struct{ said, seen string }{
			"a user":                 {people(t, "localhost", "sender")[0], ""},
			"a user of another host": {people(t, "example.org", "sender")[0], ""},
			"a session of a user":    {people(t, "localhost", "other")[0] + "/r", people(t, "localhost", "other")[0]},
			"a name":                 {"SocialStream", "socialstream@" + testserver.Component},
			"a name with its domain": {"news@" + testserver.Component, ""},
			"a name with a resource": {"news@" + testserver.Component + "/today", ""},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if from.seen == "" {
					from.seen = from.said
				}
				to := people(t, "localhost", "online", "offline")
				registerOn(t, p.Server, to...)
				one, two := p.online(t, to[0]+"/one", ""), p.online(t, to[0]+"/two", "")
				for _, body := range bodies {
					sent(t, admin, from.said, to[0], body)
					requireMessage(t, one, from.seen, body)
					requireMessage(t, two, from.seen, body)
					sent(t, admin, from.said, to[1], body)
				}
				sent(t, admin, from.said, to[0]+"/two", "line 1", "line 2")
				requireMessage(t, two, from.seen, "line 1\nline 2")
				late := p.online(t, to[1], "")
				for _, body := range bodies {
					requireMessage(t, late, from.seen, body)
				}
				for _, c := range []*xmppclient.Client{one, two, late} {
					seesNone(t, c, "message", "")
				}
			})
		}
	})
}

// sent sends a message. An error that a user's own session gets is none of ours to
// see, and the answer says so.
func sent(t testing.TB, admin *xmppclient.Client, from, to string, lines ...string) {
	t.Helper()
	pairs := []string{"fromJid", from, "toJid", to}
	for _, line := range lines {
		pairs = append(pairs, "msg", line)
	}
	text := "Done"
	if at := jid.MustParse(from); at.Localpart() != "" && at.Domain().String() != testserver.Component {
		text += "; the server took it; should the recipient refuse it, only " + at.Bare().String() + " is told"
	}
	require.Equal(t, answer{"info", text, []string{"Done"}}, run(t, admin, "sendMessageToUser", pairs...))
}

// TestMessageToNobody: a name is told that there is none, a user's own server
// tells that user.
func TestMessageToNobody(t *testing.T) {
	t.Parallel()
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		jids := people(t, "localhost", "unknown", "sender")
		refusal := jids[0] + ": no such user, or none who takes messages"
		for _, from := range []string{"SocialStream", "SocialStream@" + testserver.Component} {
			assert.Equal(t, answer{"error", refusal, []string{refusal}}, run(t, admin, "sendMessageToUser", "fromJid", from, "toJid", jids[0], "msg", "hi"))
		}
		sent(t, admin, jids[1], jids[0], "hi")
		far := run(t, admin, "sendMessageToUser", "fromJid", "SocialStream", "toJid", "somebody@far.example", "msg", "hi")
		assert.Equal(t, "error", far.note)
		assert.Contains(t, far.text, "somebody@far.example: ", "what its server or ours says")
	})
}

func TestMessageFromForeigner(t *testing.T) {
	t.Parallel()
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		to := people(t, "localhost", "user")[0]
		registerOn(t, p.Server, to)
		client := p.online(t, to, "")
		for _, from := range []string{"a@far.example", "a@" + testserver.OtherComponent, "a@x." + testserver.Component} {
			refusal := fmt.Sprintf("%s: messages can be sent as a user of a host that is managed here (example.org, localhost), or as a name at %s", from, testserver.Component)
			assert.Equal(t, answer{"error", refusal, []string{refusal}}, run(t, admin, "sendMessageToUser", "fromJid", from, "toJid", to, "msg", "hi"))
			assert.Equal(t, answer{"error", refusal, []string{refusal}}, run(t, admin, "broadcast", "admin", from, "userJids", "["+to+"]", "msg", "hi"))
		}
		seesNone(t, client, "message", "")
	})
}

func TestBroadcast(t *testing.T) {
	t.Parallel()
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		jids := people(t, "localhost", "online", "offline", "unknown")
		there := people(t, "example.org", "online")[0]
		registerOn(t, p.Server, jids[0], jids[1], there)
		here, far := p.online(t, jids[0]+"/r", ""), p.online(t, there, "")
		const body = "to <all> 😀\nof you"

		everybody := append(slices.Clone(jids), there)
		lines := []string{
			jids[0] + "\tDone", jids[1] + "\tDone", jids[2] + "\tno such user, or none who takes messages", there + "\tDone",
		}
		for _, list := range []string{"[" + strings.Join(everybody, ",") + "]", strings.Join(everybody, "\n"), "[ " + strings.Join(everybody, " , ") + " ]"} {
			assert.Equal(t, answer{"info", "sent to 3 of 4 recipients", lines}, run(t, admin, "broadcast", "admin", "News", "userJids", list, "msg", body))
			requireMessage(t, here, "news@"+testserver.Component, body)
			requireMessage(t, far, "news@"+testserver.Component, body)
		}
		late := p.online(t, jids[1], "")
		for range 3 {
			requireMessage(t, late, "news@"+testserver.Component, body)
		}

		// To those who are connected; late has come.
		absent := jids[2] + "\tno such session"
		assert.Equal(t, answer{"info", "sent to 3 of 4 recipients", []string{jids[0] + "\tDone", jids[1] + "\tDone", there + "\tDone", absent}},
			run(t, admin, "broadcastToConnectedUsers", "admin", jids[0], "userJids", "["+strings.Join(everybody, ",")+"]", "msg", body))
		for _, c := range []*xmppclient.Client{here, late, far} {
			requireMessage(t, c, jids[0], body)
			seesNone(t, c, "message", "")
		}
	})
}

// TestBroadcastToAll has a server of its own, for everybody on it gets the
// message.
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
		next(t, c, "presence", c.JID().String())
	}
	p, err := testserver.StartProgram(t.Context(), binary, s, testserver.Settings{Access: access})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Stop()) })

	assert.Equal(t, answer{"info", "sent to 3 of 3 recipients", []string{"a@localhost\tDone", "admin@localhost\tDone", "b@example.org\tDone"}},
		run(t, clients[0], "broadcastToConnectedUsers", "admin", "SocialStream", "userJids", "all", "msg", "secret words"))
	for _, c := range clients {
		requireMessage(t, c, "socialstream@"+testserver.Component, "secret words")
		seesNone(t, c, "message", "")
	}
	assert.Contains(t, p.Log(), "verb=broadcastToConnectedUsers")
	assert.NotContains(t, p.Log(), "secret words")
}

// TestJobTellsItsEnd stops a broadcast that takes longer than an asker waits:
// who asked is told by a message.
func TestJobTellsItsEnd(t *testing.T) {
	t.Parallel()
	admin := places[0].online(t, "admin@localhost/job", "")
	var nobody []string
	for i := range 5000 {
		nobody = append(nobody, fmt.Sprintf("nobody%d@localhost", i))
	}
	accepted := run(t, admin, "broadcast", "admin", "News", "userJids", strings.Join(nobody, "\n"), "msg", "hi")
	var number int
	_, err := fmt.Sscanf(accepted.text, "job %d: broadcast goes on;", &number)
	require.NoError(t, err, accepted.text)
	var progress string
	for _, line := range run(t, admin, "listJobs").lines {
		if columns := strings.Split(line, "\t"); columns[0] == fmt.Sprint(number) {
			progress = columns[4]
			assert.Equal(t, []string{"broadcast", "admin@localhost"}, columns[1:3])
		}
	}
	var sent, of int
	_, err = fmt.Sscanf(progress, "%d of %d", &sent, &of)
	require.NoError(t, err, progress)
	assert.Equal(t, 5000, of)
	assert.Greater(t, sent, 100)
	assert.LessOrEqual(t, sent, 1000, "not more than a hundred a second")

	done(t, admin, "stopJob", "job", fmt.Sprint(number))
	e := next(t, admin, "message", testserver.Component)
	told := strings.Split(strings.Join(bodiesIn(e), ""), "\n")
	var reached, shown, left int
	_, err = fmt.Sscanf(told[0], fmt.Sprintf("job %d: broadcast: stopped; what was done until then stays done: %%d of 5000", number), &reached)
	require.NoError(t, err, told[0])
	assert.GreaterOrEqual(t, reached, sent)
	shown = len(told) - 2
	_, err = fmt.Sscanf(told[len(told)-1], "(%d lines left out; the audit log has all of it)", &left)
	require.NoError(t, err, told[len(told)-1])
	assert.GreaterOrEqual(t, shown+left, reached, "who has got it until then")
	for i, line := range told[1 : len(told)-1] {
		assert.Equal(t, nobody[i]+" – no such user, or none who takes messages", line)
	}
}

func TestWhoMayNotSendMessages(t *testing.T) {
	t.Parallel()
	inEveryPlace(t, func(t *testing.T, p *place) {
		reader, writer := p.login(t, "reader@localhost"), p.login(t, "writer@localhost")
		here, there := people(t, "localhost", "user")[0], people(t, "example.org", "user")[0]
		registerOn(t, p.Server, here, there)
		a, b := p.online(t, here, ""), p.online(t, there, "")
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
			requireForbidden(t, test.asker, test.verb, append(test.pairs, "msg", "hi")...)
		}
		seesNone(t, a, "message", "")
		seesNone(t, b, "message", "")
		done(t, writer, "sendMessageToUser", "fromJid", "SocialStream", "toJid", here, "msg", "hi")
		requireMessage(t, a, "socialstream@"+testserver.Component, "hi")
	})
}

// newPresences are those that a component of the test's own reaches.
func newPresences(t *testing.T, s *testserver.Server) *presence.Presences {
	c := testserver.NewComponent(t, s, nil)
	log := slog.New(slog.DiscardHandler)
	api := ejabberd.New(c)
	p := presence.New(sessions.New(c, api, stanzas.New(c, api, log), log))
	testserver.RunComponent(t, c)
	require.NoError(t, c.Ready(patience(t), "localhost"))
	return p
}

// TestWithoutPermission has a server that grants rosters only: what is missing
// is said. Then it stops.
func TestWithoutPermission(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, func(c map[string]any) {
		delete(c["modules"].(map[string]any)["mod_privilege"].(map[string]any), "message")
		c["api_permissions"].(map[string]any)["emanagement"].(map[string]any)["what"] = []any{"add_rosteritem"}
	})
	require.NoError(t, s.Register(t.Context(), "user", "localhost", "pw"))
	client := loginTo(t, s, "user@localhost/r")
	p := newPresences(t, s)
	ctx, user := patience(t), client.JID()
	command := func(name string) string {
		return ": the server does not permit it: in ejabberd.yml, api_permissions must let this component run " + name + " (the server says: " + name + ": error 403: "
	}
	for want, do := range map[string]func() error{
		command("user_resources"):        func() error { return p.Kick(ctx, user, "") },
		command("connected_users_vhost"): func() error { _, err := p.Connected(ctx, "localhost"); return err },
		command("status"):                func() error { _, err := p.Started(ctx); return err },
		"localhost: the server does not permit it: in ejabberd.yml, mod_privilege needs message: {outgoing: emanagement}, where the acl emanagement names this component (the server says: forbidden)": func() error {
			return p.Message(ctx, user, user, "hi")
		},
	} {
		var missing *fault.NotPermittedError
		err := do()
		require.ErrorAs(t, err, &missing, want)
		assert.Contains(t, err.Error(), want)
	}
	seesNone(t, client, "message", "")

	require.NoError(t, s.Stop(ctx))
	started, err := p.Started(ctx)
	require.NoError(t, err)
	assert.False(t, started)
}

// TestMessageIsTheUsersOwn: a message in a user's name is in that user's
// archive too, and the user's other devices see it. (ejabberd 23.01 brings it
// to its recipient only.)
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
	ctx := patience(t)
	for _, c := range []*xmppclient.Client{from, to} {
		_, err := c.Ask(ctx, "set", jid.JID{}, "<enable xmlns='urn:xmpp:carbons:2'/>")
		require.NoError(t, err)
		require.NoError(t, c.Send(ctx, "<presence/>"))
		next(t, c, "presence", c.JID().String())
	}
	require.NoError(t, newPresences(t, s).Message(ctx, from.JID(), to.JID().Bare(), "hi"))
	requireMessage(t, to, "from@localhost", "hi")
	keepers := []*xmppclient.Client{to, from}
	if kind == testserver.Debian12 {
		keepers = keepers[:1]
		_, err := from.Ask(ctx, "set", jid.JID{}, "<query xmlns='urn:xmpp:mam:2'/>")
		require.NoError(t, err)
		seesNone(t, from, "message", "")
	} else {
		carbon := next(t, from, "message", "from@localhost")
		assert.Contains(t, carbon.String(), `<sent xmlns="urn:xmpp:carbons:2">`)
		assert.Contains(t, carbon.String(), "<body>hi</body>")
	}
	for _, c := range keepers {
		_, err := c.Ask(ctx, "set", jid.JID{}, "<query xmlns='urn:xmpp:mam:2'/>")
		require.NoError(t, err)
		kept := next(t, c, "message", c.JID().Bare().String())
		assert.Contains(t, kept.String(), `<result xmlns="urn:xmpp:mam:2"`)
		assert.Contains(t, kept.String(), "<body>hi</body>")
		seesNone(t, c, "message", "")
	}
}
