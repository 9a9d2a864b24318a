package e2e_test

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
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

// storeFullJID makes the client of the first user store the other user under a
// full JID, as servers allow. Then it brings the item to the subscription by
// presence stanzas.
func (p *pairOfUsers) storeFullJID(t *testing.T, subscription string) {
	sendPresence := func(i int, typ string) {
		require.NoError(t, p.client[i].Send(t.Context(), fmt.Sprintf("<presence type='%s' to='%s'/>", typ, p.jids[1-i])))
		_, err := p.client[i].Roster(shortContext(t)) // the server handles it after the presence
		require.NoError(t, err)
	}
	item := fmt.Sprintf("<query xmlns='jabber:iq:roster'><item jid='%s/res' name='Full'><group>Old</group></item></query>", p.jids[1])
	_, err := p.client[0].Ask(shortContext(t), stanza.SetIQ, jid.JID{}, item)
	require.NoError(t, err)
	if subscription == "to" || subscription == "both" {
		sendPresence(0, "subscribe")
		sendPresence(1, "subscribed")
	}
	if subscription == "from" || subscription == "both" {
		sendPresence(1, "subscribe")
		sendPresence(0, "subscribed")
	}
	require.Equal(t, []xmppclient.RosterItem{{JID: p.jids[1].String() + "/res", Name: "Full", Subscription: subscription, Groups: []string{"Old"}}}, p.rosters(t)[0])
}

// TestItemWithAResource checks that an item under a full JID, which a client
// stored, counts as the item of that contact. The verbs find it, overwrite it,
// make it part of a pair and remove it. If a pair fails, the reported states
// must match the rosters.
func TestItemWithAResource(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	c := testserver.NewComponent(t, s, nil)
	real := stanzas.New(c, ejabberd.New(c), slog.New(slog.DiscardHandler))
	rosters := rosterpush.New(real)
	testserver.RunComponent(t, c)
	require.NoError(t, c.Ready(shortContext(t), "localhost"))

	tests := map[string]func(t *testing.T, p *pairOfUsers){
		"found": func(t *testing.T, p *pairOfUsers) {
			items, err := rosters.Get(shortContext(t), p.jids[0])
			require.NoError(t, err)
			require.Len(t, items, 1)
			assert.Equal(t, p.jids[1].String()+"/res", items[0].JID.String())
			assert.Equal(t, "Full", items[0].Name)
		},
		"written over": func(t *testing.T, p *pairOfUsers) {
			for _, subscription := range append(rosterpush.Subscriptions(), rosterpush.Subscriptions()...) {
				_, err := rosters.Put(shortContext(t), p.jids[0], rosterpush.Item{JID: p.jids[1], Name: "New", Subscription: subscription}, rosterpush.Fields{})
				require.NoError(t, err)
				assert.Equal(t, []xmppclient.RosterItem{{JID: p.jids[1].String(), Name: "New", Subscription: string(subscription)}}, p.rosters(t)[0])
			}
		},
		"removed": func(t *testing.T, p *pairOfUsers) {
			require.NoError(t, rosters.Remove(shortContext(t), p.jids[0], p.jids[1]))
			assert.Empty(t, p.rosters(t)[0])
		},
		"cleared": func(t *testing.T, p *pairOfUsers) {
			_, _, err := rosters.Clear(shortContext(t), p.jids[0], nil, nil)
			require.NoError(t, err)
			assert.Empty(t, p.rosters(t)[0])
		},
		"paired": func(t *testing.T, p *pairOfUsers) {
			_, err := rosters.SetPair(shortContext(t), rosterpush.Half{User: p.jids[0], Name: "B"}, rosterpush.Half{User: p.jids[1], Name: "A"})
			require.NoError(t, err)
			p.assertSubscriptions(t, "both", "both")
			require.NoError(t, rosters.UnsetPair(shortContext(t), rosterpush.Half{User: p.jids[1], Name: "A"}, p.jids[0]))
			p.assertSubscriptions(t, "", "to")
		},
	}
	for n := int32(1); n <= 2; n++ {
		for _, after := range []bool{false, true} {
			tests[fmt.Sprintf("write %d of a pair fails, carried out %t", n, after)] = func(t *testing.T, p *pairOfUsers) {
				p.checkReportedState(t, &failingServer{Server: real, n: n, after: after, err: errors.New("made to fail")})
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
				p.storeFullJID(t, subscription)
				test(t, p)
			})
		}
	}
}

// assertSubscriptions checks the items that both sides have of each other: one
// with the bare JID each, or none if the subscription is "".
func (p *pairOfUsers) assertSubscriptions(t *testing.T, subscriptions ...string) {
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

// checkReportedState sets a pair on a server that fails, and compares the
// reported states with the rosters of both sides.
func (p *pairOfUsers) checkReportedState(t *testing.T, server *failingServer) {
	before := p.rosters(t)
	_, err := rosterpush.New(server).SetPair(shortContext(t), rosterpush.Half{User: p.jids[0], Name: "B"}, rosterpush.Half{User: p.jids[1], Name: "A"})
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
