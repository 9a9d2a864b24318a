package e2e_test

import (
	"encoding/xml"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/commands"
	"mellium.im/xmpp/disco"
	"mellium.im/xmpp/form"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/ping"
	"mellium.im/xmpp/stanza"
	"mellium.im/xmpp/version"

	"emanagement/internal/testserver"
)

// addresses returns the addresses at which clients ask the component: its
// domain, and a resource of it. Programs that are components themselves use the
// latter.
func addresses() []jid.JID {
	return []jid.JID{service, jid.MustParse(testserver.Component + "/any")}
}

// TestAdhocList checks the list of commands. Gajim shows no list at all if an
// item has more than these three attributes. profanity shows only the node.
func TestAdhocList(t *testing.T) {
	admin := login(t, "admin@localhost")
	for _, to := range addresses() {
		t.Run(to.String(), func(t *testing.T) {
			t.Parallel()
			reply, err := admin.Ask(shortContext(t), stanza.GetIQ, to, `<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>`)
			require.NoError(t, err)
			query, ok := reply.Child(disco.NSItems, "query")
			require.True(t, ok, reply.String())
			assert.Equal(t, commands.NS, query.Attr("node"))
			require.Len(t, query.Children, len(verbForms))
			var names []string
			for i, item := range query.Children {
				name := item.Attr("name")
				assert.ElementsMatch(t, []xml.Attr{
					{Name: xml.Name{Local: "jid"}, Value: to.String()},
					{Name: xml.Name{Local: "node"}, Value: verbForms[i].verb},
					{Name: xml.Name{Local: "name"}, Value: name},
				}, item.Attrs)
				assert.Regexp(t, "^[A-Z][a-z' ]{5,20}[a-z?]$", name, "Psi's list shows no more characters")
				names = append(names, name)
				assert.Empty(t, item.Children)
			}
			slices.Sort(names)
			assert.Len(t, slices.Compact(names), len(verbForms), "names must differ: Gajim shows only the name")
		})
	}
}

// TestAdhocInfo checks the answers to disco#info.
func TestAdhocInfo(t *testing.T) {
	admin := login(t, "admin@localhost")
	for name, test := range map[string]struct {
		node, identity string
		features       []string
	}{
		"component": {"", "component/generic", []string{disco.NSInfo, disco.NSItems, ping.NS, version.NS, commands.NS, form.NS}},
		"list":      {commands.NS, "automation/command-list", []string{commands.NS, form.NS}},
		"command":   {"getRoster", "automation/command-node", []string{commands.NS, form.NS}},
	} {
		for _, to := range addresses() {
			t.Run(name+" at "+to.String(), func(t *testing.T) {
				t.Parallel()
				reply, err := admin.Ask(shortContext(t), stanza.GetIQ, to, fill(`<query xmlns='http://jabber.org/protocol/disco#info' node='NODE'/>`, "NODE", test.node))
				require.NoError(t, err)
				query, ok := reply.Child(disco.NSInfo, "query")
				require.True(t, ok, reply.String())
				assert.Equal(t, test.node, query.Attr("node"))
				identities := query.All(disco.NSInfo, "identity")
				require.Len(t, identities, 1)
				assert.Equal(t, test.identity, identities[0].Attr("category")+"/"+identities[0].Attr("type"))
				assert.NotEmpty(t, identities[0].Attr("name"))
				var features []string
				for _, f := range query.All(disco.NSInfo, "feature") {
					features = append(features, f.Attr("var"))
				}
				assert.ElementsMatch(t, test.features, features)
			})
		}
	}
}

// TestAdhocBesides checks the requests other than commands that clients send.
// The component answers those that it does not support with an error, so that
// the client does not wait.
func TestAdhocBesides(t *testing.T) {
	admin := login(t, "admin@localhost")
	for name, test := range map[string]struct {
		typ     stanza.IQType
		payload string
		answer  string // a regular expression for the content of the reply
		refused stanza.Condition
	}{
		"ping":                     {stanza.GetIQ, `<ping xmlns='urn:xmpp:ping'/>`, `^$`, ""},
		"version":                  {stanza.GetIQ, `<query xmlns='jabber:iq:version'/>`, `^<query xmlns="jabber:iq:version"><name>emanagement</name><version>.+</version></query>$`, ""},
		"unknown get":              {stanza.GetIQ, `<vCard xmlns='vcard-temp'/>`, "", stanza.ServiceUnavailable},
		"unknown set":              {stanza.SetIQ, `<query xmlns='jabber:iq:register'/>`, "", stanza.ServiceUnavailable},
		"get of a command":         {stanza.GetIQ, `<command xmlns='http://jabber.org/protocol/commands' node='getRoster'/>`, "", stanza.ServiceUnavailable},
		"profanity's /form cancel": {stanza.SetIQ, `<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='cancel'/></query>`, "", stanza.ServiceUnavailable},
		"info of an unknown node":  {stanza.GetIQ, `<query xmlns='http://jabber.org/protocol/disco#info' node='nothing'/>`, "", stanza.ItemNotFound},
		"items of an unknown node": {stanza.GetIQ, `<query xmlns='http://jabber.org/protocol/disco#items' node='nothing'/>`, "", stanza.ItemNotFound},
	} {
		for _, to := range addresses() {
			t.Run(name+" at "+to.String(), func(t *testing.T) {
				t.Parallel()
				reply, err := admin.Ask(shortContext(t), test.typ, to, test.payload)
				if test.refused != "" {
					refusal := requireStanzaError(t, err)
					assert.Equal(t, test.refused, refusal.Condition)
					assert.Equal(t, stanza.Cancel, refusal.Type)
					return
				}
				require.NoError(t, err)
				content := ""
				for _, child := range reply.Children {
					content += child.String()
				}
				assert.Regexp(t, test.answer, content)
			})
		}
	}
}
