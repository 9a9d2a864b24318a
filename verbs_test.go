package emanagement_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

// both runs a test with accounts that the server knows and with such that it
// does not, which servers treat differently.
func both(t *testing.T, test func(t *testing.T, host string, people func(names ...string) []string)) {
	for _, registered := range []bool{false, true} {
		t.Run(fmt.Sprintf("registered=%t", registered), func(t *testing.T) {
			t.Parallel()
			test(t, "localhost", func(names ...string) []string {
				jids := people(t, "localhost", names...)
				if registered {
					register(t, jids...)
				}
				return jids
			})
		})
	}
}

func TestAddBuddyToRoster(t *testing.T) {
	admin := login(t, "admin@localhost")
	both(t, func(t *testing.T, host string, people func(...string) []string) {
		jids := people("user", "buddy")
		user, buddy := jids[0], jids[1]
		for _, subscription := range []string{"none", "to", "from", "both", "to", "none"} {
			for _, text := range awkward {
				done(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", buddy,
					"buddyNick", text, "buddyGroup", text, "subscription_type", subscription)
				require.Equal(t, []entry{{buddy, text, subscription, []string{text}}}, stored(t, server, user))
			}
		}
		assert.Empty(t, stored(t, server, buddy), "the buddy's own roster is not touched")

		done(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", buddy+"/phone", "buddyGroup", "b", "buddyGroup", "", "buddyGroup", "a", "buddyGroup", "b", "subscription_type", "both")
		assert.Equal(t, []entry{{buddy, "", "both", []string{"a", "b"}}}, stored(t, server, user), "a bare contact, its groups once each")
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
	admin := login(t, "admin@localhost")
	user := people(t, "localhost", "user")[0]

	done(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "bob@example.org", "subscription_type", "both")
	assert.Equal(t, []entry{{"bob@example.org", "", "both", []string{}}}, stored(t, server, user), "a contact at another host of the server")

	got := run(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "bob@remote.example", "subscription_type", "both")
	assert.Equal(t, "error", got.note)
	assert.Contains(t, got.text, "remote.example is none of them")
	assert.Len(t, stored(t, server, user), 1, "nothing was written")

	done(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "bob@remote.example", "buddyNick", "B", "subscription_type", "none")
	assert.Equal(t, entry{"bob@remote.example", "B", "none", []string{}}, stored(t, server, user)[1])
}

// TestGroupsThatLookAlike: for a roster stanza ejabberd takes groups for the
// same that resourceprep makes so, or refuses.
func TestGroupsThatLookAlike(t *testing.T) {
	admin := login(t, "admin@localhost")
	user := people(t, "localhost", "user")[0]
	for _, groups := range [][]string{{"a\ttab", "b\ttab"}, {"fine", "ﬁne"}, {"mark \u202e", "two\nlines"}} {
		for _, subscription := range []string{"none", "both", "both"} {
			done(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "b@localhost",
				"buddyGroup", groups[0], "buddyGroup", groups[1], "subscription_type", subscription)
			require.Equal(t, []entry{{"b@localhost", "", subscription, groups}}, stored(t, server, user))
		}
	}
}

func TestRemoveBuddyFromRoster(t *testing.T) {
	admin := login(t, "admin@localhost")
	both(t, func(t *testing.T, host string, people func(...string) []string) {
		jids := people("user", "buddy", "other")
		user, buddy, other := jids[0], jids[1], jids[2]
		put(t, server, user, entry{buddy, "B", "to", nil})
		put(t, server, user, entry{other, "O", "both", nil})

		done(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", buddy)
		assert.Equal(t, []entry{{other, "O", "both", []string{}}}, stored(t, server, user))

		refusal := answer{"error", fmt.Sprintf("User %s not found in %s roster.", buddy, user), nil}
		refusal.lines = []string{refusal.text}
		assert.Equal(t, refusal, run(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", buddy))
	})
}

func TestSetAndUnsetBidireccionalBuddys(t *testing.T) {
	admin := login(t, "admin@localhost")
	both(t, func(t *testing.T, host string, people func(...string) []string) {
		jids := people("a", "b")
		a, b := jids[0], jids[1]
		for _, text := range awkward {
			done(t, admin, "setBidireccionalBuddys", "userAJid", a, "userBJid", b,
				"userANick", "A "+text, "userBNick", "B "+text, "groupForA", "for A", "groupForB", text)
			require.Equal(t, []entry{{b, "B " + text, "both", []string{text}}}, stored(t, server, a))
			require.Equal(t, []entry{{a, "A " + text, "both", []string{"for A"}}}, stored(t, server, b))
		}
		assert.Equal(t, "true", run(t, admin, "checkBidirecctionalBuddys", "userAJid", b, "userBJid", a).text)

		done(t, admin, "unsetBidireccionalBuddys", "userJid", a, "oldFriendJid", b, "oldFriendNick", "Old", "groupForOldFriend", "Once")
		assert.Equal(t, []entry{{b, "Old", "to", []string{"Once"}}}, stored(t, server, a))
		assert.Empty(t, stored(t, server, b))

		refusal := fmt.Sprintf("%s and %s aren't bidireccional buddys", a, b)
		assert.Equal(t, answer{"error", refusal, []string{refusal}},
			run(t, admin, "unsetBidireccionalBuddys", "userJid", a, "oldFriendJid", b))
		assert.Equal(t, answer{"info", "false", []string{"false"}},
			run(t, admin, "checkBidirecctionalBuddys", "userAJid", a, "userBJid", b))
	})
}

func TestCheckBidirecctionalBuddys(t *testing.T) {
	admin := login(t, "admin@localhost")
	subscriptions := []string{"", "none", "to", "from", "both"}
	for _, ofA := range subscriptions {
		for _, ofB := range subscriptions {
			t.Run(ofA+"-"+ofB, func(t *testing.T) {
				jids := people(t, "localhost", "a", "b")
				if ofA != "" {
					put(t, server, jids[0], entry{jids[1], "", ofA, nil})
				}
				if ofB != "" {
					put(t, server, jids[1], entry{jids[0], "", ofB, nil})
				}
				want := fmt.Sprint(ofA == "both" && ofB == "both")
				assert.Equal(t, want, run(t, admin, "checkBidirecctionalBuddys", "userAJid", jids[0], "userBJid", jids[1]).text)
			})
		}
	}
}

func TestGetRoster(t *testing.T) {
	admin := login(t, "admin@localhost")
	both(t, func(t *testing.T, host string, people func(...string) []string) {
		user := people("user")[0]
		refusal := "Roster not found for user " + user
		assert.Equal(t, answer{"error", refusal, []string{refusal}}, run(t, admin, "getRoster", "userJid", user))
		assert.Equal(t, "false", run(t, admin, "checkUserJid", "userJid", user).text)

		put(t, server, user, entry{"z@localhost", "tab\there", "none", nil})
		put(t, server, user, entry{"a@localhost", `back\slash`, "from", []string{"two\nlines", "One"}})
		assert.Equal(t, answer{"info", "2 items", []string{
			`a@localhost	back\\slash	from	none	One;two\nlines`,
			`z@localhost	tab\there	none	none	`,
		}}, run(t, admin, "getRoster", "userJid", user))
		assert.Equal(t, "true", run(t, admin, "checkUserJid", "userJid", user).text)
	})
}

func TestPendingRequestIsShown(t *testing.T) {
	admin := login(t, "admin@localhost")
	jids := people(t, "localhost", "asks", "asked")
	register(t, jids...)
	client := login(t, jids[0])
	require.NoError(t, client.Send(t.Context(), "<presence/>"))
	require.NoError(t, client.Send(t.Context(), fmt.Sprintf("<presence type='subscribe' to='%s'/>", jids[1])))
	_, err := client.Roster(t.Context()) // after the request, in the order of the stream
	require.NoError(t, err)
	assert.Equal(t, []string{jids[1] + "\t\tnone\tout\t"}, run(t, admin, "getRoster", "userJid", jids[0]).lines)
}

func TestRemoveRoster(t *testing.T) {
	admin := login(t, "admin@localhost")
	both(t, func(t *testing.T, host string, people func(...string) []string) {
		jids := people("user", "friend")
		user, friend := jids[0], jids[1]
		for i := range 30 {
			put(t, server, user, entry{fmt.Sprintf("c%d@localhost", i), "", []string{"none", "to", "from", "both"}[i%4], nil})
		}
		put(t, server, user, entry{friend, "", "both", nil})
		done(t, admin, "removeRoster", "userJid", user)
		assert.Empty(t, stored(t, server, user))

		refusal := "Roster not found for userJid " + user
		assert.Equal(t, answer{"error", refusal, []string{refusal}}, run(t, admin, "removeRoster", "userJid", user))
	})
}

func TestBigRoster(t *testing.T) {
	admin := login(t, "admin@localhost")
	user := people(t, "localhost", "user")[0]
	var want []string
	for i := range 2000 {
		contact := fmt.Sprintf("contact-%04d@localhost", i)
		put(t, server, user, entry{contact, fmt.Sprintf("Contact %d", i), "both", []string{"Everybody"}})
		want = append(want, fmt.Sprintf("%s\tContact %d\tboth\tnone\tEverybody", contact, i))
	}
	slices.Sort(want)
	assert.Equal(t, answer{"info", "2000 items", want}, run(t, admin, "getRoster", "userJid", user))
	assert.Equal(t, "true", run(t, admin, "checkUserJid", "userJid", user).text)
	done(t, admin, "removeRoster", "userJid", user)
	assert.Empty(t, stored(t, server, user))
}
