package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// rosterLines returns a stored roster as getRoster shows it.
func rosterLines(items []storedItem) []string {
	lines := []string{}
	for _, i := range items {
		lines = append(lines, strings.Join([]string{i.JID, i.Nick, i.Subscription, "none", strings.Join(i.Groups, ";")}, "\t"))
	}
	slices.Sort(lines)
	return lines
}

// manyItems returns so many items that a roster with them is kept.
func manyItems() []storedItem {
	items := make([]storedItem, 200)
	for n := range items {
		items[n] = storedItem{fmt.Sprintf("many%03d@localhost", n), "Many", "both", []string{"M"}}
	}
	return items
}

// TestKeptRostersAreCurrent: the component keeps rosters that it has read. Whoever changes one,
// and in whatever way, the next verb finds it as it is.
func TestKeptRostersAreCurrent(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		jids := uniqueJIDs(t, "localhost", "kept", "friend")
		user, friend := jids[0], jids[1]
		registerOn(t, d.Server, jids...)
		d.storeItems(t, user, manyItems()...)
		admin, client := d.login(t, "admin@localhost"), d.login(t, user)
		check := func(after string) {
			t.Helper()
			want := rosterLines(d.storedRoster(t, user))
			for range 3 { // what the first one reads is kept for the others
				assert.Equal(t, want, runVerb(t, admin, "getRoster", "userJid", user).lines, after)
			}
			both := slices.ContainsFunc(want, func(line string) bool { return strings.HasPrefix(line, friend+"\t") })
			assert.Equal(t, fmt.Sprint(both), runVerb(t, admin, "checkBidirecctionalBuddys", "userAJid", user, "userBJid", friend).text, after)
		}
		requireDone(t, admin, "setBidireccionalBuddys", "userAJid", user, "userBJid", friend, "userANick", "A", "userBNick", "B", "groupForA", "G", "groupForB", "G")
		check("a verb")
		d.storeItems(t, user, storedItem{"other@localhost", "Other", "both", []string{"H"}})
		check("an API command")
		_, err := client.Ask(shortContext(t), stanza.SetIQ, jid.JID{}, "<query xmlns='jabber:iq:roster'><item jid='other@localhost' name='By the client'/></query>")
		require.NoError(t, err)
		check("the user's client")
		requireDone(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "other@localhost", "buddyNick", "Back", "subscription_type", "from")
		check("a verb over the client's item")
		requireDone(t, admin, "removeBuddyFromRoster", "userJid", friend, "buddyJid", user)
		assert.Equal(t, "false", runVerb(t, admin, "checkBidirecctionalBuddys", "userAJid", user, "userBJid", friend).text, "the server has changed the other side")
		requireDone(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", friend)
		check("a removal")
		requireDone(t, admin, "setBidireccionalBuddys", "userAJid", user, "userBJid", friend, "userANick", "A", "userBNick", "B", "groupForA", "G", "groupForB", "G")
		check("a pair again")

		// A small roster is not kept, since no version tells of this.
		getFriend := func() []string { return runVerb(t, admin, "getRoster", "userJid", friend).lines }
		for range 3 {
			assert.Len(t, getFriend(), 1)
		}
		_, err = d.Ctl(t.Context(), "unregister", jid.MustParse(friend).Localpart(), "localhost")
		require.NoError(t, err)
		assert.Equal(t, []string{"Roster not found for user " + friend}, getFriend())
	})
}

// TestSharedGroupsOfKeptRosters: a shared roster group changes rosters without a new version.
// A verb shows it at once, and the end of the group too, whether or not the component may ask
// for groups. The roster is large, because a small one is not kept.
func TestSharedGroupsOfKeptRosters(t *testing.T) {
	t.Parallel()
	for name, may := range map[string]bool{"permitted": true, "not permitted": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newDomainServer(t, testserver.AdHoc, func(c map[string]any) {
				c["modules"].(map[string]any)["mod_shared_roster"] = map[string]any{}
				own := c["api_permissions"].(map[string]any)["emanagement"].(map[string]any)
				if !may {
					own["what"] = slices.DeleteFunc(own["what"].([]any), func(command any) bool { return command == "srg_list" })
				}
			}, "alice", "carol")
			admin := loginTo(t, s.Server, "admin@localhost")
			storeItems(t, s.Server, "alice@localhost", manyItems()...)
			get := func() []string { return runVerb(t, admin, "getRoster", "userJid", "alice@localhost").lines }
			own := rosterLines(manyItems())
			for range 3 {
				assert.Equal(t, own, get())
			}
			// The component's knowledge of groups counts for a second.
			becomes := func(want []string) {
				t.Helper()
				require.Eventually(t, func() bool { return slices.Equal(want, get()) }, 5*time.Second, 100*time.Millisecond)
			}
			run := func(commands ...[]string) {
				t.Helper()
				for _, ctl := range commands {
					_, err := s.Ctl(t.Context(), ctl...)
					require.NoError(t, err)
				}
			}
			team := [][]string{
				{"srg_create", "team", "localhost", "Team", "d", "team"},
				{"srg_user_add", "alice", "localhost", "team", "localhost"},
				{"srg_user_add", "carol", "localhost", "team", "localhost"},
			}
			run(team...)
			shared := append([]string{"carol@localhost\t\tboth\tnone\tTeam"}, own...)
			becomes(shared)
			run([]string{"srg_delete", "team", "localhost"})
			becomes(own)
			run(team...)
			becomes(shared)
			refusal := "carol@localhost: the item is of a shared roster group, which only the server's administrator can change"
			assert.Equal(t, refusalAnswer(refusal), runVerb(t, admin, "removeBuddyFromRoster", "userJid", "alice@localhost", "buddyJid", "carol@localhost"))
		})
	}
}

// TestHub: many contacts are added to one roster at once, and removed at once. Each request
// finds its own item as it is.
func TestHub(t *testing.T) {
	t.Parallel()
	const contacts = 64
	admin := login(t, "admin@localhost")
	hub := uniqueJIDs(t, "localhost", "hub")[0]
	contact := func(n int) string { return fmt.Sprintf("c%d.%s", n, hub) }
	atOnce := func(do func(c *xmppclient.Client, n int)) {
		var all sync.WaitGroup
		for n := range contacts {
			all.Go(func() { do(admin, n) })
		}
		all.Wait()
	}
	for range 2 {
		atOnce(func(c *xmppclient.Client, n int) {
			requireDone(t, c, "setBidireccionalBuddys", "userAJid", hub, "userBJid", contact(n), "userANick", "H", "userBNick", "C", "groupForA", "G", "groupForB", "G")
		})
		require.Len(t, storedRoster(t, deployments[0].Server, hub), contacts)
		atOnce(func(c *xmppclient.Client, n int) {
			assert.Equal(t, "true", runVerb(t, c, "checkBidirecctionalBuddys", "userAJid", hub, "userBJid", contact(n)).text)
		})
	}
	atOnce(func(c *xmppclient.Client, n int) {
		requireDone(t, c, "removeBuddyFromRoster", "userJid", hub, "buddyJid", contact(n))
	})
	assert.Empty(t, storedRoster(t, deployments[0].Server, hub))
}
