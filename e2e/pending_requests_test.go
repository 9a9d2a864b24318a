package e2e_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/xmppclient"
)

// requestSubscription has an account's client request the presence of another
// account, which is offline.
func (d *deployment) requestSubscription(t *testing.T, account, contact string) {
	t.Helper()
	c := d.login(t, account)
	require.NoError(t, c.Send(t.Context(), fmt.Sprintf("<presence type='subscribe' to='%s'/>", contact)))
	_, err := c.Roster(shortContext(t)) // the server handles it after the request
	require.NoError(t, err)
	require.NoError(t, c.Close())
}

// isAskedAtLogin reports whether the server presents a subscription request to
// an account when it logs in.
func (d *deployment) isAskedAtLogin(t *testing.T, account string) bool {
	t.Helper()
	c := d.login(t, account)
	_, err := c.Roster(shortContext(t))
	require.NoError(t, err)
	require.NoError(t, c.Send(t.Context(), "<presence/>"))
	// The server presents pending requests when it handles the first presence, and it
	// handles that presence before the next requests.
	for range 3 {
		_, err = c.Roster(shortContext(t))
		require.NoError(t, err)
	}
	defer func() { require.NoError(t, c.Close()) }()
	for _, e := range c.Seen() {
		if e.Name.Local == "presence" && e.Attr("type") == "subscribe" {
			return true
		}
	}
	return false
}

// TestNoRequestRemains checks that no verb leaves a pending request that is
// already granted, or that its sender has withdrawn. Before each verb, ana has
// requested ben's presence.
func TestNoRequestRemains(t *testing.T) {
	t.Parallel()
	type step func(t *testing.T, d *deployment, admin *xmppclient.Client, ana, ben string)
	add := func(subscription string) step {
		return func(t *testing.T, d *deployment, admin *xmppclient.Client, ana, ben string) {
			requireDone(t, admin, "addBuddyToRoster", "userJid", ben, "buddyJid", ana, "subscription_type", subscription)
			want := []storedItem{{ana, "", subscription, []string{}}}
			assert.Equal(t, want, d.storedRoster(t, ben))
		}
	}
	pair := func(t *testing.T, d *deployment, admin *xmppclient.Client, ana, ben string) {
		requireDone(t, admin, "setBidireccionalBuddys", "userAJid", ben, "userBJid", ana)
		assert.Equal(t, "true", runVerb(t, admin, "checkBidirecctionalBuddys", "userAJid", ana, "userBJid", ben).text)
		assert.Equal(t, []string{ana + "\t\tboth\tnone\t"}, runVerb(t, admin, "getRoster", "userJid", ben).lines)
		assert.Equal(t, []string{ben + "\t\tboth\tnone\t"}, runVerb(t, admin, "getRoster", "userJid", ana).lines)
	}
	tests := map[string][]step{
		"both": {add("both")},
		"from": {add("from")},
		"none": {add("none")},
		"both after to": {func(t *testing.T, d *deployment, admin *xmppclient.Client, ana, ben string) {
			d.storeItems(t, ben, storedItem{ana, "", "to", nil})
		}, add("both")},
		"from after to": {func(t *testing.T, d *deployment, admin *xmppclient.Client, ana, ben string) {
			d.storeItems(t, ben, storedItem{ana, "", "to", nil})
		}, add("from")},
		"none after to": {func(t *testing.T, d *deployment, admin *xmppclient.Client, ana, ben string) {
			d.storeItems(t, ben, storedItem{ana, "", "to", nil})
		}, add("none")},
		"he removes an item that no roster shows": {func(t *testing.T, d *deployment, admin *xmppclient.Client, ana, ben string) {
			requireDone(t, admin, "removeBuddyFromRoster", "userJid", ben, "buddyJid", ana)
			assert.Empty(t, d.storedRoster(t, ben))
		}},
		"a pair": {pair},
		"a pair after her roster was removed": {func(t *testing.T, d *deployment, admin *xmppclient.Client, ana, ben string) {
			requireDone(t, admin, "removeRoster", "userJid", ana)
		}, pair},
		"a pair after her client removed him": {func(t *testing.T, d *deployment, admin *xmppclient.Client, ana, ben string) {
			c := d.login(t, ana)
			require.NoError(t, c.Send(t.Context(), fmt.Sprintf("<iq type='set' id='r1'><query xmlns='jabber:iq:roster'><item jid='%s' subscription='remove'/></query></iq>", ben)))
			_, err := c.Roster(shortContext(t))
			require.NoError(t, err)
			require.NoError(t, c.Close())
		}, pair},
		"a pair after to, after her roster was removed": {func(t *testing.T, d *deployment, admin *xmppclient.Client, ana, ben string) {
			d.storeItems(t, ben, storedItem{ana, "", "to", nil})
			requireDone(t, admin, "removeRoster", "userJid", ana)
		}, pair},
		"she removes him": {func(t *testing.T, d *deployment, admin *xmppclient.Client, ana, ben string) {
			requireDone(t, admin, "removeBuddyFromRoster", "userJid", ana, "buddyJid", ben)
			assert.Empty(t, d.storedRoster(t, ana))
			assert.Empty(t, d.storedRoster(t, ben))
		}},
		"her roster is removed": {func(t *testing.T, d *deployment, admin *xmppclient.Client, ana, ben string) {
			requireDone(t, admin, "removeRoster", "userJid", ana)
		}},
	}
	onEveryVersion(t, nil, func(t *testing.T, d *deployment) {
		for name, steps := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				jids := uniqueJIDs(t, "localhost", "ana", "ben")
				ana, ben := jids[0], jids[1]
				registerOn(t, d.Server, jids...)
				admin := d.login(t, "admin@localhost")
				d.requestSubscription(t, ana, ben)
				require.True(t, d.isAskedAtLogin(t, ben), "he is asked at each login")
				for _, s := range steps {
					s(t, d, admin, ana, ben)
				}
				assert.False(t, d.isAskedAtLogin(t, ben))
				assert.False(t, d.isAskedAtLogin(t, ana))
			})
		}
	})
}
