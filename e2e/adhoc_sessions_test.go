package e2e_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/commands"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/internal/xmppclient"
)

// sendCommand sends a command as it is written and returns the command element
// of the answer.
func sendCommand(t testing.TB, c *xmppclient.Client, to jid.JID, command string) xmppclient.Element {
	t.Helper()
	reply, err := c.Ask(shortContext(t), stanza.SetIQ, to, command)
	require.NoError(t, err, reply.String())
	require.Len(t, reply.Children, 1)
	return reply.Children[0]
}

// openForm starts a command and returns the session of its form.
func openForm(t testing.TB, c *xmppclient.Client, verb string) string {
	t.Helper()
	r, err := c.Execute(shortContext(t), service, verb)
	require.NoError(t, err)
	require.NotEmpty(t, r.SessionID)
	return r.SessionID
}

// TestAdhocBadValue submits a wrong value. The form comes back, names the wrong
// field in a place that every client shows, and keeps the submitted values. The
// corrected form runs the verb.
func TestAdhocBadValue(t *testing.T) {
	admin := login(t, "admin@localhost")
	for name, test := range map[string]struct {
		field  string
		values []string
		why    string
	}{
		"left out":             {"userJid", nil, "a value is missing"},
		"empty":                {"buddyJid", []string{""}, "a value is missing"},
		"blank":                {"subscription_type", []string{" \t"}, "a value is missing"},
		"no JID":               {"userJid", []string{"demo @localhost"}, `"demo @localhost" is not a JID: in the name of an account, ' ' is written \20 (XEP-0106)`},
		"a host":               {"userJid", []string{"localhost"}, `"localhost" is not a user's JID (user@host)`},
		"a user elsewhere":     {"userJid", []string{"demo@remote.example"}, "remote.example: not a host whose rosters are managed here (these are: example.org, localhost)"},
		"a contact that is no": {"buddyJid", []string{"@localhost"}, `"@localhost" is not a JID`},
		"no subscription":      {"subscription_type", []string{"friend"}, `"friend" is not one of none, to, from, both`},
		"two values":           {"buddyNick", []string{"T", "T2"}, "expected one value, got 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			jids := uniqueJIDs(t, "localhost", "user", "buddy")
			good := formValues("userJid", jids[0], "buddyJid", jids[1], "buddyNick", "T <&>", "buddyGroup", "One", "buddyGroup", "Two", "subscription_type", "from")
			bad := maps.Clone(good)
			bad[test.field] = test.values

			first, err := admin.Execute(shortContext(t), service, "addBuddyToRoster")
			require.NoError(t, err)
			again, err := admin.Submit(shortContext(t), service, first, "complete", bad)
			require.NoError(t, err)
			label, ok := first.Field(test.field)
			require.True(t, ok)
			assertFormReturned(t, first, again, label.Label+" ("+test.field+"): "+test.why, bad)
			assert.Empty(t, storedRoster(t, server, jids[0]))

			last, err := admin.Submit(shortContext(t), service, again, "complete", good)
			require.NoError(t, err)
			assert.Equal(t, noteAnswer("addBuddyToRoster", first.SessionID, "info", "Done"), last.Raw.Children[0].String())
			assert.Equal(t, []storedItem{{jids[1], "T <&>", "from", []string{"One", "Two"}}}, storedRoster(t, server, jids[0]))
		})
	}
}

// assertFormReturned checks that a form equals the first one, except for the
// submitted values and the description of the error.
func assertFormReturned(t *testing.T, first, again xmppclient.Response, wrong string, values map[string][]string) {
	t.Helper()
	want := first
	want.Raw = again.Raw
	want.Title = wrong
	want.Notes = []xmppclient.Note{{Type: "error", Text: wrong}}
	want.Fields = slices.Clone(first.Fields)
	for i, f := range want.Fields {
		want.Fields[i].Values = values[f.Var]
	}
	assert.Equal(t, want, again)
}

// TestAdhocBadValueInOneStep submits a wrong value without a session. The
// session begins with the form that comes back.
func TestAdhocBadValueInOneStep(t *testing.T) {
	admin := login(t, "admin@localhost")
	user := uniqueJIDs(t, "localhost", "user")[0]
	first, err := admin.Execute(shortContext(t), service, "checkUserJid")
	require.NoError(t, err)
	start := xmppclient.Response{Node: "checkUserJid"}
	again, err := admin.Submit(shortContext(t), service, start, "", formValues("userJid", "localhost"))
	require.NoError(t, err)
	assert.NotEmpty(t, again.SessionID)
	first.SessionID = again.SessionID
	assertFormReturned(t, first, again, `User (userJid): "localhost" is not a user's JID (user@host)`, formValues("userJid", "localhost"))

	last, err := admin.Submit(shortContext(t), service, again, "", formValues("userJid", user))
	require.NoError(t, err)
	assert.Equal(t, noteAnswer("checkUserJid", again.SessionID, "info", "false"), last.Raw.Children[0].String())
}

func TestAdhocCancel(t *testing.T) {
	admin := login(t, "admin@localhost")
	for name, cancel := range map[string]string{
		"the action":           `<command xmlns='http://jabber.org/protocol/commands' node='removeRoster' sessionid='SESSION' action='cancel'/>`,
		"the action, a form":   `<command xmlns='http://jabber.org/protocol/commands' node='removeRoster' sessionid='SESSION' action='cancel'><x xmlns='jabber:x:data' type='submit'><field var='userJid'><value>USER</value></field></x></command>`,
		"the type of the form": `<command xmlns='http://jabber.org/protocol/commands' node='removeRoster' sessionid='SESSION'><x xmlns='jabber:x:data' type='cancel'/></command>`,
		"its type, filled in":  `<command xmlns='http://jabber.org/protocol/commands' node='removeRoster' sessionid='SESSION' action='complete'><x xmlns='jabber:x:data' type='cancel'><field var='userJid'><value>USER</value></field></x></command>`,
		"its type, executed":   `<command xmlns='http://jabber.org/protocol/commands' node='removeRoster' sessionid='SESSION' action='execute'><x xmlns='jabber:x:data' type='cancel'/></command>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user := uniqueJIDs(t, "localhost", "user")[0]
			storeItems(t, server, user, storedItem{"contact@localhost", "", "both", nil})
			session := openForm(t, admin, "removeRoster")
			got := sendCommand(t, admin, service, fill(cancel, "SESSION", session, "USER", user))
			assert.Equal(t, fill(`<command xmlns="http://jabber.org/protocol/commands" node="removeRoster" sessionid="SESSION" status="canceled"/>`, "SESSION", session), got.String())

			assertNoSession(t, admin, "removeRoster", session, formValues("userJid", user))
			assert.Len(t, storedRoster(t, server, user), 1)
		})
	}
}

// assertNoSession checks that the component refuses a submission because the
// client has no such session for this verb: it never existed, or it has ended.
func assertNoSession(t testing.TB, c *xmppclient.Client, verb, session string, values map[string][]string) {
	t.Helper()
	r, err := c.Submit(shortContext(t), service, xmppclient.Response{Node: verb, SessionID: session}, "complete", values)
	assert.Equal(t, stanza.BadRequest, requireStanzaError(t, err).Condition)
	e, _ := r.Raw.Child("", "error")
	_, ok := e.Child(commands.NS, "bad-sessionid")
	assert.True(t, ok, r.Raw.String())
}

// TestAdhocSession checks that a session survives refused submissions and
// attempts by other clients, and that it ends with the answer.
func TestAdhocSession(t *testing.T) {
	admin, elsewhere, reader := login(t, "admin@localhost"), login(t, "admin@localhost"), login(t, "reader@localhost")
	user := uniqueJIDs(t, "localhost", "user")[0]
	values := formValues("userJid", user)
	first, err := admin.Execute(shortContext(t), service, "checkUserJid")
	require.NoError(t, err)
	for _, other := range []*xmppclient.Client{elsewhere, reader} {
		assertNoSession(t, other, "checkUserJid", first.SessionID, values)
	}
	assertNoSession(t, admin, "getRoster", first.SessionID, values)
	for _, action := range []string{"prev", "nonsense"} {
		_, err := admin.Submit(shortContext(t), service, first, action, values)
		assert.Equal(t, stanza.BadRequest, requireStanzaError(t, err).Condition)
	}
	_, err = admin.Ask(shortContext(t), stanza.SetIQ, service, `<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='cancel'/></query>`)
	assert.Equal(t, stanza.ServiceUnavailable, requireStanzaError(t, err).Condition)

	last, err := admin.Submit(shortContext(t), service, first, "complete", values)
	require.NoError(t, err)
	assert.Equal(t, noteAnswer("checkUserJid", first.SessionID, "info", "false"), last.Raw.Children[0].String())
	assertNoSession(t, admin, "checkUserJid", first.SessionID, values)
}
