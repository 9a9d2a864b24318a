package e2e_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/xmppclient"
)

// asks has one account ask another, who is offline, for the presence.
func (p *place) asks(t *testing.T, who, whom string) {
	t.Helper()
	c := p.login(t, who)
	require.NoError(t, c.Send(t.Context(), fmt.Sprintf("<presence type='subscribe' to='%s'/>", whom)))
	_, err := c.Roster(patience(t)) // after it, in the order of the stream
	require.NoError(t, err)
	require.NoError(t, c.Close())
}

// asked says whether an account is asked for its presence when it logs in.
func (p *place) asked(t *testing.T, who string) bool {
	t.Helper()
	c := p.login(t, who)
	_, err := c.Roster(patience(t))
	require.NoError(t, err)
	require.NoError(t, c.Send(t.Context(), "<presence/>"))
	// What waits for the account comes with its first presence, and that is handled
	// before what is asked next.
	for range 3 {
		_, err = c.Roster(patience(t))
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

// TestNoRequestRemains: whatever stood before, after a verb nobody is asked for
// what has been granted, or for what nobody asks any more.
func TestNoRequestRemains(t *testing.T) {
	t.Parallel()
	type step func(t *testing.T, p *place, admin *xmppclient.Client, ana, ben string)
	add := func(subscription string) step {
		return func(t *testing.T, p *place, admin *xmppclient.Client, ana, ben string) {
			done(t, admin, "addBuddyToRoster", "userJid", ben, "buddyJid", ana, "subscription_type", subscription)
			want := []entry{{ana, "", subscription, []string{}}}
			assert.Equal(t, want, p.stored(t, ben))
		}
	}
	pair := func(t *testing.T, p *place, admin *xmppclient.Client, ana, ben string) {
		done(t, admin, "setBidireccionalBuddys", "userAJid", ben, "userBJid", ana)
		assert.Equal(t, "true", run(t, admin, "checkBidirecctionalBuddys", "userAJid", ana, "userBJid", ben).text)
		assert.Equal(t, []string{ana + "\t\tboth\tnone\t"}, run(t, admin, "getRoster", "userJid", ben).lines)
		assert.Equal(t, []string{ben + "\t\tboth\tnone\t"}, run(t, admin, "getRoster", "userJid", ana).lines)
	}
	tests := map[string][]step{
		"both":          {add("both")},
		"from":          {add("from")},
		"none is there": {add("none")},
		"over to": {func(t *testing.T, p *place, admin *xmppclient.Client, ana, ben string) {
			p.put(t, ben, entry{ana, "", "to", nil})
		}, add("both")},
		"from over to": {func(t *testing.T, p *place, admin *xmppclient.Client, ana, ben string) {
			p.put(t, ben, entry{ana, "", "to", nil})
		}, add("from")},
		"none over to": {func(t *testing.T, p *place, admin *xmppclient.Client, ana, ben string) {
			p.put(t, ben, entry{ana, "", "to", nil})
		}, add("none")},
		"he takes out what nobody sees": {func(t *testing.T, p *place, admin *xmppclient.Client, ana, ben string) {
			done(t, admin, "removeBuddyFromRoster", "userJid", ben, "buddyJid", ana)
			assert.Empty(t, p.stored(t, ben))
		}},
		"a pair": {pair},
		"a pair after a wipe of hers": {func(t *testing.T, p *place, admin *xmppclient.Client, ana, ben string) {
			done(t, admin, "removeRoster", "userJid", ana)
		}, pair},
		"a pair after her client took him out": {func(t *testing.T, p *place, admin *xmppclient.Client, ana, ben string) {
			c := p.login(t, ana)
			require.NoError(t, c.Send(t.Context(), fmt.Sprintf("<iq type='set' id='r1'><query xmlns='jabber:iq:roster'><item jid='%s' subscription='remove'/></query></iq>", ben)))
			_, err := c.Roster(patience(t))
			require.NoError(t, err)
			require.NoError(t, c.Close())
		}, pair},
		"a pair over to after a wipe": {func(t *testing.T, p *place, admin *xmppclient.Client, ana, ben string) {
			p.put(t, ben, entry{ana, "", "to", nil})
			done(t, admin, "removeRoster", "userJid", ana)
		}, pair},
		"she is taken out": {func(t *testing.T, p *place, admin *xmppclient.Client, ana, ben string) {
			done(t, admin, "removeBuddyFromRoster", "userJid", ana, "buddyJid", ben)
			assert.Empty(t, p.stored(t, ana))
			assert.Empty(t, p.stored(t, ben))
		}},
		"her roster is wiped": {func(t *testing.T, p *place, admin *xmppclient.Client, ana, ben string) {
			done(t, admin, "removeRoster", "userJid", ana)
		}},
	}
	onEveryVersion(t, nil, func(t *testing.T, p *place) {
		for name, steps := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				jids := people(t, "localhost", "ana", "ben")
				ana, ben := jids[0], jids[1]
				registerOn(t, p.Server, jids...)
				admin := p.login(t, "admin@localhost")
				p.asks(t, ana, ben)
				require.True(t, p.asked(t, ben), "he is asked at each login")
				for _, s := range steps {
					s(t, p, admin, ana, ben)
				}
				assert.False(t, p.asked(t, ben))
				assert.False(t, p.asked(t, ana))
			})
		}
	})
}
