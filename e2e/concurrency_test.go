package e2e_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/stanza"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// TestThousandAtOnce has one requester run a thousand verbs at once, each of
// which sends the server a request, and then another requester a single verb.
// All get answers. The component never has more than sixteen requests
// unanswered, and the single verb does not wait for the thousand.
func TestThousandAtOnce(t *testing.T) {
	s := testserver.Run(t, nil)
	p := newProxy(t, s.ComponentAddr())
	runProgram(t, s, testserver.Settings{Address: p.address})
	const many = 1000
	user := func(n int) string { return fmt.Sprintf("user%d@localhost", n) }
	for n := range many + 1 {
		storeItems(t, s, user(n), storedItem{fmt.Sprintf("contact%d@localhost", n), "C", "both", nil})
	}
	busy, other := loginTo(t, s, "admin@localhost/busy"), loginTo(t, s, "reader@localhost/other")
	ctx := shortContext(t)

	release := p.hold(t)
	before := p.read(func() int { return len(p.answered) })
	var asked sync.WaitGroup
	ask := func(c *xmppclient.Client, n int) {
		asked.Go(func() {
			got, err := c.Ask(ctx, stanza.SetIQ, service, commandXML("getRoster", "userJid", user(n)))
			if assert.NoError(t, err) {
				assert.Contains(t, got.String(), fmt.Sprintf("contact%d@localhost&#x9;C&#x9;both", n))
			}
		})
	}
	defer asked.Wait()
	for n := range many {
		ask(busy, n)
	}
	require.NoError(t, p.await(ctx, func() bool { return p.asked == many && p.pending["localhost"] >= windowSize }))
	ask(other, many)
	require.NoError(t, p.await(ctx, func() bool { return p.asked == many+1 }))
	release()
	asked.Wait()

	most := p.read(func() int { return p.maxPending["localhost"] })
	answers := p.read(func() int { return len(p.answered) }) - before
	turn := p.read(func() int { return slices.Index(p.answered[before:], other.JID().String()) })
	t.Logf("at most %d unanswered; answer %d went to the other requester", most, turn+1)
	// The probe of a host that has been silent for a while bypasses the window.
	assert.LessOrEqual(t, most, windowSize+1)
	assert.Equal(t, many+1, answers)
	assert.Less(t, turn, many/5, "it waits only for the sixteen requests before it, and for later ones that are faster")
}

// windowSize is how many requests the component has in flight at once.
const windowSize = 16

// TestTwoClientsChangeOneUser has two clients set, change and unset one pair
// many times at once, one from each end. After each round both sides must
// agree, and match one of the requests.
func TestTwoClientsChangeOneUser(t *testing.T) {
	withAndWithoutAccounts(t, func(t *testing.T, d *deployment, makeUsers func(...string) []string) {
		clients := [2]*xmppclient.Client{d.login(t, "admin@localhost"), d.login(t, "admin@localhost")}
		jids := makeUsers("a", "b")
		a, b := jids[0], jids[1]
		for round := range 15 {
			var ended sync.WaitGroup
			for i := range 2 * len(clients) {
				client, own, peer, nick := clients[i%2], jids[i%2], jids[1-i%2], fmt.Sprintf("%d.%d", round, i)
				change := func(verb string, pairs ...string) {
					ended.Go(func() {
						r, err := client.Run(shortContext(t), service, verb, formValues(pairs...))
						assert.NoError(t, err, r.Raw.String())
					})
				}
				change("setBidireccionalBuddys", "userAJid", own, "userBJid", peer, "userANick", nick, "userBNick", nick)
				change("unsetBidireccionalBuddys", "userJid", own, "oldFriendJid", peer, "oldFriendNick", nick)
			}
			ended.Wait()
			require.Contains(t, pairStates(round, 2*len(clients), a, b), [2][]storedItem{d.storedRoster(t, a), d.storedRoster(t, b)})
		}
	})
}

// pairStates returns the states that the requests of a round ask for: both
// sides have each other, or only the user who unset the pair has the other.
func pairStates(round, requests int, a, b string) (states [][2][]storedItem) {
	for i := range requests {
		nick := fmt.Sprintf("%d.%d", round, i)
		states = append(states, [2][]storedItem{{{b, nick, "both", []string{}}}, {{a, nick, "both", []string{}}}})
		if i%2 == 0 {
			states = append(states, [2][]storedItem{{{b, nick, "to", []string{}}}, {}})
		} else {
			states = append(states, [2][]storedItem{{}, {{a, nick, "to", []string{}}}})
		}
	}
	return states
}

// TestTwoClientsWriteOneItem writes one item in two ways at once, by stanza and
// by API command. The final item must be exactly the item of one request.
func TestTwoClientsWriteOneItem(t *testing.T) {
	withAndWithoutAccounts(t, func(t *testing.T, d *deployment, makeUsers func(...string) []string) {
		clients := [2]*xmppclient.Client{d.login(t, "admin@localhost"), d.login(t, "admin@localhost")}
		jids := makeUsers("user", "contact")
		user, contact := jids[0], jids[1]
		for range 15 {
			var ended sync.WaitGroup
			var asked []storedItem
			for i, subscription := range []string{"both", "both", "to", "to", "both", "from"} {
				e := storedItem{contact, fmt.Sprint(i), subscription, []string{}}
				asked = append(asked, e)
				ended.Go(func() {
					r, err := clients[i%2].Run(shortContext(t), service, "addBuddyToRoster",
						formValues("userJid", user, "buddyJid", contact, "buddyNick", e.Nick, "subscription_type", e.Subscription))
					assert.NoError(t, err, r.Raw.String())
				})
			}
			ended.Wait()
			got := d.storedRoster(t, user)
			require.Len(t, got, 1)
			require.Contains(t, asked, got[0])
		}
	})
}
