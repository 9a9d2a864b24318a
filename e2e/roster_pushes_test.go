package e2e_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/xmppclient"
)

// TestClientsSee keeps the two users of a pair online. Without a new login,
// each client sees its roster change and the other user come online. A repeated
// verb must send nothing.
func TestClientsSee(t *testing.T) {
	admin := login(t, "admin@localhost")
	jids := uniqueJIDs(t, "localhost", "a", "b")
	register(t, jids...)
	a, b := login(t, jids[0]+"/one"), login(t, jids[1]+"/two")
	for _, c := range []*xmppclient.Client{a, b} {
		_, err := c.Roster(shortContext(t))
		require.NoError(t, err)
		require.NoError(t, c.Send(t.Context(), "<presence><show>away</show></presence>"))
	}
	pair := []string{"userAJid", jids[0], "userBJid", jids[1], "userANick", "A", "userBNick", "B", "groupForA", "Friends", "groupForB", "Friends"}
	requireDone(t, admin, "setBidireccionalBuddys", pair...)
	for _, side := range []struct {
		client     *xmppclient.Client
		peer, nick string
	}{{a, jids[1], "B"}, {b, jids[0], "A"}} {
		// The component first removes the item, in case a hidden request exists.
		for _, subscription := range []string{"remove", "both"} {
			push, err := side.client.Next(shortContext(t), isPush)
			require.NoError(t, err)
			assert.Contains(t, push.String(), side.peer)
			assert.Contains(t, push.String(), fmt.Sprintf("subscription=%q", subscription))
		}
		presence, err := side.client.Next(shortContext(t), func(e xmppclient.Element) bool {
			return e.Name.Local == "presence" && jid.MustParse(e.Attr("from")).Bare().String() == side.peer
		})
		require.NoError(t, err)
		show, _ := presence.Child("", "show")
		assert.Equal(t, "away", show.Text)
		items, err := side.client.Roster(shortContext(t))
		require.NoError(t, err)
		assert.Equal(t, []xmppclient.RosterItem{{JID: side.peer, Name: side.nick, Subscription: "both", Groups: []string{"Friends"}}}, items)
	}

	requireDone(t, admin, "setBidireccionalBuddys", pair...)
	_, err := a.Roster(shortContext(t)) // every earlier push has arrived before this answer
	require.NoError(t, err)
	for _, e := range a.Seen() {
		assert.False(t, isPush(e), e.String())
	}
}

// isPush reports whether a stanza is a roster push (RFC 6121 §2.1.6).
func isPush(e xmppclient.Element) bool {
	_, ok := e.Child("jabber:iq:roster", "query")
	return e.Name.Local == "iq" && e.Attr("type") == "set" && ok
}
