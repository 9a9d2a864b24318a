package e2e_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/stanza"

	"emanagement/internal/xmppclient"
)

// online logs an account in and makes it available. inside is the content of
// its presence.
func (d *deployment) online(t testing.TB, account, inside string) *xmppclient.Client {
	t.Helper()
	c := d.login(t, account)
	require.NoError(t, c.Send(t.Context(), "<presence>"+inside+"</presence>"))
	nextStanza(t, c, "presence", c.JID().String())
	return c
}

// registerFriends registers two accounts and puts each into the other's roster.
func (d *deployment) registerFriends(t testing.TB, a, b string) {
	registerOn(t, d.Server, a, b)
	d.storeItems(t, a, storedItem{b, "", "both", nil})
	d.storeItems(t, b, storedItem{a, "", "both", nil})
}

// requirePresence checks the type and all elements of a presence.
func requirePresence(t testing.TB, e xmppclient.Element, typ, show, status, priority string) {
	t.Helper()
	require.Equal(t, typ, e.Attr("type"), e.String())
	for name, want := range map[string]string{"show": show, "status": status, "priority": priority} {
		child, ok := e.Child("", name)
		require.Equal(t, want, child.Text, e.String())
		require.Equal(t, want != "", ok, "no empty element: %s", e)
	}
}

func TestSendPresence(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		jids := uniqueJIDs(t, "localhost", "user", "contact")
		user, contact := jids[0], jids[1]
		d.registerFriends(t, user, contact)
		watcher := d.online(t, contact+"/early", "")
		client := d.online(t, user+"/r", "<show>xa</show><priority>7</priority>")
		requirePresence(t, nextStanza(t, watcher, "presence", user), "", "xa", "", "7")

		for i, test := range []struct{ show, wire string }{
			{"away", "away"}, {"chat", "chat"}, {"dnd", "dnd"}, {"xa", "xa"}, {"available", ""}, {"dnd", "dnd"}, {"", ""},
		} {
			for _, status := range []string{"", "lunch : <&>\"' 😀\nsecond line"} {
				requireDone(t, admin, "sendPresence", "userJid", user, "show", test.show, "status", status)
				for _, c := range []*xmppclient.Client{watcher, client} {
					requirePresence(t, nextStanza(t, c, "presence", user+"/r"), "", test.wire, status, "7")
				}
				late := d.online(t, fmt.Sprintf("%s/late%d", contact, i), "")
				requirePresence(t, nextStanza(t, late, "presence", user+"/r"), "", test.wire, status, "7")
				require.NoError(t, late.Close())
			}
		}
		for _, priority := range []string{"-128", "127"} {
			requireDone(t, admin, "sendPresence", "userJid", user, "priority", priority)
			requirePresence(t, nextStanza(t, watcher, "presence", user), "", "", "", priority)
		}
	})
}

func TestPresenceOfOneAndOfAllResources(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		jids := uniqueJIDs(t, "localhost", "user", "contact")
		user, contact := jids[0], jids[1]
		d.registerFriends(t, user, contact)
		watcher := d.online(t, contact, "")
		// Code that splits the server's lines at " : " would split these wrongly.
		resources := []string{"x", "x : y", "x : y : z", "Desk"}
		for i, r := range resources {
			d.online(t, user+"/"+r, fmt.Sprintf("<priority>%d</priority><status>a : %d</status>", i+1, i))
			nextStanza(t, watcher, "presence", user+"/"+r)
		}
		assert.Equal(t, answer{"info", "4 sessions", []string{"Desk", "x", "x : y", "x : y : z"}}, runVerb(t, admin, "getUserResource", "userJid", user))

		requireDone(t, admin, "sendPresence", "userJid", user+"/x : y", "show", "dnd", "status", "one")
		assert.Equal(t, []sessionInfo{
			{4, "available", "Desk", "a : 3"}, {1, "available", "x", "a : 0"},
			{2, "dnd", "x : y", "one"}, {3, "available", "x : y : z", "a : 2"},
		}, sessionsOf(t, d.Server, user))
		requirePresence(t, nextStanza(t, watcher, "presence", user), "", "dnd", "one", "2")

		requireDone(t, admin, "sendPresence", "userJid", user, "show", "away", "status", "all")
		for i, r := range resources {
			requirePresence(t, nextStanza(t, watcher, "presence", user+"/"+r), "", "away", "all", fmt.Sprint(i+1))
		}
		assertNoStanza(t, watcher, "presence", user)
	})
}

func TestUnsetAndSetPresence(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		jids := uniqueJIDs(t, "localhost", "user", "contact")
		user, contact := jids[0], jids[1]
		d.registerFriends(t, user, contact)
		watcher := d.online(t, contact, "")
		d.online(t, user+"/a", "")
		nextStanza(t, watcher, "presence", user+"/a")
		d.login(t, user+"/silent") // has never sent a presence

		requireDone(t, admin, "unsetPresence", "userJid", user+"/a", "status", "bye")
		gone := nextStanza(t, watcher, "presence", user+"/a")
		assert.Equal(t, "unavailable", gone.Attr("type"))
		status, _ := gone.Child("", "status")
		assert.Equal(t, "bye", status.Text)
		for _, s := range sessionsOf(t, d.Server, user) {
			assert.Equal(t, "unavailable", s.Status, "the session stays")
		}

		requireDone(t, admin, "setPresence", "userJid", user)
		for _, r := range []string{"/a", "/silent"} {
			e := nextStanza(t, watcher, "presence", user+r)
			assert.Empty(t, e.Attr("type"))
			_, shows := e.Child("", "show")
			assert.False(t, shows, e.String())
		}
		for _, s := range sessionsOf(t, d.Server, user) {
			assert.Equal(t, 0, s.Priority, "not the -1 of an unavailable session, which gets no messages")
		}
		requireDone(t, admin, "setPresence", "userJid", user+"/a", "priority", "5", "status", "here")
		requirePresence(t, nextStanza(t, watcher, "presence", user+"/a"), "", "", "here", "5")
	})
}

func TestWithoutSession(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		jids := uniqueJIDs(t, "localhost", "offline", "unknown", "online")
		registerOn(t, d.Server, jids[0], jids[2])
		client := d.online(t, jids[2]+"/r", "")
		for _, account := range []string{jids[0], jids[1], jids[2] + "/R", jids[2] + "/r : r"} {
			refusal := account + " no have any active session"
			for _, verb := range []string{"setPresence", "unsetPresence", "sendPresence", "kickUserJid"} {
				assert.Equal(t, answer{"error", refusal, []string{refusal}}, runVerb(t, admin, verb, "userJid", account), verb)
			}
		}
		refusal := jids[0] + " no have any active session"
		assert.Equal(t, answer{"error", refusal, []string{refusal}}, runVerb(t, admin, "getUserResource", "userJid", jids[0]))
		assertNoStanza(t, client, "presence", jids[2])
	})
}

// TestWhoMayNotTouchPresences checks that the component refuses requesters
// without the required grant, and that nothing changes.
func TestWhoMayNotTouchPresences(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		reader, writer := d.login(t, "reader@localhost"), d.login(t, "writer@localhost")
		here, there := uniqueJIDs(t, "localhost", "user")[0], uniqueJIDs(t, "example.org", "user")[0]
		registerOn(t, d.Server, here, there)
		a, b := d.online(t, here, ""), d.online(t, there, "")
		for _, test := range []attempt{
			{reader, "setPresence", []string{"userJid", here}},
			{reader, "unsetPresence", []string{"userJid", here}},
			{reader, "sendPresence", []string{"userJid", here, "show", "dnd"}},
			{reader, "kickUserJid", []string{"userJid", here}},
			{writer, "setPresence", []string{"userJid", there}},
			{writer, "unsetPresence", []string{"userJid", there}},
			{writer, "sendPresence", []string{"userJid", there, "show", "dnd"}},
			{writer, "sendPresence", []string{"userJid", "SocialStream", "show", "dnd"}},
			{writer, "kickUserJid", []string{"userJid", there}},
			{writer, "getUserResource", []string{"userJid", there}},
			{writer, "getConnectedJids", nil},
			{writer, "getConnectedJidsByDomain", []string{"domain", "all"}},
			{writer, "getConnectedJidsByDomain", []string{"domain", "example.org"}},
		} {
			requireForbidden(t, test.client, test.verb, test.pairs...)
		}
		requireDone(t, writer, "sendPresence", "userJid", here, "show", "dnd")
		requirePresence(t, nextStanza(t, a, "presence", here), "", "dnd", "", "0")
		assertNoStanza(t, a, "presence", here)
		assertNoStanza(t, b, "presence", there)
	})
}

// attempt is one run of a verb by a client.
type attempt struct {
	client *xmppclient.Client
	verb   string
	pairs  []string
}

// requireForbidden runs a verb that the component must refuse as forbidden.
func requireForbidden(t testing.TB, c *xmppclient.Client, verb string, pairs ...string) {
	t.Helper()
	_, err := c.Run(shortContext(t), service, verb, formValues(pairs...))
	var refused stanza.Error
	require.ErrorAs(t, err, &refused, verb)
	require.Equal(t, stanza.Forbidden, refused.Condition, verb)
}
