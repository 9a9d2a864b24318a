package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// awkward are texts that went wrong in one program or another.
var awkward = []string{
	"Pamela Hall",
	`"quoted" 'twice' $(touch /tmp/x) ; rm -rf`,
	`<&>"']]> &amp; &lt;`,
	"a : b",
	"  leading and trailing  ",
	"emoji 😀 é 漢字 \u202e",
	`back\slash`,
	"semi;colon",
}

// both runs a test in every shared place, with accounts that the server knows
// and with such that it does not, which servers treat differently.
func both(t *testing.T, test func(t *testing.T, p *place, people func(names ...string) []string)) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		for _, registered := range []bool{false, true} {
			t.Run(fmt.Sprintf("registered=%t", registered), func(t *testing.T) {
				t.Parallel()
				test(t, p, func(names ...string) []string {
					jids := people(t, "localhost", names...)
					if registered {
						registerOn(t, p.Server, jids...)
					}
					return jids
				})
			})
		}
	})
}

func TestAddBuddyToRoster(t *testing.T) {
	both(t, func(t *testing.T, p *place, people func(...string) []string) {
		admin := p.login(t, "admin@localhost")
		jids := people("user", "buddy")
		user, buddy := jids[0], jids[1]
		for _, subscription := range []string{"none", "to", "from", "both", "to", "none"} {
			for _, text := range awkward {
				done(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", buddy,
					"buddyNick", text, "buddyGroup", text, "subscription_type", subscription)
				require.Equal(t, []entry{{buddy, text, subscription, []string{text}}}, p.stored(t, user))
			}
		}
		assert.Empty(t, p.stored(t, buddy), "the buddy's own roster is not touched")

		done(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", buddy+"/phone", "buddyGroup", "b", "buddyGroup", "", "buddyGroup", "a", "buddyGroup", "b", "subscription_type", "both")
		assert.Equal(t, []entry{{buddy, "", "both", []string{"a", "b"}}}, p.stored(t, user), "a bare contact, its groups once each")
	})
}

// TestApprovalSurvives: a contact whom the user has approved in advance (RFC
// 6121 §3.4) stays so through every subscription that the item is given.
func TestApprovalSurvives(t *testing.T) {
	admin := login(t, "admin@localhost")
	for _, before := range []string{"none", "to"} {
		for _, after := range []string{"none", "to", "from", "both"} {
			t.Run(before+"-"+after, func(t *testing.T) {
				jids := people(t, "localhost", "user", "contact")
				user, contact := jids[0], jids[1]
				register(t, user)
				put(t, server, user, entry{contact, "Old", before, nil})
				client := login(t, user)
				require.NoError(t, client.Send(t.Context(), fmt.Sprintf("<presence type='subscribed' to='%s'/>", contact)))
				want := xmppclient.RosterItem{JID: contact, Name: "Old", Subscription: before, Approved: "true"}
				items, err := client.Roster(patience(t))
				require.NoError(t, err)
				require.Equal(t, []xmppclient.RosterItem{want}, items)

				done(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", contact, "buddyNick", "New", "subscription_type", after)
				want.Name, want.Subscription = "New", after
				items, err = client.Roster(patience(t))
				require.NoError(t, err)
				assert.Equal(t, []xmppclient.RosterItem{want}, items)
			})
		}
	}
}

func TestAddBuddyToRosterElsewhere(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		user := people(t, "localhost", "user")[0]

		done(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "bob@example.org", "subscription_type", "both")
		assert.Equal(t, []entry{{"bob@example.org", "", "both", []string{}}}, p.stored(t, user), "a contact at another host of the server")

		if p.kind == testserver.AdHoc {
			got := run(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "bob@remote.example", "subscription_type", "both")
			assert.Equal(t, "error", got.note)
			assert.Contains(t, got.text, "remote.example is none of them")
			assert.Len(t, p.stored(t, user), 1, "nothing was written")
		} else {
			done(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "bob@remote.example", "subscription_type", "both")
			assert.Equal(t, entry{"bob@remote.example", "", "both", []string{}}, p.stored(t, user)[1])
		}

		done(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "bob@remote.example", "buddyNick", "B", "subscription_type", "none")
		assert.Equal(t, entry{"bob@remote.example", "B", "none", []string{}}, p.stored(t, user)[1])
	})
}

// TestGroupsThatLookAlike: for a roster stanza ejabberd takes groups for the
// same that resourceprep makes so, or refuses.
func TestGroupsThatLookAlike(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		user := people(t, "localhost", "user")[0]
		for _, groups := range [][]string{{"a\ttab", "b\ttab"}, {"fine", "ﬁne"}, {"mark \u202e", "mark \u202f"}} {
			for _, subscription := range []string{"none", "both", "both"} {
				done(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "b@localhost",
					"buddyGroup", groups[0], "buddyGroup", groups[1], "subscription_type", subscription)
				require.Equal(t, []entry{{"b@localhost", "", subscription, groups}}, p.stored(t, user))
			}
		}
	})
}

func TestRemoveBuddyFromRoster(t *testing.T) {
	both(t, func(t *testing.T, p *place, people func(...string) []string) {
		admin := p.login(t, "admin@localhost")
		jids := people("user", "buddy", "other")
		user, buddy, other := jids[0], jids[1], jids[2]
		p.put(t, user, entry{buddy, "B", "to", nil})
		p.put(t, user, entry{other, "O", "both", nil})

		done(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", buddy)
		assert.Equal(t, []entry{{other, "O", "both", []string{}}}, p.stored(t, user))

		refusal := answer{"error", fmt.Sprintf("User %s not found in %s roster.", buddy, user), nil}
		refusal.lines = []string{refusal.text}
		assert.Equal(t, refusal, run(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", buddy))
	})
}

func TestSetAndUnsetBidireccionalBuddys(t *testing.T) {
	both(t, func(t *testing.T, p *place, people func(...string) []string) {
		admin := p.login(t, "admin@localhost")
		jids := people("a", "b")
		a, b := jids[0], jids[1]
		for _, text := range awkward {
			done(t, admin, "setBidireccionalBuddys", "userAJid", a, "userBJid", b,
				"userANick", "A "+text, "userBNick", "B "+text, "groupForA", "for A", "groupForB", text)
			require.Equal(t, []entry{{b, "B " + text, "both", []string{text}}}, p.stored(t, a))
			require.Equal(t, []entry{{a, "A " + text, "both", []string{"for A"}}}, p.stored(t, b))
		}
		assert.Equal(t, "true", run(t, admin, "checkBidirecctionalBuddys", "userAJid", b, "userBJid", a).text)

		done(t, admin, "unsetBidireccionalBuddys", "userJid", a, "oldFriendJid", b, "oldFriendNick", "Old", "groupForOldFriend", "Once")
		assert.Equal(t, []entry{{b, "Old", "to", []string{"Once"}}}, p.stored(t, a))
		assert.Empty(t, p.stored(t, b))

		refusal := fmt.Sprintf("%s and %s aren't bidireccional buddys", a, b)
		assert.Equal(t, answer{"error", refusal, []string{refusal}},
			run(t, admin, "unsetBidireccionalBuddys", "userJid", a, "oldFriendJid", b))
		assert.Equal(t, answer{"info", "false", []string{"false"}},
			run(t, admin, "checkBidirecctionalBuddys", "userAJid", a, "userBJid", b))
	})
}

func TestCheckBidirecctionalBuddys(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		subscriptions := []string{"", "none", "to", "from", "both"}
		for _, ofA := range subscriptions {
			for _, ofB := range subscriptions {
				t.Run(ofA+"-"+ofB, func(t *testing.T) {
					jids := people(t, "localhost", "a", "b")
					if ofA != "" {
						p.put(t, jids[0], entry{jids[1], "", ofA, nil})
					}
					if ofB != "" {
						p.put(t, jids[1], entry{jids[0], "", ofB, nil})
					}
					want := fmt.Sprint(ofA == "both" && ofB == "both")
					assert.Equal(t, want, run(t, admin, "checkBidirecctionalBuddys", "userAJid", jids[0], "userBJid", jids[1]).text)
				})
			}
		}
	})
}

func TestGetRoster(t *testing.T) {
	both(t, func(t *testing.T, p *place, people func(...string) []string) {
		admin := p.login(t, "admin@localhost")
		user := people("user")[0]
		refusal := "Roster not found for user " + user
		assert.Equal(t, answer{"error", refusal, []string{refusal}}, run(t, admin, "getRoster", "userJid", user))
		assert.Equal(t, "false", run(t, admin, "checkUserJid", "userJid", user).text)

		p.put(t, user, entry{"z@localhost", "tab\there", "none", nil})
		p.put(t, user, entry{"a@localhost", `back\slash`, "from", []string{"two\nlines", "One"}})
		assert.Equal(t, answer{"info", "2 items", []string{
			`a@localhost	back\\slash	from	none	One;two\nlines`,
			`z@localhost	tab\there	none	none	`,
		}}, run(t, admin, "getRoster", "userJid", user))
		assert.Equal(t, "true", run(t, admin, "checkUserJid", "userJid", user).text)
	})
}

func TestPendingRequestIsShown(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		jids := people(t, "localhost", "asks", "asked")
		registerOn(t, p.Server, jids...)
		client := p.login(t, jids[0])
		require.NoError(t, client.Send(t.Context(), "<presence/>"))
		require.NoError(t, client.Send(t.Context(), fmt.Sprintf("<presence type='subscribe' to='%s'/>", jids[1])))
		_, err := client.Roster(t.Context()) // after the request, in the order of the stream
		require.NoError(t, err)
		assert.Equal(t, []string{jids[1] + "\t\tnone\tout\t"}, run(t, admin, "getRoster", "userJid", jids[0]).lines)
	})
}

func TestRemoveRoster(t *testing.T) {
	both(t, func(t *testing.T, p *place, people func(...string) []string) {
		admin := p.login(t, "admin@localhost")
		jids := people("user", "friend")
		user, friend := jids[0], jids[1]
		for i := range 30 {
			p.put(t, user, entry{fmt.Sprintf("c%d@localhost", i), "", []string{"none", "to", "from", "both"}[i%4], nil})
		}
		p.put(t, user, entry{friend, "", "both", nil})
		done(t, admin, "removeRoster", "userJid", user)
		assert.Empty(t, p.stored(t, user))

		refusal := "Roster not found for userJid " + user
		assert.Equal(t, answer{"error", refusal, []string{refusal}}, run(t, admin, "removeRoster", "userJid", user))
	})
}

func TestBigRoster(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		user := people(t, "localhost", "user")[0]
		items := 2000
		if p.kind != testserver.AdHoc { // they read and remove as that one does
			items = 300
		}
		var want []string
		var entries []entry
		for i := range items {
			contact := fmt.Sprintf("contact-%04d@localhost", i)
			entries = append(entries, entry{contact, fmt.Sprintf("Contact %d", i), "both", []string{"Everybody"}})
			want = append(want, fmt.Sprintf("%s\tContact %d\tboth\tnone\tEverybody", contact, i))
		}
		p.put(t, user, entries...)
		slices.Sort(want)
		assert.Equal(t, answer{"info", fmt.Sprintf("%d items", items), want}, run(t, admin, "getRoster", "userJid", user))
		assert.Equal(t, "true", run(t, admin, "checkUserJid", "userJid", user).text)
		done(t, admin, "removeRoster", "userJid", user, "wait", "true")
		assert.Empty(t, p.stored(t, user))
	})
}

// TestFromBeforeTodaysRules: accounts and contacts whose names could not be made
// now are shown, looked at and removed as others are, and not made.
func TestFromBeforeTodaysRules(t *testing.T) {
	t.Parallel()
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		user := people(t, "localhost", "user")[0]
		local, _, _ := strings.Cut(user, "@")
		odd := "♥" + local // an account that nobody registered
		keep := func(local, contact string) {
			name, host, _ := strings.Cut(contact, "@")
			item := map[string]any{"localuser": local, "localhost": "localhost", "user": name, "host": host, "nick": "", "groups": []string{}, "subs": "none"}
			if p.Kind() == testserver.Debian12 {
				delete(item, "groups")
				item["group"] = ""
			}
			var code int
			require.NoError(t, p.API(t.Context(), "add_rosteritem", item, &code))
			require.Zero(t, code)
		}
		contacts := []string{"☃@localhost", "q@my_host.local", "a’b@far.example"}
		for _, c := range contacts {
			keep(local, c)
			keep(odd, c)
		}
		for _, owner := range []string{user, odd + "@localhost"} {
			assert.Equal(t, "true", run(t, admin, "checkUserJid", "userJid", owner).text)
			for _, c := range contacts {
				assert.Contains(t, strings.Join(run(t, admin, "getRoster", "userJid", owner).lines, "\n"), c+"\t")
			}
			done(t, admin, "removeBuddyFromRoster", "userJid", owner, "buddyJid", contacts[1])
			assert.Len(t, run(t, admin, "getRoster", "userJid", owner).lines, 2)
			done(t, admin, "removeRoster", "userJid", owner)
			assert.Equal(t, refusal("Roster not found for user "+owner), run(t, admin, "getRoster", "userJid", owner))
		}
		r, err := admin.Run(patience(t), service, "addBuddyToRoster", args("userJid", user, "buddyJid", contacts[0], "subscription_type", "none"))
		require.NoError(t, err)
		assert.Contains(t, r.Notes[0].Text, `"☃@localhost" is not a JID`)
	})
}
