package e2e_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// awkward are texts that other programs have mishandled.
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

// withAndWithoutAccounts runs a test on every shared deployment, once with
// registered users and once with unregistered ones, because servers treat the
// two differently.
func withAndWithoutAccounts(t *testing.T, test func(t *testing.T, d *deployment, makeUsers func(names ...string) []string)) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		for _, registered := range []bool{false, true} {
			t.Run(fmt.Sprintf("registered=%t", registered), func(t *testing.T) {
				t.Parallel()
				test(t, d, func(names ...string) []string {
					jids := uniqueJIDs(t, "localhost", names...)
					if registered {
						registerOn(t, d.Server, jids...)
					}
					return jids
				})
			})
		}
	})
}

func TestAddBuddyToRoster(t *testing.T) {
	withAndWithoutAccounts(t, func(t *testing.T, d *deployment, makeUsers func(...string) []string) {
		admin := d.login(t, "admin@localhost")
		jids := makeUsers("user", "buddy")
		user, buddy := jids[0], jids[1]
		for _, subscription := range []string{"none", "to", "from", "both", "to", "none"} {
			for _, text := range awkward {
				requireDone(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", buddy,
					"buddyNick", text, "buddyGroup", text, "subscription_type", subscription)
				require.Equal(t, []storedItem{{buddy, text, subscription, []string{text}}}, d.storedRoster(t, user))
			}
		}
		assert.Empty(t, d.storedRoster(t, buddy), "the buddy's own roster does not change")

		requireDone(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", buddy+"/phone", "buddyGroup", "b", "buddyGroup", "", "buddyGroup", "a", "buddyGroup", "b", "subscription_type", "both")
		assert.Equal(t, []storedItem{{buddy, "", "both", []string{"a", "b"}}}, d.storedRoster(t, user), "a bare contact, each group once")
	})
}

// TestApprovalSurvives checks that a contact's pre-approval (RFC 6121 §3.4)
// survives every change of the item's subscription.
func TestApprovalSurvives(t *testing.T) {
	admin := login(t, "admin@localhost")
	for _, before := range []string{"none", "to"} {
		for _, after := range []string{"none", "to", "from", "both"} {
			t.Run(before+"-"+after, func(t *testing.T) {
				jids := uniqueJIDs(t, "localhost", "user", "contact")
				user, contact := jids[0], jids[1]
				register(t, user)
				storeItems(t, server, user, storedItem{contact, "Old", before, nil})
				client := login(t, user)
				require.NoError(t, client.Send(t.Context(), fmt.Sprintf("<presence type='subscribed' to='%s'/>", contact)))
				want := xmppclient.RosterItem{JID: contact, Name: "Old", Subscription: before, Approved: "true"}
				items, err := client.Roster(shortContext(t))
				require.NoError(t, err)
				require.Equal(t, []xmppclient.RosterItem{want}, items)

				requireDone(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", contact, "buddyNick", "New", "subscription_type", after)
				want.Name, want.Subscription = "New", after
				items, err = client.Roster(shortContext(t))
				require.NoError(t, err)
				assert.Equal(t, []xmppclient.RosterItem{want}, items)
			})
		}
	}
}

func TestAddBuddyToRosterElsewhere(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		user := uniqueJIDs(t, "localhost", "user")[0]

		requireDone(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "bob@example.org", "subscription_type", "both")
		assert.Equal(t, []storedItem{{"bob@example.org", "", "both", []string{}}}, d.storedRoster(t, user), "a contact at another host of the server")

		if d.kind == testserver.AdHoc {
			got := runVerb(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "bob@remote.example", "subscription_type", "both")
			assert.Equal(t, "error", got.note)
			assert.Contains(t, got.text, "remote.example is none of them")
			assert.Len(t, d.storedRoster(t, user), 1, "nothing was written")
		} else {
			requireDone(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "bob@remote.example", "subscription_type", "both")
			assert.Equal(t, storedItem{"bob@remote.example", "", "both", []string{}}, d.storedRoster(t, user)[1])
		}

		requireDone(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "bob@remote.example", "buddyNick", "B", "subscription_type", "none")
		assert.Equal(t, storedItem{"bob@remote.example", "B", "none", []string{}}, d.storedRoster(t, user)[1])
	})
}

// TestGroupsThatLookAlike writes groups for which a roster stanza would fail:
// ejabberd takes groups that resourceprep makes equal for the same, and refuses
// others.
func TestGroupsThatLookAlike(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		user := uniqueJIDs(t, "localhost", "user")[0]
		for _, groups := range [][]string{{"a\ttab", "b\ttab"}, {"fine", "ﬁne"}, {"mark \u202e", "mark \u202f"}} {
			for _, subscription := range []string{"none", "both", "both"} {
				requireDone(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "b@localhost",
					"buddyGroup", groups[0], "buddyGroup", groups[1], "subscription_type", subscription)
				require.Equal(t, []storedItem{{"b@localhost", "", subscription, groups}}, d.storedRoster(t, user))
			}
		}
	})
}

func TestRemoveBuddyFromRoster(t *testing.T) {
	withAndWithoutAccounts(t, func(t *testing.T, d *deployment, makeUsers func(...string) []string) {
		admin := d.login(t, "admin@localhost")
		jids := makeUsers("user", "buddy", "other")
		user, buddy, other := jids[0], jids[1], jids[2]
		d.storeItems(t, user, storedItem{buddy, "B", "to", nil})
		d.storeItems(t, user, storedItem{other, "O", "both", nil})

		requireDone(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", buddy)
		assert.Equal(t, []storedItem{{other, "O", "both", []string{}}}, d.storedRoster(t, user))

		refusal := answer{"error", fmt.Sprintf("User %s not found in %s roster.", buddy, user), nil}
		refusal.lines = []string{refusal.text}
		assert.Equal(t, refusal, runVerb(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", buddy))
	})
}

func TestSetAndUnsetBidireccionalBuddys(t *testing.T) {
	withAndWithoutAccounts(t, func(t *testing.T, d *deployment, makeUsers func(...string) []string) {
		admin := d.login(t, "admin@localhost")
		jids := makeUsers("a", "b")
		a, b := jids[0], jids[1]
		for _, text := range awkward {
			requireDone(t, admin, "setBidireccionalBuddys", "userAJid", a, "userBJid", b,
				"userANick", "A "+text, "userBNick", "B "+text, "groupForA", "for A", "groupForB", text)
			require.Equal(t, []storedItem{{b, "B " + text, "both", []string{text}}}, d.storedRoster(t, a))
			require.Equal(t, []storedItem{{a, "A " + text, "both", []string{"for A"}}}, d.storedRoster(t, b))
		}
		assert.Equal(t, "true", runVerb(t, admin, "checkBidirecctionalBuddys", "userAJid", b, "userBJid", a).text)

		requireDone(t, admin, "unsetBidireccionalBuddys", "userJid", a, "oldFriendJid", b, "oldFriendNick", "Old", "groupForOldFriend", "Once")
		assert.Equal(t, []storedItem{{b, "Old", "to", []string{"Once"}}}, d.storedRoster(t, a))
		assert.Empty(t, d.storedRoster(t, b))

		refusal := fmt.Sprintf("%s and %s aren't bidireccional buddys", a, b)
		assert.Equal(t, answer{"error", refusal, []string{refusal}},
			runVerb(t, admin, "unsetBidireccionalBuddys", "userJid", a, "oldFriendJid", b))
		assert.Equal(t, answer{"info", "false", []string{"false"}},
			runVerb(t, admin, "checkBidirecctionalBuddys", "userAJid", a, "userBJid", b))
	})
}

func TestCheckBidirecctionalBuddys(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		subscriptions := []string{"", "none", "to", "from", "both"}
		for _, ofA := range subscriptions {
			for _, ofB := range subscriptions {
				t.Run(ofA+"-"+ofB, func(t *testing.T) {
					jids := uniqueJIDs(t, "localhost", "a", "b")
					if ofA != "" {
						d.storeItems(t, jids[0], storedItem{jids[1], "", ofA, nil})
					}
					if ofB != "" {
						d.storeItems(t, jids[1], storedItem{jids[0], "", ofB, nil})
					}
					want := fmt.Sprint(ofA == "both" && ofB == "both")
					assert.Equal(t, want, runVerb(t, admin, "checkBidirecctionalBuddys", "userAJid", jids[0], "userBJid", jids[1]).text)
				})
			}
		}
	})
}

func TestGetRoster(t *testing.T) {
	withAndWithoutAccounts(t, func(t *testing.T, d *deployment, makeUsers func(...string) []string) {
		admin := d.login(t, "admin@localhost")
		user := makeUsers("user")[0]
		refusal := "Roster not found for user " + user
		assert.Equal(t, answer{"error", refusal, []string{refusal}}, runVerb(t, admin, "getRoster", "userJid", user))
		assert.Equal(t, "false", runVerb(t, admin, "checkUserJid", "userJid", user).text)

		d.storeItems(t, user, storedItem{"z@localhost", "tab\there", "none", nil})
		d.storeItems(t, user, storedItem{"a@localhost", `back\slash`, "from", []string{"two\nlines", "One"}})
		assert.Equal(t, answer{"info", "2 items", []string{
			`a@localhost	back\\slash	from	none	One;two\nlines`,
			`z@localhost	tab\there	none	none	`,
		}}, runVerb(t, admin, "getRoster", "userJid", user))
		assert.Equal(t, "true", runVerb(t, admin, "checkUserJid", "userJid", user).text)
	})
}

func TestPendingRequestIsShown(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		jids := uniqueJIDs(t, "localhost", "asks", "asked")
		registerOn(t, d.Server, jids...)
		client := d.login(t, jids[0])
		require.NoError(t, client.Send(t.Context(), "<presence/>"))
		require.NoError(t, client.Send(t.Context(), fmt.Sprintf("<presence type='subscribe' to='%s'/>", jids[1])))
		_, err := client.Roster(t.Context()) // the server handles it after the request
		require.NoError(t, err)
		assert.Equal(t, []string{jids[1] + "\t\tnone\tout\t"}, runVerb(t, admin, "getRoster", "userJid", jids[0]).lines)
	})
}

func TestRemoveRoster(t *testing.T) {
	withAndWithoutAccounts(t, func(t *testing.T, d *deployment, makeUsers func(...string) []string) {
		admin := d.login(t, "admin@localhost")
		jids := makeUsers("user", "friend")
		user, friend := jids[0], jids[1]
		for i := range 30 {
			d.storeItems(t, user, storedItem{fmt.Sprintf("c%d@localhost", i), "", []string{"none", "to", "from", "both"}[i%4], nil})
		}
		d.storeItems(t, user, storedItem{friend, "", "both", nil})
		requireDone(t, admin, "removeRoster", "userJid", user)
		assert.Empty(t, d.storedRoster(t, user))

		refusal := "Roster not found for userJid " + user
		assert.Equal(t, answer{"error", refusal, []string{refusal}}, runVerb(t, admin, "removeRoster", "userJid", user))
	})
}

func TestBigRoster(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		user := uniqueJIDs(t, "localhost", "user")[0]
		items := 2000
		if d.kind != testserver.AdHoc { // the other kinds read and remove in the same way
			items = 300
		}
		var want []string
		var contacts []storedItem
		for i := range items {
			contact := fmt.Sprintf("contact-%04d@localhost", i)
			contacts = append(contacts, storedItem{contact, fmt.Sprintf("Contact %d", i), "both", []string{"Everybody"}})
			want = append(want, fmt.Sprintf("%s\tContact %d\tboth\tnone\tEverybody", contact, i))
		}
		d.storeItems(t, user, contacts...)
		slices.Sort(want)
		assert.Equal(t, answer{"info", fmt.Sprintf("%d items", items), want}, runVerb(t, admin, "getRoster", "userJid", user))
		assert.Equal(t, "true", runVerb(t, admin, "checkUserJid", "userJid", user).text)
		requireDone(t, admin, "removeRoster", "userJid", user, "wait", "true")
		assert.Empty(t, d.storedRoster(t, user))
	})
}
