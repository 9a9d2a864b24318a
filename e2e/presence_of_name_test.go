package e2e_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// TestPresenceOfName has users subscribe to an address at the component's
// domain. Connected clients see its presence change, and later clients see the
// current one.
func TestPresenceOfName(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		name := "somebody@" + testserver.Component
		fans := append(uniqueJIDs(t, "localhost", "fan", "other"), uniqueJIDs(t, "example.org", "fan")...)
		registerOn(t, d.Server, fans...)
		stranger := d.online(t, fans[1], "")
		var clients []*xmppclient.Client
		for _, fan := range []string{fans[0], fans[2]} {
			c := d.online(t, fan+"/early", "")
			clients = append(clients, c)
			require.NoError(t, c.Send(t.Context(), fmt.Sprintf("<presence type='subscribe' to='%s'/>", name)))
			assert.Equal(t, "subscribed", nextStanza(t, c, "presence", name).Attr("type"))
			assert.Equal(t, "unavailable", nextStanza(t, c, "presence", name).Attr("type"), "its presence was never set")
			items, err := c.Roster(shortContext(t))
			require.NoError(t, err)
			assert.Equal(t, []xmppclient.RosterItem{{JID: name, Subscription: "to"}}, items)
		}
		change := func(typ, show, status, priority string, verb string, pairs ...string) {
			requireDone(t, admin, verb, append(pairs, "userJid", "Somebody")...)
			for _, c := range clients {
				requirePresence(t, nextStanza(t, c, "presence", name), typ, show, status, priority)
			}
			late := d.online(t, fans[0]+"/late", "")
			if typ == "unavailable" {
				status = "" // the component keeps no status of an unavailable address
			}
			requirePresence(t, nextStanza(t, late, "presence", name), typ, show, status, priority)
			require.NoError(t, late.Close())
		}
		change("", "", "", "", "setPresence")
		change("", "dnd", "<busy> & 😀", "3", "sendPresence", "show", "dnd", "status", "<busy> & 😀", "priority", "3")
		change("", "", "", "3", "sendPresence", "show", "available")
		change("unavailable", "", "bye", "", "unsetPresence", "status", "bye")
		assertNoStanza(t, stranger, "presence", name)

		require.NoError(t, clients[0].Send(t.Context(), fmt.Sprintf("<presence type='unsubscribe' to='%s'/>", name)))
		_, err := clients[0].Roster(shortContext(t))
		require.NoError(t, err)
		requireDone(t, admin, "setPresence", "userJid", name)
		requirePresence(t, nextStanza(t, clients[1], "presence", name), "", "", "", "")
		for _, e := range clients[0].Seen() {
			assert.False(t, e.Name.Local == "presence" && e.Attr("from") == name && e.Attr("type") == "", e.String())
		}
	})
}

// TestNameLeavesAndIsBack checks that the component sends the presence of an
// address again after the server was down. When the component stops, it sends
// the presence as unavailable.
func TestNameLeavesAndIsBack(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, testserver.AdHoc, nil)
	name, fan := "somebody@"+testserver.Component, "fan@localhost"
	registerOn(t, d.Server, fan)
	follow := func(c *xmppclient.Client) {
		require.NoError(t, c.Send(t.Context(), fmt.Sprintf("<presence type='subscribe' to='%s'/>", name)))
		assert.Equal(t, "subscribed", nextStanza(t, c, "presence", name).Attr("type"))
		assert.Equal(t, "unavailable", nextStanza(t, c, "presence", name).Attr("type"))
	}
	c := d.online(t, fan+"/early", "")
	follow(c)
	requireDone(t, d.login(t, "admin@localhost"), "sendPresence", "userJid", "Somebody", "show", "dnd")
	requirePresence(t, nextStanza(t, c, "presence", name), "", "dnd", "", "")

	require.NoError(t, d.Stop(t.Context()))
	require.NoError(t, d.Start(t.Context()))
	c = d.online(t, fan+"/again", "") // may log in before the component reconnects
	for {
		e := nextStanza(t, c, "presence", name)
		if e.Attr("type") != "error" { // the server's answer while the component was not connected
			requirePresence(t, e, "", "dnd", "", "")
			break
		}
	}

	require.NoError(t, d.program.Stop())
	d.program = nil
	for {
		if e := nextStanza(t, c, "presence", name); e.Attr("type") == "unavailable" {
			break
		}
	}
}
