package e2e_test

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
	"emanagement/rosterpush"
	"emanagement/server/ejabberd"
	"emanagement/server/stanzas"
)

// respelled are names as the server keeps them, spelled as it does not.
func respelled(kept []string) []string {
	spelled := make([]string, len(kept))
	for i, name := range kept {
		spelled[i] = strings.NewReplacer("strauss", "strauß", "σ", "ς").Replace(name)
	}
	return spelled
}

// TestFoldedNames: to the server some spellings are one name. Whichever is
// asked for, that one is meant.
func TestFoldedNames(t *testing.T) {
	both(t, func(t *testing.T, p *place, people func(...string) []string) {
		admin := p.login(t, "admin@localhost")
		kept := people("strauss", "σ")
		spelled := respelled(kept)
		for i, user := range spelled {
			own, peer, other := kept[i], kept[1-i], spelled[1-i]
			done(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", other, "buddyNick", "N", "subscription_type", "from")
			assert.Equal(t, []entry{{peer, "N", "from", []string{}}}, p.stored(t, own))
			assert.Equal(t, []string{peer + "\tN\tfrom\tnone\t"}, run(t, admin, "getRoster", "userJid", user).lines)
			assert.Equal(t, "true", run(t, admin, "checkUserJid", "userJid", user).text)

			done(t, admin, "setBidireccionalBuddys", "userAJid", user, "userBJid", other, "userANick", "A", "userBNick", "B")
			assert.Equal(t, []entry{{peer, "B", "both", []string{}}}, p.stored(t, own))
			assert.Equal(t, []entry{{own, "A", "both", []string{}}}, p.stored(t, peer))
			for _, pair := range [][2]string{{user, other}, {own, other}, {other, own}, {peer, user}} {
				assert.Equal(t, "true", run(t, admin, "checkBidirecctionalBuddys", "userAJid", pair[0], "userBJid", pair[1]).text, pair)
			}

			done(t, admin, "unsetBidireccionalBuddys", "userJid", user, "oldFriendJid", other, "oldFriendNick", "Old")
			assert.Equal(t, []entry{{peer, "Old", "to", []string{}}}, p.stored(t, own))
			assert.Empty(t, p.stored(t, peer))
			assert.Equal(t, "false", run(t, admin, "checkBidirecctionalBuddys", "userAJid", user, "userBJid", other).text)

			done(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", other)
			assert.Empty(t, p.stored(t, own))
		}
	})
}

// TestFoldedNameIsWrittenOnce has the user look on: what stands is not written
// again, however it is spelled.
func TestFoldedNameIsWrittenOnce(t *testing.T) {
	admin := login(t, "admin@localhost")
	kept := people(t, "localhost", "strauss", "σ")
	spelled := respelled(kept)
	register(t, kept...)
	for i, user := range spelled {
		client := login(t, kept[i])
		_, err := client.Roster(patience(t))
		require.NoError(t, err)
		for range 2 {
			done(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", spelled[1-i], "buddyNick", "N", "subscription_type", "both")
			done(t, admin, "addBuddyToRoster", "userJid", kept[i], "buddyJid", kept[1-i], "buddyNick", "N", "subscription_type", "both")
		}
		_, err = client.Roster(patience(t)) // after every push
		require.NoError(t, err)
		for range 2 { // that nothing hidden is there any more, and the item
			_, err = client.Next(patience(t), isPush)
			require.NoError(t, err)
		}
		for _, e := range client.Seen() {
			assert.False(t, isPush(e), e.String())
		}
	}
}

// TestSameUserSpelledTwice: nobody is made a pair with himself.
func TestSameUserSpelledTwice(t *testing.T) {
	admin := login(t, "admin@localhost")
	kept := people(t, "localhost", "strauss")
	spelled := respelled(kept)
	r, err := admin.Run(patience(t), service, "setBidireccionalBuddys", args("userAJid", kept[0], "userBJid", spelled[0]))
	require.NoError(t, err)
	require.Len(t, r.Notes, 1)
	assert.Contains(t, r.Notes[0].Text, "the same user as the other one")
	assert.Empty(t, stored(t, server, kept[0]))
}

// withResource has the first of two store the other under a full JID, as
// servers let clients, and brings them to this subscription as clients do.
func (p *pairOfUsers) withResource(t *testing.T, subscription string) {
	ask := func(i int, typ string) {
		require.NoError(t, p.client[i].Send(t.Context(), fmt.Sprintf("<presence type='%s' to='%s'/>", typ, p.jids[1-i])))
		_, err := p.client[i].Roster(patience(t)) // after it, in the order of the stream
		require.NoError(t, err)
	}
	item := fmt.Sprintf("<query xmlns='jabber:iq:roster'><item jid='%s/res' name='Full'><group>Old</group></item></query>", p.jids[1])
	_, err := p.client[0].Ask(patience(t), stanza.SetIQ, jid.JID{}, item)
	require.NoError(t, err)
	if subscription == "to" || subscription == "both" {
		ask(0, "subscribe")
		ask(1, "subscribed")
	}
	if subscription == "from" || subscription == "both" {
		ask(1, "subscribe")
		ask(0, "subscribed")
	}
	require.Equal(t, []xmppclient.RosterItem{{JID: p.jids[1].String() + "/res", Name: "Full", Subscription: subscription, Groups: []string{"Old"}}}, p.rosters(t)[0])
}

// TestItemWithAResource: an item that a client has stored under a full JID is
// the contact's. It is found, written over, made one of a pair and removed;
// and where a pair fails, what is said to be as before is.
func TestItemWithAResource(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	c := testserver.NewComponent(t, s, nil)
	real := stanzas.New(c, ejabberd.New(c), slog.New(slog.DiscardHandler))
	rosters := rosterpush.New(real)
	testserver.RunComponent(t, c)
	require.NoError(t, c.Ready(patience(t), "localhost"))

	tests := map[string]func(t *testing.T, p *pairOfUsers){
		"found": func(t *testing.T, p *pairOfUsers) {
			items, err := rosters.Get(patience(t), p.jids[0])
			require.NoError(t, err)
			require.Len(t, items, 1)
			assert.Equal(t, p.jids[1].String()+"/res", items[0].JID.String())
			assert.Equal(t, "Full", items[0].Name)
		},
		"written over": func(t *testing.T, p *pairOfUsers) {
			for _, subscription := range append(rosterpush.Subscriptions(), rosterpush.Subscriptions()...) {
				_, err := rosters.Put(patience(t), p.jids[0], rosterpush.Item{JID: p.jids[1], Name: "New", Subscription: subscription}, rosterpush.Fields{})
				require.NoError(t, err)
				assert.Equal(t, []xmppclient.RosterItem{{JID: p.jids[1].String(), Name: "New", Subscription: string(subscription)}}, p.rosters(t)[0])
			}
		},
		"removed": func(t *testing.T, p *pairOfUsers) {
			require.NoError(t, rosters.Remove(patience(t), p.jids[0], p.jids[1]))
			assert.Empty(t, p.rosters(t)[0])
		},
		"cleared": func(t *testing.T, p *pairOfUsers) {
			_, _, err := rosters.Clear(patience(t), p.jids[0], func(int, int) {})
			require.NoError(t, err)
			assert.Empty(t, p.rosters(t)[0])
		},
		"paired": func(t *testing.T, p *pairOfUsers) {
			_, err := rosters.SetPair(patience(t), rosterpush.Half{User: p.jids[0], Name: "B"}, rosterpush.Half{User: p.jids[1], Name: "A"})
			require.NoError(t, err)
			p.stand(t, "both", "both")
			require.NoError(t, rosters.UnsetPair(patience(t), rosterpush.Half{User: p.jids[1], Name: "A"}, p.jids[0]))
			p.stand(t, "", "to")
		},
	}
	for n := 1; n <= 2; n++ {
		for _, after := range []bool{false, true} {
			tests[fmt.Sprintf("write %d of a pair fails, carried out %t", n, after)] = func(t *testing.T, p *pairOfUsers) {
				p.failHonestly(t, &failing{Server: real, n: n, after: after, err: errors.New("made to fail")})
			}
		}
	}
	number := 0
	for name, test := range tests {
		for _, subscription := range []string{"none", "to", "from", "both"} {
			number++
			own := number
			t.Run(name+"-"+subscription, func(t *testing.T) {
				t.Parallel()
				p := newPairOfUsers(t, s, own, [2]bool{true, true})
				p.withResource(t, subscription)
				test(t, p)
			})
		}
	}
}

// stand checks what both sides have of each other: one bare item each, or none
// where the subscription is "".
func (p *pairOfUsers) stand(t *testing.T, subscriptions ...string) {
	t.Helper()
	for i, items := range p.rosters(t) {
		if subscriptions[i] == "" {
			assert.Empty(t, items)
			continue
		}
		if assert.Len(t, items, 1) {
			assert.Equal(t, p.jids[1-i].String(), items[0].JID)
			assert.Equal(t, subscriptions[i], items[0].Subscription)
		}
	}
}

// failHonestly makes a pair on a server that fails, and checks what is said to
// stand against what each side sees.
func (p *pairOfUsers) failHonestly(t *testing.T, server *failing) {
	before := p.rosters(t)
	_, err := rosterpush.New(server).SetPair(patience(t), rosterpush.Half{User: p.jids[0], Name: "B"}, rosterpush.Half{User: p.jids[1], Name: "A"})
	require.ErrorIs(t, err, server.err)
	var failure *rosterpush.ChangeError
	require.ErrorAs(t, err, &failure)
	after := p.rosters(t)
	for i, side := range failure.Sides {
		require.NoError(t, side.Err)
		assert.Equal(t, reflect.DeepEqual(before[i], after[i]), side.Restored, "%v became %v", before[i], after[i])
		require.Len(t, after[i], len(before[i]))
		if len(after[i]) == 0 {
			assert.Nil(t, side.Now)
			continue
		}
		assert.Equal(t, after[i][0].JID, side.Now.JID.String())
		assert.Equal(t, before[i][0].Name, after[i][0].Name)
		assert.Equal(t, before[i][0].Subscription, after[i][0].Subscription)
		assert.Equal(t, before[i][0].Groups, after[i][0].Groups)
	}
}
