package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

// TestFromBeforeTodaysRules checks accounts and contacts whose names today's
// rules forbid. The verbs list and remove them like any other, but do not
// create them.
func TestFromBeforeTodaysRules(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		user := uniqueJIDs(t, "localhost", "user")[0]
		local, _, _ := strings.Cut(user, "@")
		odd := "♥" + local // the name of an unregistered account
		store := func(local, contact string) {
			name, host, _ := strings.Cut(contact, "@")
			item := map[string]any{"localuser": local, "localhost": "localhost", "user": name, "host": host, "nick": "", "groups": []string{}, "subs": "none"}
			if d.Kind() == testserver.Debian12 {
				delete(item, "groups")
				item["group"] = ""
			}
			var code int
			require.NoError(t, d.API(t.Context(), "add_rosteritem", item, &code))
			require.Zero(t, code)
		}
		contacts := []string{"☃@localhost", "q@my_host.local", "a’b@far.example"}
		for _, c := range contacts {
			store(local, c)
			store(odd, c)
		}
		for _, owner := range []string{user, odd + "@localhost"} {
			assert.Equal(t, "true", runVerb(t, admin, "checkUserJid", "userJid", owner).text)
			for _, c := range contacts {
				assert.Contains(t, strings.Join(runVerb(t, admin, "getRoster", "userJid", owner).lines, "\n"), c+"\t")
			}
			requireDone(t, admin, "removeBuddyFromRoster", "userJid", owner, "buddyJid", contacts[1])
			assert.Len(t, runVerb(t, admin, "getRoster", "userJid", owner).lines, 2)
			requireDone(t, admin, "removeRoster", "userJid", owner)
			assert.Equal(t, refusalAnswer("Roster not found for user "+owner), runVerb(t, admin, "getRoster", "userJid", owner))
		}
		r, err := admin.Run(shortContext(t), service, "addBuddyToRoster", formValues("userJid", user, "buddyJid", contacts[0], "subscription_type", "none"))
		require.NoError(t, err)
		assert.Contains(t, r.Notes[0].Text, `"☃@localhost" is not a JID`)
	})
}

// storeRawItem writes an item by the server's own API command, which accepts
// any text as the contact's address.
func (d *deployment) storeRawItem(t testing.TB, owner, local, host, nick string) {
	t.Helper()
	name, at, _ := strings.Cut(owner, "@")
	item := map[string]any{"localuser": name, "localhost": at, "user": local, "host": host, "nick": nick, "groups": []string{}, "subs": "both"}
	if d.kind == testserver.Debian12 {
		delete(item, "groups")
		item["group"] = ""
	}
	require.NoError(t, d.API(t.Context(), "add_rosteritem", item, new(int)))
}

// TestOddContacts checks that removeBuddyFromRoster accepts a contact exactly
// as getRoster shows it, on every front.
func TestOddContacts(t *testing.T) {
	t.Parallel()
	onEveryVersion(t, nil, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		chat := chatter{d.login(t, "admin@localhost/chat"), t}
		const user = "owner@localhost"
		for front, remove := range map[string]func(shown string) string{
			"ad-hoc": func(shown string) string {
				return runVerb(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", shown).text
			},
			"command line": func(shown string) string {
				return strings.TrimSpace(emanagement(t, d.program, "removeBuddyFromRoster", user, shown).out)
			},
			"chat": func(shown string) string {
				return chat.ask("removeBuddyFromRoster " + user + " '" + shown + "'")
			},
		} {
			for _, odd := range [][2]string{
				{"foo", "bar.org:5222"}, {"foo", "example.co,"}, {"foo", "bar.org?subject=x"}, {"foo", "a*b"}, {"x", "y:z"},
				{"p\\27quinn", "localhost"}, {"foo", "-bar-.org"}, {"foo", "a_b"}, {"foo", "[::1]"}, {"", "gateway.example.org"},
				{"foo", "bar..org"}, {"foo", ".bar.org"}, {"foo", "a b"}, {"foo", "a@b"}, {"foo", "bar.org.."}, // removable over HTTP only
			} {
				d.storeRawItem(t, user, odd[0], odd[1], "N")
				lines := runVerb(t, admin, "getRoster", "userJid", user).lines
				require.Len(t, lines, 1)
				shown, _, _ := strings.Cut(lines[0], "\t")
				shown = strings.ReplaceAll(shown, `\\`, `\`)
				if host := "." + odd[1]; d.kind == testserver.AdHoc && (strings.Contains(host, "..") || strings.ContainsAny(host, " @")) {
					_, err := d.Ctl(t.Context(), "delete_rosteritem", "owner", "localhost", odd[0], odd[1])
					require.NoError(t, err)
					continue // no stanza can name the contact, and no ad-hoc command accepts it
				}
				assert.Equal(t, "Done", remove(shown), "%s: %s", front, shown)
				assert.Empty(t, d.storedRoster(t, user), "%s: %s", front, shown)
			}
		}
	})
}

// TestTwins checks rosters that contain two spellings of one contact. A verb
// changes the item whose spelling equals the argument.
func TestTwins(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		for _, twins := range [][2]string{{"example.org", "example.org."}, {"bücher.example", "xn--bcher-kva.example"}, {"host.example", "host.example."}} {
			for i := range twins {
				user := uniqueJIDs(t, "localhost", fmt.Sprintf("owner-%d", i))[0]
				one, other := "eva@"+twins[i], "eva@"+twins[1-i]
				d.storeRawItem(t, user, "eva", twins[i], "One")
				d.storeRawItem(t, user, "eva", twins[1-i], "Other")
				if len(d.storedRoster(t, user)) == 1 {
					runVerb(t, admin, "removeRoster", "userJid", user)
					continue // this server stores the two spellings as one item
				}
				requireDone(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", one)
				assert.Equal(t, []storedItem{{other, "Other", "both", []string{}}}, d.storedRoster(t, user))
				// If no item has exactly this spelling, an item with an equivalent one is found.
				requireDone(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", one)
				assert.Empty(t, d.storedRoster(t, user))
			}
		}
	})
}

// TestInvisibleLetters checks that servers, and so all verbs, ignore zero-width
// characters in the name of an account.
func TestInvisibleLetters(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		plain := []string{"علیرضا@localhost", uniqueJIDs(t, "localhost", "neighbour")[0]}
		for _, joiner := range []string{"\u200c", "\u200d", "\u00ad", "\u2060"} {
			joined := strings.Replace(plain[0], "علی", "علی"+joiner, 1)
			requireDone(t, admin, "setBidireccionalBuddys", "userAJid", joined, "userBJid", plain[1], "userANick", "A", "userBNick", "B")
			assert.Equal(t, []storedItem{{plain[1], "B", "both", []string{}}}, d.storedRoster(t, plain[0]))
			for _, name := range []string{joined, plain[0]} {
				assert.Equal(t, "true", runVerb(t, admin, "checkBidirecctionalBuddys", "userAJid", name, "userBJid", plain[1]).text)
				assert.Equal(t, "true", runVerb(t, admin, "checkUserJid", "userJid", name).text)
			}
			same, err := admin.Run(shortContext(t), service, "setBidireccionalBuddys", formValues("userAJid", joined, "userBJid", plain[0]))
			require.NoError(t, err)
			assert.Contains(t, same.Title, "is the same user as the other one")
			users := strings.Join(runVerb(t, admin, "getAllUserJidsWithRosterByDomain", "domain", "localhost").lines, "\n")
			assert.Equal(t, 1, strings.Count(users+"\n", plain[0]+"\n"))
			assert.NotContains(t, users, joined)
			requireDone(t, admin, "removeBuddyFromRoster", "userJid", plain[1], "buddyJid", joined)
			requireDone(t, admin, "removeRoster", "userJid", joined)
			assert.Empty(t, d.storedRoster(t, plain[0]))
		}
	})
}

// TestHostsInEverySpelling checks that verbs accept a host in any spelling, and
// use the server's own spelling on the wire.
func TestHostsInEverySpelling(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		kind   testserver.Kind
		host   string   // as in ejabberd.yml
		stored string   // as the server's own API commands expect it
		asked  []string // as users may write it
	}{
		"A-labels, 26.07":  {testserver.AdHoc, "im.xn--pl-wia.net", "im.xn--pl-wia.net", []string{"im.xn--pl-wia.net", "im.plä.net", "IM.Xn--pl-wia.NET"}},
		"A-labels, 24.12":  {testserver.Debian13, "xn--bcher-kva.example", "xn--bcher-kva.example", []string{"xn--bcher-kva.example", "bücher.example"}},
		"U-labels, 24.12":  {testserver.Debian13, "bücher.example", "bücher.example", []string{"bücher.example", "xn--bcher-kva.example"}},
		"a dot at the end": {testserver.AdHoc, "dotted.example.", "dotted.example.", []string{"dotted.example", "dotted.example."}},
		"an underscore":    {testserver.AdHoc, "chat_server", "chat_server", []string{"chat_server"}},
		"three hyphens":    {testserver.AdHoc, "r3---sn.example", "r3---sn.example", []string{"r3---sn.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t, test.kind, func(c map[string]any) { c["hosts"] = append(c["hosts"].([]any), test.host) }, test.host)
			admin := d.login(t, "admin@localhost")
			for i, host := range test.asked {
				user, buddy := "ana@"+host, "ben@"+test.asked[(i+1)%len(test.asked)]
				requireDone(t, admin, "setBidireccionalBuddys", "userAJid", user, "userBJid", buddy, "userANick", "Ana", "userBNick", "Ben")
				assert.Equal(t, "true", runVerb(t, admin, "checkBidirecctionalBuddys", "userAJid", buddy, "userBJid", user).text)
				assert.Len(t, runVerb(t, admin, "getRoster", "userJid", user).lines, 1)
				assert.Equal(t, "2 users", strings.SplitN(runVerb(t, admin, "getAllUserJidsWithRosterByDomain", "domain", host).text, ";", 2)[0])
				requireDone(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", buddy)
				runVerb(t, admin, "removeRoster", "userJid", buddy)
				assert.Equal(t, "0 users", strings.SplitN(runVerb(t, admin, "getAllUserJidsWithRosterByDomain", "domain", host).text, ";", 2)[0])
			}
			assert.NotContains(t, d.program.Log(), "stream ended")
		})
	}
}

// TestOddAccount checks that the component answers an account whose name
// today's rules forbid, as RFC 6120 §8.2.3 requires. slixmpp follows the older
// rules and can log in as that account.
func TestOddAccount(t *testing.T) {
	require.NoError(t, server.Register(t.Context(), "♥", "localhost", "pw"))
	client := newSlixmpp(t, "♥@localhost")
	got := client.do(t, "form", "getRoster", "", nil)
	require.NotNil(t, got.Error)
	assert.Equal(t, "forbidden", got.Error.Condition)
	assert.Equal(t, "♥@localhost may not run commands here", got.Error.Text)
}
