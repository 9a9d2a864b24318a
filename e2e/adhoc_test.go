package e2e_test

import (
	"encoding/xml"
	"maps"
	"slices"
	"strings"
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
	"emanagement/internal/xmppclient"
)

// forms are the verbs in the order in which they are listed, with the role that
// each takes and the fields of its form: var, type, and a star where a value is
// required.
var forms = []struct {
	verb, role string
	fields     []string
}{
	{"addBuddyToRoster", "write", []string{"userJid jid-single *", "buddyJid jid-single *", "buddyNick text-single", "buddyGroup text-multi", "subscription_type list-single *"}},
	{"removeBuddyFromRoster", "write", []string{"userJid jid-single *", "buddyJid jid-single *"}},
	{"setBidireccionalBuddys", "write", []string{"userAJid jid-single *", "userBJid jid-single *", "userANick text-single", "userBNick text-single", "groupForA text-multi", "groupForB text-multi"}},
	{"unsetBidireccionalBuddys", "write", []string{"userJid jid-single *", "oldFriendJid jid-single *", "oldFriendNick text-single", "groupForOldFriend text-multi"}},
	{"getRoster", "read", []string{"userJid jid-single *"}},
	{"removeRoster", "write", []string{"userJid jid-single *"}},
	{"checkUserJid", "read", []string{"userJid jid-single *"}},
	{"checkBidirecctionalBuddys", "read", []string{"userAJid jid-single *", "userBJid jid-single *"}},
	{"removeAllRostersByDomain", "admin", []string{"domain text-single *", "confirm text-single"}},
	{"removeAllRosters", "admin", []string{"confirm text-single"}},
	{"getAllUserJidsWithRosterByDomain", "read", []string{"domain text-single *", "from jid-single", "limit text-single"}},
	{"printAllRostersByDomain", "read", []string{"domain text-single *", "from jid-single", "limit text-single"}},
	{"printAllRosters", "read", []string{"from jid-single", "limit text-single"}},
	{"printAllBidirecctionalBuddysByDomain", "read", []string{"domain text-single *", "from jid-single", "limit text-single"}},
	{"setPresence", "write", []string{"userJid text-single *", "status text-single", "priority text-single"}},
	{"unsetPresence", "write", []string{"userJid text-single *", "status text-single"}},
	{"sendPresence", "write", []string{"userJid text-single *", "show list-single", "status text-single", "priority text-single"}},
	{"getUserResource", "read", []string{"userJid jid-single *"}},
	{"getConnectedJids", "read", nil},
	{"getConnectedJidsByDomain", "read", []string{"domain text-single *"}},
	{"kickUserJid", "write", []string{"userJid jid-single *"}},
	{"isEjabberdNodeStarted", "read", nil},
	{"sendMessageToUser", "write", []string{"fromJid text-single *", "toJid jid-single *", "msg text-multi *"}},
	{"broadcast", "write", []string{"admin text-single *", "userJids text-multi *", "msg text-multi *"}},
	{"broadcastToConnectedUsers", "write", []string{"admin text-single *", "userJids text-multi *", "msg text-multi *"}},
	{"createPersistentRoom", "write", []string{"roomName text-single *", "domain text-single *"}},
	{"createRoom", "write", []string{"roomName text-single *", "domain text-single *"}},
	{"destroyRoom", "write", []string{"roomName text-single *", "domain text-single *"}},
	{"destroyAllRoomsByDomain", "admin", []string{"domain text-single *", "confirm text-single"}},
	{"destroyAllRooms", "admin", []string{"confirm text-single"}},
	{"getAllJidsOfRoom", "read", []string{"roomName text-single *", "domain text-single *"}},
	{"getAffiliationsOfRoom", "read", []string{"roomName text-single *", "domain text-single *"}},
	{"setJidAffiliationOfRoom", "write", []string{"roomName text-single *", "domain text-single *", "jid jid-single *", "affiliation list-single *"}},
	{"printAllRoomsByDomain", "read", []string{"domain text-single *"}},
	{"printAllRooms", "read", nil},
	{"listJobs", "read", nil},
	{"stopJob", "read", []string{"job text-single *"}},
}

// options are those of the fields of type list-single.
var options = map[string][]string{
	"subscription_type": {"none", "to", "from", "both"},
	"show":              {"available", "away", "chat", "dnd", "xa"},
	"affiliation":       {"owner", "admin", "member", "outcast", "none"},
}

// addresses are where the component is asked: its domain, and a resource of
// it, as a program asks that is a component itself.
func addresses() []jid.JID {
	return []jid.JID{service, jid.MustParse(testserver.Component + "/any")}
}

// exchange sends a command as it is written and returns the one that answers.
func exchange(t testing.TB, c *xmppclient.Client, to jid.JID, command string) xmppclient.Element {
	t.Helper()
	reply, err := c.Ask(patience(t), stanza.SetIQ, to, command)
	require.NoError(t, err, reply.String())
	require.Len(t, reply.Children, 1)
	return reply.Children[0]
}

// open starts a command and returns the session of its form.
func open(t testing.TB, c *xmppclient.Client, verb string) string {
	t.Helper()
	r, err := c.Execute(patience(t), service, verb)
	require.NoError(t, err)
	require.NotEmpty(t, r.SessionID)
	return r.SessionID
}

// fill replaces words in a text: fill(text, "USER", user).
func fill(text string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(text)
}

// noted is what people get who filled in a form, of a verb that tells no more than
// an outcome: nothing but the note.
func noted(verb, session, note, text string) string {
	return fill(`<command xmlns="http://jabber.org/protocol/commands" node="VERB" sessionid="SESSION" status="completed">`+
		`<note type="NOTE">TEXT</note></command>`, "VERB", verb, "SESSION", session, "NOTE", note, "TEXT", escaped(text))
}

// tabled is what people get who filled in a form, of a verb that tells lines: the
// outcome above them, and no note.
func tabled(verb, session, text string, lines ...string) string {
	full := completed(verb, session, "info", text, lines...)
	return strings.Replace(full, `<note type="info">`+escaped(text)+`</note>`, "", 1)
}

// completed is what programs get that submit a form at once: the outcome in one
// note and in the title, the lines in one field. No table, which Gajim does not
// survive, and no actions.
func completed(verb, session, note, text string, lines ...string) string {
	values := ""
	for _, line := range lines {
		values += "<value>" + escaped(line) + "</value>"
	}
	return fill(`<command xmlns="http://jabber.org/protocol/commands" node="VERB" sessionid="SESSION" status="completed">`+
		`<note type="NOTE">TEXT</note><x xmlns="jabber:x:data" type="result"><title>TEXT</title>`+
		`<field var="result" type="text-multi" label="VERB">VALUES</field></x></command>`,
		"VERB", verb, "SESSION", session, "NOTE", note, "TEXT", escaped(text), "VALUES", values)
}

func escaped(text string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		panic(err) // a strings.Builder does not fail
	}
	return b.String()
}

// condition is what an IQ error says.
func condition(t testing.TB, err error) stanza.Error {
	t.Helper()
	var e stanza.Error
	require.ErrorAs(t, err, &e)
	return e
}

// TestAdhocList: an attribute more than these three and Gajim shows no list at
// all; profanity shows nothing but the node.
func TestAdhocList(t *testing.T) {
	admin := login(t, "admin@localhost")
	for _, to := range addresses() {
		t.Run(to.String(), func(t *testing.T) {
			t.Parallel()
			reply, err := admin.Ask(patience(t), stanza.GetIQ, to, `<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>`)
			require.NoError(t, err)
			query, ok := reply.Child(disco.NSItems, "query")
			require.True(t, ok, reply.String())
			assert.Equal(t, commands.NS, query.Attr("node"))
			require.Len(t, query.Children, len(forms))
			var names []string
			for i, item := range query.Children {
				name := item.Attr("name")
				assert.ElementsMatch(t, []xml.Attr{
					{Name: xml.Name{Local: "jid"}, Value: to.String()},
					{Name: xml.Name{Local: "node"}, Value: forms[i].verb},
					{Name: xml.Name{Local: "name"}, Value: name},
				}, item.Attrs)
				assert.Regexp(t, "^[A-Z][a-z' ]{5,20}[a-z?]$", name, "Psi's list is that wide")
				names = append(names, name)
				assert.Empty(t, item.Children)
			}
			slices.Sort(names)
			assert.Len(t, slices.Compact(names), len(forms), "Gajim shows nothing but the name")
		})
	}
}

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
				reply, err := admin.Ask(patience(t), stanza.GetIQ, to, fill(`<query xmlns='http://jabber.org/protocol/disco#info' node='NODE'/>`, "NODE", test.node))
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

// TestAdhocBesides is what clients ask beside commands. Where there is nothing
// to answer they are told so, and do not wait.
func TestAdhocBesides(t *testing.T) {
	admin := login(t, "admin@localhost")
	for name, test := range map[string]struct {
		typ     stanza.IQType
		payload string
		answer  string // a pattern of the reply's content
		refused stanza.Condition
	}{
		"ping":                         {stanza.GetIQ, `<ping xmlns='urn:xmpp:ping'/>`, `^$`, ""},
		"version":                      {stanza.GetIQ, `<query xmlns='jabber:iq:version'/>`, `^<query xmlns="jabber:iq:version"><name>emanagement</name><version>.+</version></query>$`, ""},
		"get of what it does not know": {stanza.GetIQ, `<vCard xmlns='vcard-temp'/>`, "", stanza.ServiceUnavailable},
		"set of what it does not know": {stanza.SetIQ, `<query xmlns='jabber:iq:register'/>`, "", stanza.ServiceUnavailable},
		"get of a command":             {stanza.GetIQ, `<command xmlns='http://jabber.org/protocol/commands' node='getRoster'/>`, "", stanza.ServiceUnavailable},
		"profanity's /form cancel":     {stanza.SetIQ, `<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='cancel'/></query>`, "", stanza.ServiceUnavailable},
		"info of an unknown node":      {stanza.GetIQ, `<query xmlns='http://jabber.org/protocol/disco#info' node='nothing'/>`, "", stanza.ItemNotFound},
		"items of an unknown node":     {stanza.GetIQ, `<query xmlns='http://jabber.org/protocol/disco#items' node='nothing'/>`, "", stanza.ItemNotFound},
	} {
		for _, to := range addresses() {
			t.Run(name+" at "+to.String(), func(t *testing.T) {
				t.Parallel()
				reply, err := admin.Ask(patience(t), test.typ, to, test.payload)
				if test.refused != "" {
					refusal := condition(t, err)
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

// TestAdhocForms: without a type profanity loses a field's value, and without
// a label nobody knows what to fill in. Where nothing is to be filled in, the
// answer comes at once.
func TestAdhocForms(t *testing.T) {
	admin := login(t, "admin@localhost")
	for _, want := range forms {
		t.Run(want.verb, func(t *testing.T) {
			t.Parallel()
			r, err := admin.Execute(patience(t), service, want.verb)
			require.NoError(t, err)
			assert.Equal(t, want.verb, r.Node)
			assert.NotEmpty(t, r.SessionID)
			if want.fields == nil {
				assert.Equal(t, "completed", r.Status)
				return
			}
			assert.Equal(t, "executing", r.Status)
			assert.Equal(t, "complete", r.DefaultAction)
			assert.Equal(t, []string{"complete"}, r.Actions)
			assert.Empty(t, r.Notes)
			assert.Equal(t, "form", r.FormType)
			assert.Regexp(t, "^"+want.verb+": .", r.Title)
			assert.NotEmpty(t, r.Instructions)
			assert.NotContains(t, r.Instructions, "\n", "one element; clients show the first only")
			assert.Equal(t, want.fields, fieldsOf(t, r))
		})
	}
}

// fieldsOf describes a form's fields as the table above does, and checks what
// holds for every one.
func fieldsOf(t testing.TB, r xmppclient.Response) []string {
	var fields []string
	for _, f := range r.Fields {
		required := ""
		if f.Required {
			required = " *"
		}
		fields = append(fields, f.Var+" "+f.Type+required)
		assert.NotEmpty(t, f.Label, f.Var)
		var want []xmppclient.Option
		if f.Required && options[f.Var] != nil {
			// Else poezio and Psi choose the first one for who forgets to.
			want = []xmppclient.Option{{Label: "(choose one)"}}
			assert.Equal(t, []string{""}, f.Values, f.Var)
		} else {
			assert.Empty(t, f.Values, f.Var)
		}
		for _, o := range options[f.Var] {
			want = append(want, xmppclient.Option{Label: o, Value: o})
		}
		assert.Equal(t, want, f.Options, f.Var)
		assert.Equal(t, want != nil, f.Type == "list-single", f.Var)
	}
	return fields
}

// submitted is what clients were seen to send when the form of
// addBuddyToRoster is filled in, and what then stands.
var submitted = map[string]struct {
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
	// No action, and a field without a value where nothing was filled in.
	"profanity": {`<command xmlns='http://jabber.org/protocol/commands' node='addBuddyToRoster' sessionid='SESSION'>` +
		`<x xmlns='jabber:x:data' type='submit'>` +
		`<field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/commands</value></field>` +
		`<field var='userJid' type='jid-single'><value>USER</value></field>` +
		`<field var='buddyJid' type='jid-single'><value>BUDDY</value></field>` +
		`<field var='buddyNick' type='text-single'/>` +
		`<field var='buddyGroup' type='text-multi'/>` +
		`<field var='subscription_type' type='list-single'><value>both</value></field>` +
		`</x></command>`, "", []string{}},
	// "next", although only "complete" is offered.
	"poezio": {`<command xmlns='http://jabber.org/protocol/commands' node='addBuddyToRoster' sessionid='SESSION' action='next'>` +
		`<x xmlns='jabber:x:data' type='submit'>` +
		`<instructions>The item will have exactly this nick.</instructions>` +
		`<field type='fixed'><value>A heading</value></field>` +
		`<field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/commands</value></field>` +
		`<field var='userJid'><value>USER</value></field>` +
		`<field var='buddyJid'><value>BUDDY</value></field>` +
		`<field var='buddyNick'><value/></field>` +
		`<field var='buddyGroup'><value>One</value><value/></field>` +
		`<field var='subscription_type'><value>both</value></field>` +
		`</x></command>`, "", []string{"One"}},
	// The whole form comes back.
	"Gajim": {`<command xmlns='http://jabber.org/protocol/commands' node='addBuddyToRoster' sessionid='SESSION' action='complete'>` +
		`<x xmlns='jabber:x:data' type='submit'>` +
		`<title>addBuddyToRoster: put a contact into a user's roster</title>` +
		`<instructions>The item will have exactly this nick.</instructions>` +
		`<field type='fixed'><value>A heading</value></field>` +
		`<field var='userJid' type='jid-single' label='User'><required/><value>USER</value></field>` +
		`<field var='buddyJid' type='jid-single' label='Contact'><required/><value>BUDDY</value></field>` +
		`<field var='buddyNick' type='text-single' label='The contact&apos;s nick'><value>Terry</value></field>` +
		`<field var='buddyGroup' type='text-multi' label='Groups, one a line'><value>One</value></field>` +
		`<field var='subscription_type' type='list-single' label='Subscription'><required/>` +
		`<option label='none'><value>none</value></option><option label='to'><value>to</value></option>` +
		`<option label='from'><value>from</value></option><option label='both'><value>both</value></option>` +
		`<value>both</value></field>` +
		`</x></command>`, "Terry", []string{"One"}},
	// The default action is left out, and there are line ends between elements.
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

func TestAdhocSubmissions(t *testing.T) {
	admin := login(t, "admin@localhost")
	for client, test := range submitted {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			jids := people(t, "localhost", "user", "buddy")
			// In one step there is no session, and Gajim wants one all the same.
			session := "addBuddyToRoster"
			if strings.Contains(test.command, "SESSION") {
				session = open(t, admin, "addBuddyToRoster")
			}
			want := completed("addBuddyToRoster", session, "info", "Done", "Done")
			if session != "addBuddyToRoster" {
				want = noted("addBuddyToRoster", session, "info", "Done")
			}
			got := exchange(t, admin, service, fill(test.command, "SESSION", session, "USER", jids[0], "BUDDY", jids[1]))
			assert.Equal(t, want, got.String())
			assert.Equal(t, []entry{{jids[1], test.nick, "both", test.groups}}, stored(t, server, jids[0]))
		})
	}
}

// TestAdhocAnswers has an answer of every kind, as it is on the wire.
func TestAdhocAnswers(t *testing.T) {
	admin := login(t, "admin@localhost")
	for name, test := range map[string]struct {
		verb, user, note, text string
		readable, lines        []string // what people and programs get; nil: the text
	}{
		"yes": {"checkUserJid", "SOMEBODY", "info", "true", nil, nil},
		"no":  {"checkUserJid", "NOBODY", "info", "false", nil, nil},
		"rows": {"getRoster", "SOMEBODY", "info", "2 items",
			[]string{"a@localhost – A & Ω – to – One, Two", "b@localhost – both"},
			[]string{"a@localhost\tA & Ω\tto\tnone\tOne;Two", "b@localhost\t\tboth\tnone\t"}},
		"not found": {"getRoster", "NOBODY", "error", "Roster not found for user NOBODY", nil, nil},
		"no roster": {"removeRoster", "NOBODY", "error", "Roster not found for userJid NOBODY", nil, nil},
		"done":      {"removeRoster", "SOMEBODY", "info", "Done", nil, nil},
	} {
		for _, to := range addresses() {
			t.Run(name+" at "+to.Resourcepart(), func(t *testing.T) {
				t.Parallel()
				jids := people(t, "localhost", "somebody", "nobody")
				names := []string{"SOMEBODY", jids[0], "NOBODY", jids[1]}
				put(t, server, jids[0], entry{"a@localhost", "A & Ω", "to", []string{"Two", "One"}})
				put(t, server, jids[0], entry{"b@localhost", "", "both", nil})
				first, err := admin.Execute(patience(t), to, test.verb)
				require.NoError(t, err)
				got, err := admin.Submit(patience(t), to, first, "complete", args("userJid", fill(test.user, names...)))
				require.NoError(t, err)
				text := fill(test.text, names...)
				want := noted(test.verb, first.SessionID, test.note, text)
				if test.readable != nil {
					want = tabled(test.verb, first.SessionID, text, test.readable...)
				}
				require.Len(t, got.Raw.Children, 1)
				assert.Equal(t, want, got.Raw.Children[0].String())
			})
			t.Run(name+" at once at "+to.Resourcepart(), func(t *testing.T) {
				t.Parallel()
				jids := people(t, "localhost", "somebody", "nobody")
				names := []string{"SOMEBODY", jids[0], "NOBODY", jids[1]}
				put(t, server, jids[0], entry{"a@localhost", "A & Ω", "to", []string{"Two", "One"}})
				put(t, server, jids[0], entry{"b@localhost", "", "both", nil})
				got, err := admin.Run(patience(t), to, test.verb, args("userJid", fill(test.user, names...)))
				require.NoError(t, err)
				text := fill(test.text, names...)
				lines := test.lines
				if lines == nil {
					lines = []string{text}
				}
				require.Len(t, got.Raw.Children, 1)
				assert.Equal(t, completed(test.verb, test.verb, test.note, text, lines...), got.Raw.Children[0].String())
			})
		}
	}
}

// TestAdhocBadValue: the form comes back, says which field is wrong where
// every client shows it, and keeps what was filled in. Corrected, it is done.
func TestAdhocBadValue(t *testing.T) {
	admin := login(t, "admin@localhost")
	for name, test := range map[string]struct {
		field  string
		values []string
		why    string
	}{
		"left out":             {"userJid", nil, "a value is missing"},
		"empty":                {"buddyJid", []string{""}, "a value is missing"},
		"blank":                {"subscription_type", []string{" \t"}, "a value is missing"},
		"no JID":               {"userJid", []string{"demo @localhost"}, `"demo @localhost" is not a JID: in the name of an account, ' ' is written \20 (XEP-0106)`},
		"a host":               {"userJid", []string{"localhost"}, `"localhost" is not a user's JID (user@host)`},
		"a user elsewhere":     {"userJid", []string{"demo@remote.example"}, "remote.example: not a host whose rosters are managed here (these are: example.org, localhost)"},
		"a contact that is no": {"buddyJid", []string{"@localhost"}, `"@localhost" is not a JID`},
		"no subscription":      {"subscription_type", []string{"friend"}, `"friend" is not one of none, to, from, both`},
		"two values":           {"buddyNick", []string{"T", "T2"}, "one value is enough, here are 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			jids := people(t, "localhost", "user", "buddy")
			good := args("userJid", jids[0], "buddyJid", jids[1], "buddyNick", "T <&>", "buddyGroup", "One", "buddyGroup", "Two", "subscription_type", "from")
			bad := maps.Clone(good)
			bad[test.field] = test.values

			first, err := admin.Execute(patience(t), service, "addBuddyToRoster")
			require.NoError(t, err)
			again, err := admin.Submit(patience(t), service, first, "complete", bad)
			require.NoError(t, err)
			label, ok := first.Field(test.field)
			require.True(t, ok)
			comesBack(t, first, again, label.Label+" ("+test.field+"): "+test.why, bad)
			assert.Empty(t, stored(t, server, jids[0]))

			last, err := admin.Submit(patience(t), service, again, "complete", good)
			require.NoError(t, err)
			assert.Equal(t, noted("addBuddyToRoster", first.SessionID, "info", "Done"), last.Raw.Children[0].String())
			assert.Equal(t, []entry{{jids[1], "T <&>", "from", []string{"One", "Two"}}}, stored(t, server, jids[0]))
		})
	}
}

// comesBack checks that a form is the first one again, but for what was filled
// in and what is wrong with it.
func comesBack(t *testing.T, first, again xmppclient.Response, wrong string, values map[string][]string) {
	t.Helper()
	want := first
	want.Raw = again.Raw
	want.Title = wrong
	want.Notes = []xmppclient.Note{{Type: "error", Text: wrong}}
	want.Fields = slices.Clone(first.Fields)
	for i, f := range want.Fields {
		want.Fields[i].Values = values[f.Var]
	}
	assert.Equal(t, want, again)
}

// TestAdhocBadValueInOneStep: there the session begins with the form.
func TestAdhocBadValueInOneStep(t *testing.T) {
	admin := login(t, "admin@localhost")
	user := people(t, "localhost", "user")[0]
	first, err := admin.Execute(patience(t), service, "checkUserJid")
	require.NoError(t, err)
	start := xmppclient.Response{Node: "checkUserJid"}
	again, err := admin.Submit(patience(t), service, start, "", args("userJid", "localhost"))
	require.NoError(t, err)
	assert.NotEmpty(t, again.SessionID)
	first.SessionID = again.SessionID
	comesBack(t, first, again, `User (userJid): "localhost" is not a user's JID (user@host)`, args("userJid", "localhost"))

	last, err := admin.Submit(patience(t), service, again, "", args("userJid", user))
	require.NoError(t, err)
	assert.Equal(t, noted("checkUserJid", again.SessionID, "info", "false"), last.Raw.Children[0].String())
}

func TestAdhocCancel(t *testing.T) {
	admin := login(t, "admin@localhost")
	for name, cancel := range map[string]string{
		"the action":           `<command xmlns='http://jabber.org/protocol/commands' node='removeRoster' sessionid='SESSION' action='cancel'/>`,
		"the action, a form":   `<command xmlns='http://jabber.org/protocol/commands' node='removeRoster' sessionid='SESSION' action='cancel'><x xmlns='jabber:x:data' type='submit'><field var='userJid'><value>USER</value></field></x></command>`,
		"the type of the form": `<command xmlns='http://jabber.org/protocol/commands' node='removeRoster' sessionid='SESSION'><x xmlns='jabber:x:data' type='cancel'/></command>`,
		"its type, filled in":  `<command xmlns='http://jabber.org/protocol/commands' node='removeRoster' sessionid='SESSION' action='complete'><x xmlns='jabber:x:data' type='cancel'><field var='userJid'><value>USER</value></field></x></command>`,
		"its type, executed":   `<command xmlns='http://jabber.org/protocol/commands' node='removeRoster' sessionid='SESSION' action='execute'><x xmlns='jabber:x:data' type='cancel'/></command>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user := people(t, "localhost", "user")[0]
			put(t, server, user, entry{"contact@localhost", "", "both", nil})
			session := open(t, admin, "removeRoster")
			got := exchange(t, admin, service, fill(cancel, "SESSION", session, "USER", user))
			assert.Equal(t, fill(`<command xmlns="http://jabber.org/protocol/commands" node="removeRoster" sessionid="SESSION" status="canceled"/>`, "SESSION", session), got.String())

			noSession(t, admin, "removeRoster", session, args("userJid", user))
			assert.Len(t, stored(t, server, user), 1)
		})
	}
}

// noSession checks that a submission is refused because the client has no such
// session for this verb: it never had, or it is over.
func noSession(t testing.TB, c *xmppclient.Client, verb, session string, values map[string][]string) {
	t.Helper()
	r, err := c.Submit(patience(t), service, xmppclient.Response{Node: verb, SessionID: session}, "complete", values)
	assert.Equal(t, stanza.BadRequest, condition(t, err).Condition)
	e, _ := r.Raw.Child("", "error")
	_, ok := e.Child(commands.NS, "bad-sessionid")
	assert.True(t, ok, r.Raw.String())
}

// TestAdhocSession: a session outlasts what is refused, and what others try
// with it; it ends with the answer.
func TestAdhocSession(t *testing.T) {
	admin, elsewhere, reader := login(t, "admin@localhost"), login(t, "admin@localhost"), login(t, "reader@localhost")
	user := people(t, "localhost", "user")[0]
	values := args("userJid", user)
	first, err := admin.Execute(patience(t), service, "checkUserJid")
	require.NoError(t, err)
	for _, other := range []*xmppclient.Client{elsewhere, reader} {
		noSession(t, other, "checkUserJid", first.SessionID, values)
	}
	noSession(t, admin, "getRoster", first.SessionID, values)
	for _, action := range []string{"prev", "nonsense"} {
		_, err := admin.Submit(patience(t), service, first, action, values)
		assert.Equal(t, stanza.BadRequest, condition(t, err).Condition)
	}
	_, err = admin.Ask(patience(t), stanza.SetIQ, service, `<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='cancel'/></query>`)
	assert.Equal(t, stanza.ServiceUnavailable, condition(t, err).Condition)

	last, err := admin.Submit(patience(t), service, first, "complete", values)
	require.NoError(t, err)
	assert.Equal(t, noted("checkUserJid", first.SessionID, "info", "false"), last.Raw.Children[0].String())
	noSession(t, admin, "checkUserJid", first.SessionID, values)
}

// TestAdhocErrors: the text is all that many clients show, and without the
// echo of the command slixmpp and poezio show nothing.
func TestAdhocErrors(t *testing.T) {
	for name, test := range map[string]struct {
		asker, opened, command string // opened: the verb whose form SESSION is, "" for none
		want, text             string // type, condition, the command's own condition
	}{
		"no such verb":           {"admin", "", `node="nothing" sessionid="old" action="complete"`, "cancel item-not-found", "no such command: nothing"},
		"a verb misspelt":        {"admin", "", `node="getRooster" action="execute"`, "cancel item-not-found", "no such command: getRooster; did you mean getRoster?"},
		"no verb":                {"admin", "", `node=""`, "cancel item-not-found", "no such command: "},
		"a stranger":             {"stranger", "", `node="getRoster" sessionid="old"`, "auth forbidden", "stranger@localhost may not run commands here"},
		"a stranger, no verb":    {"stranger", "", `node="nothing"`, "auth forbidden", "stranger@localhost may not run commands here"},
		"too small a role":       {"reader", "", `node="removeRoster" sessionid="old"`, "auth forbidden", "reader@localhost may not run removeRoster: it takes the role write"},
		"another host":           {"writer", "getRoster", `node="getRoster" sessionid="SESSION" action="complete"`, "auth forbidden", "writer@localhost may not run getRoster on example.org"},
		"another host at once":   {"writer", "", `node="getRoster"`, "auth forbidden", "writer@localhost may not run getRoster on example.org"},
		"no such session":        {"admin", "", `node="getRoster" sessionid="old" action="complete"`, "modify bad-request bad-sessionid", "no such session; begin the command again"},
		"another verb's session": {"admin", "checkUserJid", `node="getRoster" sessionid="SESSION"`, "modify bad-request bad-sessionid", "no such session; begin the command again"},
		"cancel of no session":   {"admin", "", `node="getRoster" sessionid="old" action="cancel"`, "modify bad-request bad-sessionid", "no such session; begin the command again"},
		"prev":                   {"admin", "getRoster", `node="getRoster" sessionid="SESSION" action="prev"`, "modify bad-request bad-action", "there is no earlier stage"},
		"nonsense":               {"admin", "getRoster", `node="getRoster" sessionid="SESSION" action="nonsense"`, "modify bad-request malformed-action", "no such action: nonsense"},
		"nonsense at once":       {"admin", "", `node="getRoster" action="Complete"`, "modify bad-request malformed-action", "no such action: Complete"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := login(t, test.asker+"@localhost")
			session := ""
			if test.opened != "" {
				session = open(t, c, test.opened)
			}
			head := `<command xmlns="http://jabber.org/protocol/commands" ` + fill(test.command, "SESSION", session)
			reply, err := c.Ask(patience(t), stanza.SetIQ, service, head+
				`><x xmlns='jabber:x:data' type='submit'><field var='userJid'><value>user@example.org</value></field></x></command>`)
			assert.Equal(t, map[string]string{"": test.text}, condition(t, err).Text)
			require.Len(t, reply.Children, 2)
			assert.Equal(t, head+"/>", reply.Children[0].String(), "the command's start, nothing of its form")
			assert.Equal(t, test.want, conditions(reply.Children[1]))
		})
	}
}

// conditions is an error element's type and its conditions, without the text.
func conditions(e xmppclient.Element) string {
	said := []string{e.Attr("type")}
	for _, child := range e.Children {
		if child.Name.Local != "text" {
			said = append(said, child.Name.Local)
		}
	}
	return strings.Join(said, " ")
}
