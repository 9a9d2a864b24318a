package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
)

// chatForbidden checks the refusals that a user with too small a role gets.
func chatForbidden(t *testing.T, d chatDeployment) {
	c := d.chatter(t, "reader@localhost")
	assert.Equal(t, "reader@localhost may not run removeRoster: it takes the role write.", c.ask("removeroster a@localhost"))
	assert.Equal(t, "reader@localhost may not run removeRoster: it takes the role write.", c.ask("help removeRoster"))
	assert.NotContains(t, c.ask("help"), "removeRoster")
	assert.Contains(t, d.program.Log(), "front=chat verb=removeRoster")
	c.requireNoMoreAnswers()
}

// chatStranger checks that a user without a grant gets one answer. Later
// messages get none, and the log records the first ones.
func chatStranger(t *testing.T, d chatDeployment) {
	c, other := d.chatter(t, "stranger@localhost/one"), d.chatter(t, "stranger@localhost/two")
	assert.Equal(t, "Sorry, stranger@localhost may not run commands here. The administrator of this server can change that.", c.ask("getRoster a@localhost"))
	for range 20 {
		c.say("Please!")
		other.say("help")
	}
	require.Eventually(t, func() bool {
		return strings.Count(d.program.Log(), "asker=stranger@localhost/") >= 10 // then they are only counted
	}, time.Minute, 20*time.Millisecond)
	for _, c := range []chatter{c, other} {
		assertNoStanza(t, c.Client, "message", "")
	}
	assert.Equal(t, 1, strings.Count(d.program.Log(), "asker=stranger@localhost/one front=chat verb=getRoster"))
}

// chatOdd checks that the component does not answer messages that are not
// questions.
func chatOdd(t *testing.T, d chatDeployment) {
	c := d.chatter(t, "odd@localhost/r")
	const question = "<body>listJobs</body>"
	forwarded := "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' type='chat' from='odd@localhost/x' to='" + service.String() + "'>" + question + "</message></forwarded>"
	for name, odd := range map[string][2]string{
		"an error":           {"type='error'", question + "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"},
		"of a room":          {"type='groupchat'", question},
		"a headline":         {"type='headline'", question},
		"a carbon, sent":     {"type='chat'", question + "<sent xmlns='urn:xmpp:carbons:2'>" + forwarded + "</sent>"},
		"a carbon, received": {"type='chat'", question + "<received xmlns='urn:xmpp:carbons:2'>" + forwarded + "</received>"},
		"of an archive":      {"", question + "<result xmlns='urn:xmpp:mam:2' queryid='q' id='i'>" + forwarded + "</result>"},
		"forwarded":          {"type='chat'", question + forwarded},
		"delayed":            {"type='chat'", question + "<delay xmlns='urn:xmpp:delay' stamp='2012-02-29T12:00:00Z'/>"},
		"delayed, as once":   {"type='chat'", question + "<x xmlns='jabber:x:delay' stamp='20120229T12:00:00'/>"},
		"by privilege":       {"", question + "<privilege xmlns='urn:xmpp:privilege:2'>" + forwarded + "</privilege>"},
		"in a room":          {"type='chat'", question + "<x xmlns='http://jabber.org/protocol/muc#user'/>"},
		"typing":             {"type='chat'", "<composing xmlns='http://jabber.org/protocol/chatstates'/>"},
		"a receipt":          {"type='chat'", "<received xmlns='urn:xmpp:receipts' id='x'/>"},
		"a marker":           {"type='chat'", "<displayed xmlns='urn:xmpp:chat-markers:0' id='x'/>"},
		"nothing":            {"type='chat'", ""},
		"a blank":            {"type='chat'", "<body> \n</body>"},
		"another's body":     {"type='chat'", "<body xmlns='http://www.w3.org/1999/xhtml'>listJobs</body>"},
		"a subject":          {"type='chat'", "<subject>listJobs</subject>"},
	} {
		c.sendMessage(odd[0], odd[1])
		unknown := uniqueJIDs(t, "localhost", strings.Map(lettersOnly, name))[0]
		require.Equal(t, "Roster not found for user "+unknown, c.ask("getRoster "+unknown), name)
	}
	require.NoError(t, c.Send(shortContext(t), fmt.Sprintf("<message to='news@%s' type='chat'>%s</message>", service, question)))
	c.requireNoMoreAnswers()
}

// lettersOnly replaces every rune except lower-case letters by a dot, for
// strings.Map.
func lettersOnly(r rune) rune {
	if r < 'a' || r > 'z' {
		return '.'
	}
	return r
}

// chatForged checks that a user who may send messages in the name of others
// cannot make the component run verbs as those users.
func chatForged(t *testing.T, d chatDeployment) {
	c := d.chatter(t, "writer@localhost/r")
	storeItems(t, d.Server, "victim@localhost", storedItem{"contact@localhost", "", "none", nil})
	const remove = "removeBuddyFromRoster victim@localhost contact@localhost"
	for _, to := range []string{service.String(), service.String() + "/any"} {
		for _, from := range []string{"quiet@localhost", "quiet@localhost/r"} {
			require.Equal(t, "Done; the server took it; if the recipient refuses it, only quiet@localhost is told", c.ask("sendMessageToUser "+from+" "+to+" '"+remove+"'"))
		}
		require.Equal(t, "Done", c.ask("sendMessageToUser news "+to+" '"+remove+"'"))
		require.Equal(t, "sent to 1 of 1 recipient\n"+to+" – Done", c.ask("broadcast quiet@localhost ["+to+"] '"+remove+"'"))
	}
	// The component handles quiet's own question after the messages in quiet's name.
	quiet := d.chatter(t, "quiet@localhost/r")
	quiet.requireNoMoreAnswers()
	assert.NotEmpty(t, storedRoster(t, d.Server, "victim@localhost"))
	assert.NotContains(t, d.program.Log(), "asker=quiet@localhost")
	require.Equal(t, "Done", quiet.ask(remove))
	assert.Contains(t, d.program.Log(), "asker=quiet@localhost/r front=chat verb=removeBuddyFromRoster")
	c.requireNoMoreAnswers()
}

// chatCarbons checks that a second client sees carbons of the question and of
// the answer, and that the component answers neither.
func chatCarbons(t *testing.T, d chatDeployment) {
	one, two := d.chatter(t, "carbons@localhost/one"), d.chatter(t, "carbons@localhost/two")
	for _, c := range []chatter{one, two} {
		_, err := c.Ask(shortContext(t), "set", jid.JID{}, "<enable xmlns='urn:xmpp:carbons:2'/>")
		require.NoError(t, err)
		require.NoError(t, c.Send(shortContext(t), "<presence/>"))
		nextStanza(t, c.Client, "presence", c.JID().String())
	}
	assert.Equal(t, "false", one.ask("checkUserJid nobody@localhost"))
	for _, want := range []string{"checkUserJid nobody@localhost", "false"} {
		carbon := nextStanza(t, two.Client, "message", "carbons@localhost")
		assert.Contains(t, carbon.String(), `xmlns="urn:xmpp:carbons:2"`)
		assert.Contains(t, carbon.String(), "<body>"+want+"</body>")
		// The component does not answer a client that forwards its carbons, either.
		sent := strings.Replace(carbon.String(), `to="carbons@localhost/two"`, `to="`+service.String()+`"`, 1)
		sent = strings.Replace(sent, ` from="carbons@localhost"`, "", 1)
		require.NoError(t, two.Send(shortContext(t), sent))
	}
	two.requireNoMoreAnswers()
	one.requireNoMoreAnswers()
}
