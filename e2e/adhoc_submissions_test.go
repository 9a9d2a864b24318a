package e2e_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// clientSubmissions are the submissions of the form of addBuddyToRoster that
// were recorded from real clients, and the resulting item.
var clientSubmissions = map[string]struct {
	command string
	nick    string
	groups  []string
}{
	"slixmpp, xmpp4r, xmpp.js": {`<command xmlns='http://jabber.org/protocol/commands' node='addBuddyToRoster' sessionid='SESSION' action='complete'>` +
		`<x xmlns='jabber:x:data' type='submit'>` +
		`<field var='userJid'><value>USER</value></field>` +
		`<field var='buddyJid'><value>BUDDY</value></field>` +
		`<field var='buddyNick'><value>Terry &amp; "T" &lt;✓&gt;</value></field>` +
		`<field var='buddyGroup'><value>Two</value><value>One</value></field>` +
		`<field var='subscription_type'><value>both</value></field>` +
		`</x></command>`, `Terry & "T" <✓>`, []string{"One", "Two"}},
	"no more than is required": {`<command xmlns='http://jabber.org/protocol/commands' node='addBuddyToRoster' sessionid='SESSION' action='complete'>` +
		`<x xmlns='jabber:x:data' type='submit'>` +
		`<field var='subscription_type'><value>both</value></field>` +
		`<field var='buddyJid'><value>BUDDY</value></field>` +
		`<field var='userJid'><value>USER</value></field>` +
		`</x></command>`, "", []string{}},
	// Sends no action, and sends an empty field as a field without a value.
	"profanity": {`<command xmlns='http://jabber.org/protocol/commands' node='addBuddyToRoster' sessionid='SESSION'>` +
		`<x xmlns='jabber:x:data' type='submit'>` +
		`<field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/commands</value></field>` +
		`<field var='userJid' type='jid-single'><value>USER</value></field>` +
		`<field var='buddyJid' type='jid-single'><value>BUDDY</value></field>` +
		`<field var='buddyNick' type='text-single'/>` +
		`<field var='buddyGroup' type='text-multi'/>` +
		`<field var='subscription_type' type='list-single'><value>both</value></field>` +
		`</x></command>`, "", []string{}},
	// Sends "next", although the form offers only "complete".
	"poezio": {`<command xmlns='http://jabber.org/protocol/commands' node='addBuddyToRoster' sessionid='SESSION' action='next'>` +
		`<x xmlns='jabber:x:data' type='submit'>` +
		`<instructions>The item gets exactly this nick.</instructions>` +
		`<field type='fixed'><value>A heading</value></field>` +
		`<field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/commands</value></field>` +
		`<field var='userJid'><value>USER</value></field>` +
		`<field var='buddyJid'><value>BUDDY</value></field>` +
		`<field var='buddyNick'><value/></field>` +
		`<field var='buddyGroup'><value>One</value><value/></field>` +
		`<field var='subscription_type'><value>both</value></field>` +
		`</x></command>`, "", []string{"One"}},
	// Sends the whole form back.
	"Gajim": {`<command xmlns='http://jabber.org/protocol/commands' node='addBuddyToRoster' sessionid='SESSION' action='complete'>` +
		`<x xmlns='jabber:x:data' type='submit'>` +
		`<title>addBuddyToRoster: put a contact into a user's roster</title>` +
		`<instructions>The item gets exactly this nick.</instructions>` +
		`<field type='fixed'><value>A heading</value></field>` +
		`<field var='userJid' type='jid-single' label='User'><required/><value>USER</value></field>` +
		`<field var='buddyJid' type='jid-single' label='Contact'><required/><value>BUDDY</value></field>` +
		`<field var='buddyNick' type='text-single' label='The contact&apos;s nick'><value>Terry</value></field>` +
		`<field var='buddyGroup' type='text-multi' label='Groups, one per line'><value>One</value></field>` +
		`<field var='subscription_type' type='list-single' label='Subscription'><required/>` +
		`<option label='none'><value>none</value></option><option label='to'><value>to</value></option>` +
		`<option label='from'><value>from</value></option><option label='both'><value>both</value></option>` +
		`<value>both</value></field>` +
		`</x></command>`, "Terry", []string{"One"}},
	// Omits the default action, and sends line ends between the elements.
	"Psi": {`<command xmlns="http://jabber.org/protocol/commands" node="addBuddyToRoster" sessionid="SESSION">
<x xmlns="jabber:x:data" type="submit">
<field type="jid-single" var="userJid">
<value>USER</value>
</field>
<field type="jid-single" var="buddyJid">
<value>BUDDY</value>
</field>
<field type="text-single" var="buddyNick">
<value>Terry</value>
</field>
<field type="text-multi" var="buddyGroup">
<value>One</value>
<value>Two</value>
</field>
<field type="list-single" var="subscription_type">
<value>both</value>
</field>
</x>
</command>`, "Terry", []string{"One", "Two"}},
	"the action execute": {`<command xmlns='http://jabber.org/protocol/commands' node='addBuddyToRoster' sessionid='SESSION' action='execute'>` +
		`<x xmlns='jabber:x:data' type='submit'>` +
		`<field var='userJid'><value>USER</value></field>` +
		`<field var='buddyJid'><value>BUDDY</value></field>` +
		`<field var='subscription_type'><value>both</value></field>` +
		`</x></command>`, "", []string{}},
	"in one step": {`<command xmlns='http://jabber.org/protocol/commands' node='addBuddyToRoster'>` +
		`<x xmlns='jabber:x:data' type='submit'>` +
		`<field var='userJid'><value>USER</value></field>` +
		`<field var='buddyJid'><value>BUDDY</value></field>` +
		`<field var='subscription_type'><value>both</value></field>` +
		`</x></command>`, "", []string{}},
	"in one step, with an action": {`<command xmlns='http://jabber.org/protocol/commands' node='addBuddyToRoster' action='execute'>` +
		`<x xmlns='jabber:x:data' type='submit'>` +
		`<field var='userJid'><value>USER</value></field>` +
		`<field var='buddyJid'><value>BUDDY</value></field>` +
		`<field var='subscription_type'><value>both</value></field>` +
		`</x></command>`, "", []string{}},
}

// TestAdhocSubmissions submits the form as various clients do.
func TestAdhocSubmissions(t *testing.T) {
	admin := login(t, "admin@localhost")
	for client, test := range clientSubmissions {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			jids := uniqueJIDs(t, "localhost", "user", "buddy")
			// Without a session the answer names one all the same, because Gajim
			// requires it.
			session := "addBuddyToRoster"
			if strings.Contains(test.command, "SESSION") {
				session = openForm(t, admin, "addBuddyToRoster")
			}
			want := oneStepAnswer("addBuddyToRoster", session, "info", "Done", "Done")
			if session != "addBuddyToRoster" {
				want = noteAnswer("addBuddyToRoster", session, "info", "Done")
			}
			got := sendCommand(t, admin, service, fill(test.command, "SESSION", session, "USER", jids[0], "BUDDY", jids[1]))
			assert.Equal(t, want, got.String())
			assert.Equal(t, []storedItem{{jids[1], test.nick, "both", test.groups}}, storedRoster(t, server, jids[0]))
		})
	}
}
