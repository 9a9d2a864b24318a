package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// chatter is a client that chats with the component.
type chatter struct {
	*xmppclient.Client
	t testing.TB
}

// say sends the component a line as a chat message.
func (c chatter) say(line string) {
	c.t.Helper()
	c.sendMessage("type='chat'", "<body>"+xmlEscaped(line)+"</body>")
}

// sendMessage sends the component a message with these attributes and content.
func (c chatter) sendMessage(attributes, content string) {
	c.t.Helper()
	require.NoError(c.t, c.Send(shortContext(c.t), fmt.Sprintf("<message to='%s' %s>%s</message>", service, attributes, content)))
}

// receive returns the text of the next message from the component.
func (c chatter) receive() string {
	c.t.Helper()
	return bodyOf(nextStanza(c.t, c.Client, "message", service.String()))
}

// ask sends a line and returns the one message that answers it.
func (c chatter) ask(line string) string {
	c.t.Helper()
	c.say(line)
	return c.receive()
}

// requireNoMoreAnswers checks that no earlier answer is pending: it asks a
// question and requires that the next message answers it.
func (c chatter) requireNoMoreAnswers() {
	c.t.Helper()
	unknown := uniqueJIDs(c.t, "localhost", "unknown")[0]
	require.Equal(c.t, "Roster not found for user "+unknown, c.ask("getRoster "+unknown))
}

// chatDeployment is a server with the program beside it. Each test has its own
// account, because the number of messages of one requester is limited.
type chatDeployment struct {
	*testserver.Server
	program *testserver.Program
}

func newChatDeployment(t *testing.T) chatDeployment {
	t.Helper()
	s := testserver.Run(t, func(c map[string]any) {
		modules := c["modules"].(map[string]any)
		modules["mod_carboncopy"] = map[string]any{}
		modules["mod_mam"] = map[string]any{"default": "always"}
	})
	accounts := "\n  - {jid: rails.localhost, role: admin}\n  - {jid: example.org, role: admin}"
	for _, name := range []string{"verbs", "replies", "odd", "carbons", "flood", "boss", "busy", "away", "quiet", "echo", "contact"} {
		registerOn(t, s, name+"@localhost")
		accounts += fmt.Sprintf("\n  - {jid: %s@localhost, role: admin}", name)
	}
	registerOn(t, s, "reader@localhost", "writer@localhost", "stranger@localhost", "nocontact@localhost")
	accounts += "\n  - {jid: reader@localhost, role: read}\n  - {jid: writer@localhost, role: write}"
	program, err := testserver.StartProgram(t.Context(), binary, s, testserver.Settings{Access: accounts})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, program.Stop()) })
	return chatDeployment{s, program}
}

func (d chatDeployment) chatter(t testing.TB, account string) chatter {
	t.Helper()
	return chatter{loginTo(t, d.Server, account), t}
}

// TestChat has people and programs chat with the component.
func TestChat(t *testing.T) {
	t.Parallel()
	d := newChatDeployment(t)
	for name, test := range map[string]func(*testing.T, chatDeployment){
		"verbs": chatVerbs, "replies": chatReplies, "yes": chatYes, "forbidden": chatForbidden,
		"a stranger": chatStranger, "not a question": chatOdd, "a forged sender": chatForged, "a flood": chatFlood,
		"a long verb": chatLong, "copies": chatCarbons, "a component": chatComponent, "an echo": chatEcho, "a contact": chatContact, "an automatic reply": chatAway,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, d)
		})
	}
}

// chatVerbs runs verbs and reads the help.
func chatVerbs(t *testing.T, d chatDeployment) {
	c := d.chatter(t, "verbs@localhost/phone")
	jids := uniqueJIDs(t, "localhost", "a", "b")
	assert.Equal(t, "Done", c.ask("AddBuddyToRoster "+jids[0]+" "+jids[1]+" “Terry ‘T’ <&> ✓ $(id)” „Semi;colon“ both"))
	assert.Equal(t, []storedItem{{jids[1], "Terry ‘T’ <&> ✓ $(id)", "both", []string{"Semi;colon"}}}, storedRoster(t, d.Server, jids[0]))
	assert.Equal(t, "1 item\n"+jids[1]+" – Terry ‘T’ <&> ✓ $(id) – both – Semi;colon", c.ask("getRoster "+jids[0]))
	assert.Equal(t, "true", c.ask("checkUserJid "+jids[0]))
	assert.Equal(t, "User nobody@localhost not found in "+jids[0]+" roster.", c.ask("removeBuddyFromRoster "+jids[0]+" nobody@localhost"))
	assert.Equal(t, "Done", c.ask("removebuddyfromroster "+jids[0]+" "+jids[1]))
	assert.Empty(t, storedRoster(t, d.Server, jids[0]))
	assert.Contains(t, c.ask(`getRoster "`+jids[0]), "a quote is not closed")
	assert.Contains(t, c.ask("help getRoster"), "Example:\ngetRoster ana@localhost")
	c.say("help")
	assert.True(t, strings.HasPrefix(c.receive(), "(1/2)\nCommands that you can send here (37):\n"))
	assert.True(t, strings.HasPrefix(c.receive(), "(2/2)\n"))
	assert.Equal(t, "Done", c.ask("sendMessageToUser news reader@localhost “the secret”"))
	c.requireNoMoreAnswers()

	log := d.program.Log()
	assert.Contains(t, log, "asker=verbs@localhost/phone front=chat verb=addBuddyToRoster")
	assert.Contains(t, log, "front=chat verb=sendMessageToUser")
	assert.NotContains(t, log, "the secret")
}

// chatReplies checks that the answer goes to the client that asked, in the same
// conversation (type and thread).
func chatReplies(t *testing.T, d chatDeployment) {
	one, two := d.chatter(t, "replies@localhost/one"), d.chatter(t, "replies@localhost/two")
	for _, c := range []chatter{one, two} {
		require.NoError(t, c.Send(shortContext(t), "<presence/>"))
		nextStanza(t, c.Client, "presence", c.JID().String())
	}
	for _, test := range []struct{ attributes, typ, thread, from string }{
		{"type='chat'", "chat", "", service.String()},
		{"type='normal'", "normal", "", service.String()},
		{"", "normal", "t1 <&>", service.String()},
		{"type='chat' id='q1'", "chat", "t2", service.String()},
	} {
		content := "<body>listJobs</body>"
		if test.thread != "" {
			content += "<thread>" + xmlEscaped(test.thread) + "</thread>"
		}
		one.sendMessage(test.attributes, content)
		e := nextStanza(t, one.Client, "message", service.String())
		assert.Equal(t, test.from, e.Attr("from"))
		assert.Equal(t, one.JID().String(), e.Attr("to"))
		typ := e.Attr("type")
		if typ == "" {
			typ = "normal"
		}
		assert.Equal(t, test.typ, typ)
		assert.NotEmpty(t, e.Attr("id"))
		thread, ok := e.Child("", "thread")
		assert.Equal(t, test.thread != "", ok)
		assert.Equal(t, test.thread, thread.Text)
		assert.Contains(t, bodyOf(e), " job")
	}
	// A question to a resource of the component is answered from that resource.
	require.NoError(t, one.Send(shortContext(t), fmt.Sprintf("<message to='%s/any' type='chat'><body>listJobs</body></message>", service)))
	assert.Equal(t, service.String()+"/any", nextStanza(t, one.Client, "message", service.String()).Attr("from"))
	one.requireNoMoreAnswers()
	assertNoStanza(t, two.Client, "message", service.String())
}

// chatYes checks the confirmation by "yes". It destroys no data of another
// test, because no other test uses that host.
func chatYes(t *testing.T, d chatDeployment) {
	c, other := d.chatter(t, "boss@localhost/phone"), d.chatter(t, "boss@localhost/desk")
	const none = "There is nothing to confirm. A question ends after a minute, or with your next message."
	const add = `addBuddyToRoster known@example.org contact@example.org "" "" none`
	asks := func() string {
		require.Equal(t, "Done", c.ask(add))
		return c.ask("removeAllRostersByDomain example.org")
	}
	assert.Equal(t, "This removes 1 item of 1 roster on example.org.\nSend \"yes\" within a minute to do it.", asks())
	assert.Equal(t, "Nothing was done.", c.ask("No."))
	assert.Equal(t, none, c.ask("yes"))
	assert.NotEmpty(t, storedRoster(t, d.Server, "known@example.org"))
	asks()
	assert.Regexp(t, `^Done; 1 item of 1 roster removed; `, other.ask("Yes."))
	assert.Empty(t, storedRoster(t, d.Server, "known@example.org"))
	require.Equal(t, "Done", c.ask(add))
	assert.Equal(t, none, c.ask("yes"))
	assert.NotEmpty(t, storedRoster(t, d.Server, "known@example.org"))
	c.requireNoMoreAnswers()
}

// chatContact checks that a user with a grant can have the component as a
// contact, and sees it as available. The component refuses the subscriptions of
// other users.
func chatContact(t *testing.T, d chatDeployment) {
	c := d.chatter(t, "contact@localhost/phone")
	require.NoError(t, c.Send(shortContext(t), "<presence/>"))
	nextStanza(t, c.Client, "presence", c.JID().String())
	subscribe := fmt.Sprintf("<presence type='subscribe' to='%s'/>", service)
	require.NoError(t, c.Send(shortContext(t), subscribe))
	assert.Equal(t, "subscribed", nextStanza(t, c.Client, "presence", service.String()).Attr("type"))
	assert.Empty(t, nextStanza(t, c.Client, "presence", service.String()).Attr("type"), "available")
	assert.Equal(t, []storedItem{{service.String(), "", "to", []string{}}}, storedRoster(t, d.Server, "contact@localhost"))

	again := d.chatter(t, "contact@localhost/desk")
	require.NoError(t, again.Send(shortContext(t), "<presence/>"))
	assert.Empty(t, nextStanza(t, again.Client, "presence", service.String()).Attr("type"), "the answer to the probe of the client's server")

	other := d.chatter(t, "nocontact@localhost/r")
	require.NoError(t, other.Send(shortContext(t), "<presence/>"))
	nextStanza(t, other.Client, "presence", other.JID().String())
	require.NoError(t, other.Send(shortContext(t), subscribe))
	assert.Equal(t, "unsubscribed", nextStanza(t, other.Client, "presence", service.String()).Attr("type"))
}

// chatLong runs a verb that takes longer than a request waits, so that it
// becomes a job.
func chatLong(t *testing.T, d chatDeployment) {
	c := d.chatter(t, "busy@localhost/r")
	unknown := make([]string, 3000)
	for i := range unknown {
		unknown[i] = fmt.Sprintf("nobody%d@localhost", i)
	}
	var number int
	started := c.ask("broadcast News [" + strings.Join(unknown, ",") + "] hi")
	_, err := fmt.Sscanf(started, "job %d: broadcast goes on;", &number)
	require.NoError(t, err, started)
	assert.Regexp(t, fmt.Sprintf(`^\d+ jobs?\n(.*\n)*%d – broadcast – busy@localhost – \S+ – \d+ of 3000`, number), c.ask("listJobs"))
	c.say(fmt.Sprintf("stopJob %d", number))
	answers := map[bool]string{} // by whether the text is Done
	for range 2 {                // in either order
		text := c.receive()
		answers[text == "Done"] = text
	}
	assert.Contains(t, answers, true)
	assert.Contains(t, answers[false], fmt.Sprintf("job %d: broadcast: stopped; what was done until then stays done: ", number))
	assert.Contains(t, answers[false], "\nnobody0@localhost – no such user, or none who takes messages\n")
}

// TestChatEverywhere checks a chat on every kind of server.
func TestChatEverywhere(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		c := chatter{d.login(t, "twofold@localhost"), t}
		user := uniqueJIDs(t, "localhost", "user")[0]
		d.storeItems(t, user, storedItem{"contact@localhost", "Terry", "both", []string{"Friends"}})
		assert.Equal(t, "1 item\ncontact@localhost – Terry – both – Friends", c.ask("getRoster "+user))
		assert.Equal(t, "Done", c.ask("removeRoster "+user))
		assert.Empty(t, d.storedRoster(t, user))
		c.requireNoMoreAnswers()
	})
}
