package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

// putOdd writes a contact by the server's own command, which takes any text.
func (p *place) putOdd(t testing.TB, owner, local, host, nick string) {
	t.Helper()
	name, at, _ := strings.Cut(owner, "@")
	item := map[string]any{"localuser": name, "localhost": at, "user": local, "host": host, "nick": nick, "groups": []string{}, "subs": "both"}
	if p.kind == testserver.Debian12 {
		delete(item, "groups")
		item["group"] = ""
	}
	require.NoError(t, p.API(t.Context(), "add_rosteritem", item, new(int)))
}

// TestOddContacts: what getRoster shows can be pasted into removeBuddyFromRoster,
// whichever way it is sent.
func TestOddContacts(t *testing.T) {
	t.Parallel()
	onEveryVersion(t, nil, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		chat := chatter{p.login(t, "admin@localhost/chat"), t}
		const user = "owner@localhost"
		for front, remove := range map[string]func(shown string) string{
			"ad-hoc": func(shown string) string {
				return run(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", shown).text
			},
			"command line": func(shown string) string {
				return strings.TrimSpace(emanagement(t, p.program, "removeBuddyFromRoster", user, shown).out)
			},
			"chat": func(shown string) string {
				return chat.asks("removeBuddyFromRoster " + user + " '" + shown + "'")
			},
		} {
			for _, odd := range [][2]string{
				{"foo", "bar.org:5222"}, {"foo", "example.co,"}, {"foo", "bar.org?subject=x"}, {"foo", "a*b"}, {"x", "y:z"},
				{"p\\27quinn", "localhost"}, {"foo", "-bar-.org"}, {"foo", "a_b"}, {"foo", "[::1]"}, {"", "gateway.example.org"},
				{"foo", "bar..org"}, {"foo", ".bar.org"}, {"foo", "a b"}, {"foo", "a@b"}, {"foo", "bar.org.."}, // over HTTP alone
			} {
				p.putOdd(t, user, odd[0], odd[1], "N")
				lines := run(t, admin, "getRoster", "userJid", user).lines
				require.Len(t, lines, 1)
				shown, _, _ := strings.Cut(lines[0], "\t")
				shown = strings.ReplaceAll(shown, `\\`, `\`)
				if host := "." + odd[1]; p.kind == testserver.AdHoc && (strings.Contains(host, "..") || strings.ContainsAny(host, " @")) {
					_, err := p.Ctl(t.Context(), "delete_rosteritem", "owner", "localhost", odd[0], odd[1])
					require.NoError(t, err)
					continue // no stanza can name it, and no ad-hoc command takes it
				}
				assert.Equal(t, "Done", remove(shown), "%s: %s", front, shown)
				assert.Empty(t, p.stored(t, user), "%s: %s", front, shown)
			}
		}
	})
}

// TestTwins: of two spellings of one contact the one that is asked for is meant.
func TestTwins(t *testing.T) {
	t.Parallel()
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		for _, twins := range [][2]string{{"example.org", "example.org."}, {"bücher.example", "xn--bcher-kva.example"}, {"host.example", "host.example."}} {
			for i := range twins {
				user := people(t, "localhost", fmt.Sprintf("owner-%d", i))[0]
				one, other := "eva@"+twins[i], "eva@"+twins[1-i]
				p.putOdd(t, user, "eva", twins[i], "One")
				p.putOdd(t, user, "eva", twins[1-i], "Other")
				if len(p.stored(t, user)) == 1 {
					run(t, admin, "removeRoster", "userJid", user)
					continue // this server takes them for one
				}
				done(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", one)
				assert.Equal(t, []entry{{other, "Other", "both", []string{}}}, p.stored(t, user))
				// Where the very text is not there, the contact is found by what it means.
				done(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", one)
				assert.Empty(t, p.stored(t, user))
			}
		}
	})
}

// TestInvisibleLetters: a zero-width joiner is nothing to a server, in the name of
// an account, and so to every verb.
func TestInvisibleLetters(t *testing.T) {
	t.Parallel()
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		plain := []string{"علیرضا@localhost", people(t, "localhost", "neighbour")[0]}
		for _, joiner := range []string{"\u200c", "\u200d", "\u00ad", "\u2060"} {
			joined := strings.Replace(plain[0], "علی", "علی"+joiner, 1)
			done(t, admin, "setBidireccionalBuddys", "userAJid", joined, "userBJid", plain[1], "userANick", "A", "userBNick", "B")
			assert.Equal(t, []entry{{plain[1], "B", "both", []string{}}}, p.stored(t, plain[0]))
			for _, name := range []string{joined, plain[0]} {
				assert.Equal(t, "true", run(t, admin, "checkBidirecctionalBuddys", "userAJid", name, "userBJid", plain[1]).text)
				assert.Equal(t, "true", run(t, admin, "checkUserJid", "userJid", name).text)
			}
			same, err := admin.Run(patience(t), service, "setBidireccionalBuddys", args("userAJid", joined, "userBJid", plain[0]))
			require.NoError(t, err)
			assert.Contains(t, same.Title, "is the same user as the other one")
			users := strings.Join(run(t, admin, "getAllUserJidsWithRosterByDomain", "domain", "localhost").lines, "\n")
			assert.Equal(t, 1, strings.Count(users+"\n", plain[0]+"\n"))
			assert.NotContains(t, users, joined)
			done(t, admin, "removeBuddyFromRoster", "userJid", plain[1], "buddyJid", joined)
			done(t, admin, "removeRoster", "userJid", joined)
			assert.Empty(t, p.stored(t, plain[0]))
		}
	})
}

// TestHostsInEverySpelling: a host goes by what its server calls it, and is found
// by any spelling.
func TestHostsInEverySpelling(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		kind   testserver.Kind
		host   string   // as ejabberd.yml has it
		stored string   // as the server's own commands want it
		asked  []string // as people may have it
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
			p := newPlace(t, test.kind, func(c map[string]any) { c["hosts"] = append(c["hosts"].([]any), test.host) })
			admin := p.login(t, "admin@localhost")
			for i, host := range test.asked {
				user, buddy := "ana@"+host, "ben@"+test.asked[(i+1)%len(test.asked)]
				done(t, admin, "setBidireccionalBuddys", "userAJid", user, "userBJid", buddy, "userANick", "Ana", "userBNick", "Ben")
				assert.Equal(t, "true", run(t, admin, "checkBidirecctionalBuddys", "userAJid", buddy, "userBJid", user).text)
				assert.Len(t, run(t, admin, "getRoster", "userJid", user).lines, 1)
				assert.Equal(t, "2 users", strings.SplitN(run(t, admin, "getAllUserJidsWithRosterByDomain", "domain", host).text, ";", 2)[0])
				done(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", buddy)
				run(t, admin, "removeRoster", "userJid", buddy)
				assert.Equal(t, "0 users", strings.SplitN(run(t, admin, "getAllUserJidsWithRosterByDomain", "domain", host).text, ";", 2)[0])
			}
			assert.NotContains(t, p.program.Log(), "stream ended")
		})
	}
}

// TestLongAnswer: an answer that the listener would not take is cut and says so.
func TestLongAnswer(t *testing.T) {
	t.Parallel()
	limited := func(c map[string]any) {
		for _, l := range c["listen"].([]any) {
			if listener := l.(map[string]any); listener["module"] == "ejabberd_service" {
				listener["max_stanza_size"] = 131072
			}
		}
	}
	p := newPlace(t, testserver.AdHoc, limited)
	admin := p.login(t, "admin@localhost")
	const user = "many@localhost"
	entries := make([]entry, 3000)
	for i := range entries {
		entries[i] = entry{fmt.Sprintf("contact-with-a-long-name-%04d@localhost", i), fmt.Sprintf("Contact %d", i), "both", []string{"Friends"}}
	}
	p.put(t, user, entries...)
	_, err := admin.Run(patience(t), service, "getRoster", args("userJid", user))
	require.ErrorContains(t, err, "max_stanza_size", "that has taught it the limit")
	r, err := admin.Run(patience(t), service, "getRoster", args("userJid", user))
	require.NoError(t, err)
	assert.Regexp(t, `^3000 items; only the first \d+ of 3000 lines, .*max_stanza_size`, r.Title)
	f, _ := r.Field("result")
	assert.Greater(t, len(f.Values), 500)
	assert.Len(t, strings.Split(strings.TrimSpace(emanagement(t, p.program, "getRoster", user).out), "\n"), 3000)
	assert.Equal(t, 1, strings.Count(p.program.Log(), "stream ended"), "by which the limit was learnt")
	done(t, admin, "addBuddyToRoster", "userJid", "a@localhost", "buddyJid", "b@localhost", "subscription_type", "both")
}

// TestOddAccount: an account whose name today's rules refuse is answered
// (RFC 6120 §8.2.3). slixmpp goes by the old ones.
func TestOddAccount(t *testing.T) {
	require.NoError(t, server.Register(t.Context(), "♥", "localhost", "pw"))
	client := newSlixmpp(t, "♥@localhost")
	got := client.ask(t, "form", "getRoster", "", nil)
	require.NotNil(t, got.Error)
	assert.Equal(t, "forbidden", got.Error.Condition)
	assert.Equal(t, "♥@localhost may not run commands here", got.Error.Text)
}
