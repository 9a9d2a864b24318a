package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// overHTTP counts how often the program, which asks from 127.0.0.1, has run a
// command over HTTP, as the server logs it.
func (p *place) overHTTP(t *testing.T, command string) (n int) {
	t.Helper()
	call := regexp.MustCompile(`(?s)API call ` + command + ` .*?\] from ([0-9.]+):`)
	for _, from := range call.FindAllStringSubmatch(serverLog(t, p.Server), -1) {
		if from[1] == "127.0.0.1" {
			n++
		}
	}
	return n
}

// failed is what a verb that cannot be carried out says.
func failed(t *testing.T, c *xmppclient.Client, verb string, pairs ...string) string {
	t.Helper()
	_, err := c.Run(patience(t), service, verb, args(pairs...))
	require.Error(t, err)
	return err.Error()
}

func TestDebian12(t *testing.T) {
	t.Parallel()
	p := newPlace(t, testserver.Debian12, nil)
	t.Run("rosters", func(t *testing.T) { rostersOnDebian12(t, p) })
	t.Run("other verbs", func(t *testing.T) { othersOnDebian12(t, p) })
}

// rostersOnDebian12: before 23.10 no roster stanza writes anything, and before
// 24.02 a user's groups are one text.
func rostersOnDebian12(t *testing.T, p *place) {
	admin := p.login(t, "admin@localhost")
	const a, b = "a@localhost", "b@localhost"
	add := func(buddy, nick, subscription string, groups ...string) {
		pairs := []string{"userJid", a, "buddyJid", buddy, "buddyNick", nick, "subscription_type", subscription}
		for _, g := range groups {
			pairs = append(pairs, "buddyGroup", g)
		}
		done(t, admin, "addBuddyToRoster", pairs...)
	}
	for _, text := range awkward {
		if !strings.Contains(text, ";") {
			for _, subscription := range []string{"none", "to", "from", "both"} {
				add(b, text, subscription, text, "more")
				groups := []string{text, "more"}
				if text > "more" {
					groups = []string{"more", text}
				}
				require.Equal(t, []entry{{b, text, subscription, groups}}, p.stored(t, a))
			}
		}
	}
	add(b, "", "both")
	require.Equal(t, []entry{{b, "", "both", []string{}}}, p.stored(t, a), "no group")
	add("bob@remote.example", "Bob", "to", "Elsewhere")
	require.Equal(t, entry{"bob@remote.example", "Bob", "to", []string{"Elsewhere"}}, p.stored(t, a)[1])

	why := failed(t, admin, "addBuddyToRoster", "userJid", a, "buddyJid", b, "buddyGroup", "semi;colon", "subscription_type", "both")
	assert.Contains(t, why, `"semi;colon": an ejabberd before 24.02`)
	assert.Equal(t, entry{b, "", "both", []string{}}, p.stored(t, a)[0], "nothing was written")

	done(t, admin, "removeBuddyFromRoster", "userJid", a, "buddyJid", "bob@remote.example")
	done(t, admin, "setBidireccionalBuddys", "userAJid", a, "userBJid", b, "userANick", "A", "userBNick", "B", "groupForB", "G")
	assert.Equal(t, []entry{{b, "B", "both", []string{"G"}}}, p.stored(t, a))
	assert.Equal(t, []entry{{a, "A", "both", []string{}}}, p.stored(t, b))
	done(t, admin, "unsetBidireccionalBuddys", "userJid", a, "oldFriendJid", b)
	assert.Equal(t, []entry{{b, "", "to", []string{}}}, p.stored(t, a))
	assert.Empty(t, p.stored(t, b))
	done(t, admin, "removeRoster", "userJid", a)
	assert.Empty(t, p.stored(t, a))
}

// TestNoWay: without a way to write, the log and the answer say which version
// has one, and what to do without it.
func TestNoWay(t *testing.T) {
	t.Parallel()
	const add = "write api: {url: …} into the configuration here"
	for name, test := range map[string]struct {
		kind           testserver.Kind
		more           string
		log, why, todo string
		everyVerb      string // what each verb says that needs the API
	}{
		"Debian-13":             {testserver.Debian13, "", "subscriptions cannot be written on this host", "since 25.03", add, "since 25.03"},
		"Debian-12":             {testserver.Debian12, "", "rosters cannot be changed on this host", "before 23.10", add, "since 25.03"},
		"nobody listens there":  {testserver.Debian13, "api: {url: 'http://127.0.0.1:1/api'}", "subscriptions cannot be written on this host", "cannot be reached", "http://127.0.0.1:1/api", "cannot be reached"},
		"nobody listens either": {testserver.Debian12, "api: {url: 'http://127.0.0.1:1/api'}", "rosters cannot be changed on this host", "cannot be reached", "http://127.0.0.1:1/api", "cannot be reached"},
		"nothing at that place": {testserver.Debian13, "api: {url: 'http://API/nowhere'}", "subscriptions cannot be written on this host", "mod_http_api must listen where api: says here", "add_rosteritem", "mod_http_api must listen where api: says here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := test.kind.Run(t, nil)
			registerOn(t, s, "admin@localhost")
			program, err := testserver.StartProgram(t.Context(), binary, s, testserver.Settings{
				Access: access, Until: test.log,
				More: strings.Replace(test.more, "http://API/nowhere", strings.TrimSuffix(s.APIURL(), "/api/v3")+"/nowhere", 1),
			})
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, program.Stop()) })
			assert.Contains(t, program.Log(), test.why)
			assert.Contains(t, program.Log(), test.todo)

			admin := loginTo(t, s, "admin@localhost")
			why := failed(t, admin, "addBuddyToRoster", "userJid", "a@localhost", "buddyJid", "b@localhost", "subscription_type", "both")
			assert.Contains(t, why, test.why)
			assert.Empty(t, stored(t, s, "a@localhost"))

			for verb, pairs := range map[string][]string{
				"isEjabberdNodeStarted": nil,
				"createRoom":            {"roomName", "lobby", "domain", "localhost"},
			} {
				why := failed(t, admin, verb, pairs...)
				assert.Contains(t, why, test.everyVerb, verb)
				assert.NotContains(t, why, "unknown", verb)
			}
		})
	}
}

// TestEachItsWay: with both, ad-hoc commands are used, and HTTP only for what
// they refuse.
func TestEachItsWay(t *testing.T) {
	t.Parallel()
	p := newPlace(t, testserver.AdHocAndHTTP, nil)
	admin := p.login(t, "admin@localhost")
	add := func(contact string) {
		done(t, admin, "addBuddyToRoster", "userJid", "a@localhost", "buddyJid", contact, "subscription_type", "both")
	}
	add("b@localhost")
	add("b@example.org")
	assert.Zero(t, p.overHTTP(t, "add_rosteritem"))
	add("b@remote.example")
	assert.Equal(t, 1, p.overHTTP(t, "add_rosteritem"))
	var contacts []string
	for _, e := range p.stored(t, "a@localhost") {
		contacts = append(contacts, fmt.Sprintf("%s %s", e.JID, e.Subscription))
	}
	assert.Equal(t, []string{"b@example.org both", "b@localhost both", "b@remote.example both"}, contacts)
}

// TestLookedAtAgain: what was found holds until the next grant.
func TestLookedAtAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t, testserver.AdHocAndHTTP, func(c map[string]any) {
		delete(c["api_permissions"].(map[string]any), "emanagement")
	})
	ready := func() int { return strings.Count(p.program.Log(), "msg=ready host=") }
	add := func(contact string) {
		admin := p.login(t, "admin@localhost")
		done(t, admin, "addBuddyToRoster", "userJid", "a@localhost", "buddyJid", contact, "subscription_type", "both")
		require.NoError(t, admin.Close())
	}
	add("b@localhost")
	before := p.overHTTP(t, "add_rosteritem")
	assert.NotZero(t, before)

	require.NoError(t, p.Stop(t.Context()))
	require.NoError(t, p.Edit(nil))
	was := ready()
	require.NoError(t, p.Start(t.Context()))
	require.Eventually(t, func() bool { return ready() == was+len(testserver.Hosts()) }, time.Minute, 20*time.Millisecond)
	add("c@localhost")
	assert.Equal(t, before, p.overHTTP(t, "add_rosteritem"), "not over HTTP any more")
	assert.Len(t, p.stored(t, "a@localhost"), 2)
}

// othersOnDebian12: presences, messages and rooms in the forms that their
// commands had then.
func othersOnDebian12(t *testing.T, p *place) {
	sessionsOverHTTP(t, p)
	roomsOverHTTP(t, p)
	for _, command := range []string{
		"connected_users_vhost", "create_room_with_opts", "destroy_room", "get_room_affiliations", "get_room_occupants", "kick_session",
		"muc_online_rooms", "set_presence", "set_room_affiliation", "status", "user_resources", "user_sessions_info",
	} {
		assert.NotZero(t, p.overHTTP(t, command), command)
	}
}

func sessionsOverHTTP(t *testing.T, p *place) {
	admin := p.login(t, "admin@localhost")
	user := people(t, "localhost", "user")[0]
	registerOn(t, p.Server, user)
	var clients []*xmppclient.Client
	for _, resource := range []string{"/a", "/a : b"} {
		c := p.login(t, user+resource)
		require.NoError(t, c.Send(t.Context(), "<presence><status>b : c</status></presence>"))
		next(t, c, "presence", c.JID().String())
		clients = append(clients, c)
	}
	done(t, admin, "sendPresence", "userJid", user+"/a", "show", "dnd", "status", "busy : b", "priority", "-7")
	got := sessionsOf(t, p.Server, user)
	require.Len(t, got, 2)
	assert.Equal(t, []sessionInfo{{-7, "dnd", "a", "busy : b"}, {0, "available", "a : b", "b : c"}}, got)
	done(t, admin, "setPresence", "userJid", user+"/a : b", "status", "here")
	assert.Equal(t, []sessionInfo{{-7, "dnd", "a", "busy : b"}, {0, "available", "a : b", "here"}}, sessionsOf(t, p.Server, user))
	assert.Equal(t, []string{"a", "a : b"}, run(t, admin, "getUserResource", "userJid", user).lines)
	assert.Contains(t, run(t, admin, "getConnectedJidsByDomain", "domain", "localhost").lines, user)
	assert.Equal(t, "true", run(t, admin, "isEjabberdNodeStarted").text)
	for _, from := range []string{"admin@localhost", "news@" + testserver.Component} {
		sent(t, admin, from, user+"/a", "hi\nthere")
		requireMessage(t, clients[0], from, "hi\nthere")
	}
	done(t, admin, "kickUserJid", "userJid", user+"/a")
	assert.Equal(t, []string{"a : b"}, run(t, admin, "getUserResource", "userJid", user).lines)
}

func roomsOverHTTP(t *testing.T, p *place) {
	admin := p.login(t, "admin@localhost")
	const room = "lobby@conference.localhost"
	named := []string{"roomName", "lobby", "domain", "localhost"}
	done(t, admin, "createPersistentRoom", named...)
	assert.Equal(t, refusal("Room "+room+" already exists"), run(t, admin, "createRoom", named...))
	options, err := p.Ctl(t.Context(), "get_room_options", "lobby", "conference.localhost")
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^persistent\s+true$`, options)
	assert.Equal(t, []string{room}, run(t, admin, "printAllRooms").lines)
	done(t, admin, "setJidAffiliationOfRoom", append(named, "jid", "owner@localhost", "affiliation", "owner")...)
	done(t, admin, "setJidAffiliationOfRoom", append(named, "jid", "far@remote.example", "affiliation", "member")...)
	done(t, admin, "setJidAffiliationOfRoom", append(named, "jid", "example.org", "affiliation", "outcast")...)
	assert.ElementsMatch(t, []string{"owner@localhost\towner", "far@remote.example\tmember", "example.org\toutcast"}, run(t, admin, "getAffiliationsOfRoom", named...).lines)
	require.NoError(t, admin.Join(patience(t), jid.MustParse(room+"/nick : a")))
	assert.Equal(t, []string{"admin@localhost"}, run(t, admin, "getAllJidsOfRoom", named...).lines)
	done(t, admin, "destroyRoom", named...)
	for _, verb := range []string{"destroyRoom", "getAffiliationsOfRoom", "getAllJidsOfRoom"} {
		assert.Equal(t, refusal("Room "+room+" not found"), run(t, admin, verb, named...))
	}
}
