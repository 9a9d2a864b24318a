package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// sessionInfo is a session as the server's own command tells it.
type sessionInfo struct {
	Priority   int    `json:"priority"`
	Status     string `json:"status"` // what it shows
	Resource   string `json:"resource"`
	StatusText string `json:"statustext"`
}

// sessionsOf is what the server knows of a user's sessions, by resource.
func sessionsOf(t testing.TB, s *testserver.Server, user string) []sessionInfo {
	t.Helper()
	j := jid.MustParse(user)
	var infos []sessionInfo
	require.NoError(t, s.API(t.Context(), "user_sessions_info", map[string]string{"user": j.Localpart(), "host": j.Domainpart()}, &infos))
	slices.SortFunc(infos, func(a, b sessionInfo) int { return strings.Compare(a.Resource, b.Resource) })
	return infos
}

// online logs an account in and makes it available: what is inside its
// presence may be given.
func (p *place) online(t testing.TB, account string, inside string) *xmppclient.Client {
	t.Helper()
	c := p.login(t, account)
	require.NoError(t, c.Send(t.Context(), "<presence>"+inside+"</presence>"))
	next(t, c, "presence", c.JID().String())
	return c
}

// next takes the next stanza of that kind from that address, as it stands
// there or the bare one of it.
func next(t testing.TB, c *xmppclient.Client, kind, from string) xmppclient.Element {
	t.Helper()
	e, err := c.Next(patience(t), func(e xmppclient.Element) bool {
		return e.Name.Local == kind && (e.Attr("from") == from || strings.HasPrefix(e.Attr("from"), from+"/"))
	})
	require.NoError(t, err, c.Seen())
	return e
}

// seesNone checks that nothing of a kind from an address waits at a client. What
// was sent before has arrived before.
func seesNone(t testing.TB, c *xmppclient.Client, kind, from string) {
	t.Helper()
	_, err := c.Roster(patience(t))
	require.NoError(t, err)
	for _, e := range c.Seen() {
		assert.False(t, e.Name.Local == kind && strings.HasPrefix(e.Attr("from"), from), e.String())
	}
}

// friends registers two accounts and puts each in the other's roster.
func (p *place) friends(t testing.TB, a, b string) {
	registerOn(t, p.Server, a, b)
	p.put(t, a, entry{b, "", "both", nil})
	p.put(t, b, entry{a, "", "both", nil})
}

// requirePresence checks all that a presence says.
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
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		jids := people(t, "localhost", "user", "contact")
		user, contact := jids[0], jids[1]
		p.friends(t, user, contact)
		watcher := p.online(t, contact+"/early", "")
		client := p.online(t, user+"/r", "<show>xa</show><priority>7</priority>")
		requirePresence(t, next(t, watcher, "presence", user), "", "xa", "", "7")

		for i, test := range []struct{ show, wire string }{
			{"away", "away"}, {"chat", "chat"}, {"dnd", "dnd"}, {"xa", "xa"}, {"available", ""}, {"dnd", "dnd"}, {"", ""},
		} {
			for _, status := range []string{"", "lunch : <&>\"' 😀\nsecond line"} {
				done(t, admin, "sendPresence", "userJid", user, "show", test.show, "status", status)
				for _, c := range []*xmppclient.Client{watcher, client} {
					requirePresence(t, next(t, c, "presence", user+"/r"), "", test.wire, status, "7")
				}
				late := p.online(t, fmt.Sprintf("%s/late%d", contact, i), "")
				requirePresence(t, next(t, late, "presence", user+"/r"), "", test.wire, status, "7")
				require.NoError(t, late.Close())
			}
		}
		for _, priority := range []string{"-128", "127"} {
			done(t, admin, "sendPresence", "userJid", user, "priority", priority)
			requirePresence(t, next(t, watcher, "presence", user), "", "", "", priority)
		}
	})
}

func TestPresenceOfOneAndOfAllResources(t *testing.T) {
	t.Parallel()
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		jids := people(t, "localhost", "user", "contact")
		user, contact := jids[0], jids[1]
		p.friends(t, user, contact)
		watcher := p.online(t, contact, "")
		// Lines that are cut at " : " would be cut in the wrong place.
		resources := []string{"x", "x : y", "x : y : z", "Desk"}
		for i, r := range resources {
			p.online(t, user+"/"+r, fmt.Sprintf("<priority>%d</priority><status>a : %d</status>", i+1, i))
			next(t, watcher, "presence", user+"/"+r)
		}
		assert.Equal(t, answer{"info", "4 sessions", []string{"Desk", "x", "x : y", "x : y : z"}}, run(t, admin, "getUserResource", "userJid", user))

		done(t, admin, "sendPresence", "userJid", user+"/x : y", "show", "dnd", "status", "one")
		assert.Equal(t, []sessionInfo{
			{4, "available", "Desk", "a : 3"}, {1, "available", "x", "a : 0"},
			{2, "dnd", "x : y", "one"}, {3, "available", "x : y : z", "a : 2"},
		}, sessionsOf(t, p.Server, user))
		requirePresence(t, next(t, watcher, "presence", user), "", "dnd", "one", "2")

		done(t, admin, "sendPresence", "userJid", user, "show", "away", "status", "all")
		for i, r := range resources {
			requirePresence(t, next(t, watcher, "presence", user+"/"+r), "", "away", "all", fmt.Sprint(i+1))
		}
		seesNone(t, watcher, "presence", user)
	})
}

func TestUnsetAndSetPresence(t *testing.T) {
	t.Parallel()
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		jids := people(t, "localhost", "user", "contact")
		user, contact := jids[0], jids[1]
		p.friends(t, user, contact)
		watcher := p.online(t, contact, "")
		p.online(t, user+"/a", "")
		next(t, watcher, "presence", user+"/a")
		p.login(t, user+"/silent") // has never said that it is available

		done(t, admin, "unsetPresence", "userJid", user+"/a", "status", "bye")
		gone := next(t, watcher, "presence", user+"/a")
		assert.Equal(t, "unavailable", gone.Attr("type"))
		status, _ := gone.Child("", "status")
		assert.Equal(t, "bye", status.Text)
		for _, s := range sessionsOf(t, p.Server, user) {
			assert.Equal(t, "unavailable", s.Status, "the session stays")
		}

		done(t, admin, "setPresence", "userJid", user)
		for _, r := range []string{"/a", "/silent"} {
			e := next(t, watcher, "presence", user+r)
			assert.Empty(t, e.Attr("type"))
			_, shows := e.Child("", "show")
			assert.False(t, shows, e.String())
		}
		for _, s := range sessionsOf(t, p.Server, user) {
			assert.Equal(t, 0, s.Priority, "not the -1 of who is unavailable: messages arrive")
		}
		done(t, admin, "setPresence", "userJid", user+"/a", "priority", "5", "status", "here")
		requirePresence(t, next(t, watcher, "presence", user+"/a"), "", "", "here", "5")
	})
}

func TestWithoutSession(t *testing.T) {
	t.Parallel()
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		jids := people(t, "localhost", "offline", "unknown", "online")
		registerOn(t, p.Server, jids[0], jids[2])
		client := p.online(t, jids[2]+"/r", "")
		for _, who := range []string{jids[0], jids[1], jids[2] + "/R", jids[2] + "/r : r"} {
			refusal := who + " no have any active session"
			for _, verb := range []string{"setPresence", "unsetPresence", "sendPresence", "kickUserJid"} {
				assert.Equal(t, answer{"error", refusal, []string{refusal}}, run(t, admin, verb, "userJid", who), verb)
			}
		}
		refusal := jids[0] + " no have any active session"
		assert.Equal(t, answer{"error", refusal, []string{refusal}}, run(t, admin, "getUserResource", "userJid", jids[0]))
		seesNone(t, client, "presence", jids[2])
	})
}

func TestKickUserJid(t *testing.T) {
	t.Parallel()
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		user := people(t, "localhost", "user")[0]
		registerOn(t, p.Server, user)
		ended := func(c *xmppclient.Client) {
			_, err := c.Next(patience(t), func(xmppclient.Element) bool { return false })
			require.ErrorIs(t, err, xmppclient.ErrClosed)
		}
		a, b, c := p.login(t, user+"/a"), p.login(t, user+"/b"), p.login(t, user+"/c")
		done(t, admin, "kickUserJid", "userJid", user+"/b")
		ended(b)
		_, err := a.Roster(patience(t))
		require.NoError(t, err)
		done(t, admin, "kickUserJid", "userJid", user)
		ended(a)
		ended(c)
		for _, s := range sessionsOf(t, p.Server, user) {
			assert.Equal(t, "offline", s.Status, "what has not quite ended yet")
		}
	})
}

func TestConnectedJids(t *testing.T) {
	t.Parallel()
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		here, there := people(t, "localhost", "b", "a", "offline"), people(t, "example.org", "b")
		registerOn(t, p.Server, slices.Concat(here, there)...)
		p.login(t, here[0]+"/one")
		p.login(t, here[0]+"/two : c")
		p.online(t, here[1], "")
		p.login(t, there[0])

		// Of everybody connected, those of this test.
		mine := func(a answer) (jids []string) {
			assert.Equal(t, "info", a.note)
			assert.True(t, slices.IsSorted(a.lines))
			for _, line := range a.lines {
				if slices.Contains(slices.Concat(here, there), line) {
					jids = append(jids, line)
				}
			}
			return jids
		}
		assert.Equal(t, []string{here[1], there[0], here[0]}, mine(run(t, admin, "getConnectedJids")))
		assert.Equal(t, []string{here[1], there[0], here[0]}, mine(run(t, admin, "getConnectedJidsByDomain", "domain", "all")))
		assert.Equal(t, []string{here[1], here[0]}, mine(run(t, admin, "getConnectedJidsByDomain", "domain", "localhost")))
		assert.Equal(t, there, mine(run(t, admin, "getConnectedJidsByDomain", "domain", "example.org")))
	})
}

// TestPresenceOfName has users subscribe to a name at the component's domain:
// those who are there see its presence change, and those who come later see
// what it is.
func TestPresenceOfName(t *testing.T) {
	t.Parallel()
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		name := "somebody@" + testserver.Component
		fans := append(people(t, "localhost", "fan", "other"), people(t, "example.org", "fan")...)
		registerOn(t, p.Server, fans...)
		stranger := p.online(t, fans[1], "")
		var clients []*xmppclient.Client
		for _, fan := range []string{fans[0], fans[2]} {
			c := p.online(t, fan+"/early", "")
			clients = append(clients, c)
			require.NoError(t, c.Send(t.Context(), fmt.Sprintf("<presence type='subscribe' to='%s'/>", name)))
			assert.Equal(t, "subscribed", next(t, c, "presence", name).Attr("type"))
			assert.Equal(t, "unavailable", next(t, c, "presence", name).Attr("type"), "nobody has set it")
			items, err := c.Roster(patience(t))
			require.NoError(t, err)
			assert.Equal(t, []xmppclient.RosterItem{{JID: name, Subscription: "to"}}, items)
		}
		change := func(typ, show, status, priority string, verb string, pairs ...string) {
			done(t, admin, verb, append(pairs, "userJid", "Somebody")...)
			for _, c := range clients {
				requirePresence(t, next(t, c, "presence", name), typ, show, status, priority)
			}
			late := p.online(t, fans[0]+"/late", "")
			if typ == "unavailable" {
				status = "" // of who is not there nothing is kept
			}
			requirePresence(t, next(t, late, "presence", name), typ, show, status, priority)
			require.NoError(t, late.Close())
		}
		change("", "", "", "", "setPresence")
		change("", "dnd", "<busy> & 😀", "3", "sendPresence", "show", "dnd", "status", "<busy> & 😀", "priority", "3")
		change("", "", "", "3", "sendPresence", "show", "available")
		change("unavailable", "", "bye", "", "unsetPresence", "status", "bye")
		seesNone(t, stranger, "presence", name)

		require.NoError(t, clients[0].Send(t.Context(), fmt.Sprintf("<presence type='unsubscribe' to='%s'/>", name)))
		_, err := clients[0].Roster(patience(t))
		require.NoError(t, err)
		done(t, admin, "setPresence", "userJid", name)
		requirePresence(t, next(t, clients[1], "presence", name), "", "", "", "")
		for _, e := range clients[0].Seen() {
			assert.False(t, e.Name.Local == "presence" && e.Attr("from") == name && e.Attr("type") == "", e.String())
		}
	})
}

func TestNodeStarted(t *testing.T) {
	t.Parallel()
	inEveryPlace(t, func(t *testing.T, p *place) {
		assert.Equal(t, answer{"info", "true", []string{"true"}}, run(t, p.login(t, "reader@localhost"), "isEjabberdNodeStarted"))
	})
}

// TestWhoMayNotTouchPresences has those who may not do what they want, and nothing comes of it.
func TestWhoMayNotTouchPresences(t *testing.T) {
	t.Parallel()
	inEveryPlace(t, func(t *testing.T, p *place) {
		reader, writer := p.login(t, "reader@localhost"), p.login(t, "writer@localhost")
		here, there := people(t, "localhost", "user")[0], people(t, "example.org", "user")[0]
		registerOn(t, p.Server, here, there)
		a, b := p.online(t, here, ""), p.online(t, there, "")
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
			requireForbidden(t, test.asker, test.verb, test.pairs...)
		}
		done(t, writer, "sendPresence", "userJid", here, "show", "dnd")
		requirePresence(t, next(t, a, "presence", here), "", "dnd", "", "0")
		seesNone(t, a, "presence", here)
		seesNone(t, b, "presence", there)
	})
}

// attempt is one to run a verb.
type attempt struct {
	asker *xmppclient.Client
	verb  string
	pairs []string
}

// requireForbidden runs a verb that must be refused.
func requireForbidden(t testing.TB, c *xmppclient.Client, verb string, pairs ...string) {
	t.Helper()
	_, err := c.Run(patience(t), service, verb, args(pairs...))
	var refused stanza.Error
	require.ErrorAs(t, err, &refused, verb)
	require.Equal(t, stanza.Forbidden, refused.Condition, verb)
}

// TestNameLeavesAndIsBack: a name's presence ends with the component, and is
// told again after the server has been away.
func TestNameLeavesAndIsBack(t *testing.T) {
	t.Parallel()
	p := newPlace(t, testserver.AdHoc, nil)
	name, fan := "somebody@"+testserver.Component, "fan@localhost"
	registerOn(t, p.Server, fan)
	follow := func(c *xmppclient.Client) {
		require.NoError(t, c.Send(t.Context(), fmt.Sprintf("<presence type='subscribe' to='%s'/>", name)))
		assert.Equal(t, "subscribed", next(t, c, "presence", name).Attr("type"))
		assert.Equal(t, "unavailable", next(t, c, "presence", name).Attr("type"))
	}
	c := p.online(t, fan+"/early", "")
	follow(c)
	done(t, p.login(t, "admin@localhost"), "sendPresence", "userJid", "Somebody", "show", "dnd")
	requirePresence(t, next(t, c, "presence", name), "", "dnd", "", "")

	require.NoError(t, p.Stop(t.Context()))
	require.NoError(t, p.Start(t.Context()))
	c = p.online(t, fan+"/again", "") // before the component or after it
	for {
		e := next(t, c, "presence", name)
		if e.Attr("type") != "error" { // its server's, while the component was away
			requirePresence(t, e, "", "dnd", "", "")
			break
		}
	}

	require.NoError(t, p.program.Stop())
	p.program = nil
	for {
		if e := next(t, c, "presence", name); e.Attr("type") == "unavailable" {
			break
		}
	}
}
