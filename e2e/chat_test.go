package e2e_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"

	"emanagement/component"
	"emanagement/front/chat"
	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
	"emanagement/rosterpush"
	"emanagement/server/ejabberd"
	"emanagement/server/stanzas"
	"emanagement/verb"
	"emanagement/verb/jobs"
)

// chatter is somebody who chats with the component.
type chatter struct {
	*xmppclient.Client
	t testing.TB
}

// says sends the component a line.
func (c chatter) says(line string) {
	c.t.Helper()
	c.sends("type='chat'", "<body>"+xmlText(line)+"</body>")
}

// sends sends the component a message with these attributes and content.
func (c chatter) sends(attributes, content string) {
	c.t.Helper()
	require.NoError(c.t, c.Send(patience(c.t), fmt.Sprintf("<message to='%s' %s>%s</message>", service, attributes, content)))
}

// hears takes the next message of the component.
func (c chatter) hears() string {
	c.t.Helper()
	return body(next(c.t, c.Client, "message", service.String()))
}

// asks sends a line and returns the one message that answers it.
func (c chatter) asks(line string) string {
	c.t.Helper()
	c.says(line)
	return c.hears()
}

// heardAll checks that nothing more was answered: what is asked now is
// answered next.
func (c chatter) heardAll() {
	c.t.Helper()
	nobody := people(c.t, "localhost", "nobody")[0]
	require.Equal(c.t, "Roster not found for user "+nobody, c.asks("getRoster "+nobody))
}

func xmlText(s string) string {
	var text strings.Builder
	_ = xml.EscapeText(&text, []byte(s)) // a Builder does not fail
	return text.String()
}

// chatPlace is a server with the program beside it, and as many accounts as
// tests: what one asker may send is limited.
type chatPlace struct {
	*testserver.Server
	program *testserver.Program
}

func newChatPlace(t *testing.T) chatPlace {
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
	return chatPlace{s, program}
}

func (p chatPlace) chatter(t testing.TB, account string) chatter {
	t.Helper()
	return chatter{loginTo(t, p.Server, account), t}
}

// TestChat has people and programs chat with the component.
func TestChat(t *testing.T) {
	t.Parallel()
	p := newChatPlace(t)
	for name, test := range map[string]func(*testing.T, chatPlace){
		"verbs": chatVerbs, "whom it answers": chatReplies, "yes": chatYes, "who may not": chatForbidden,
		"a stranger": chatStranger, "no question": chatOdd, "in the name of others": chatForged, "a flood": chatFlood,
		"a long verb": chatLong, "copies": chatCarbons, "a component": chatComponent, "an echo": chatEcho, "a contact": chatContact, "one who is away": chatAway,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

func chatVerbs(t *testing.T, p chatPlace) {
	c := p.chatter(t, "verbs@localhost/phone")
	jids := people(t, "localhost", "a", "b")
	assert.Equal(t, "Done", c.asks("AddBuddyToRoster "+jids[0]+" "+jids[1]+" “Terry ‘T’ <&> ✓ $(id)” „Semi;colon“ both"))
	assert.Equal(t, []entry{{jids[1], "Terry ‘T’ <&> ✓ $(id)", "both", []string{"Semi;colon"}}}, stored(t, p.Server, jids[0]))
	assert.Equal(t, "1 item\n"+jids[1]+" – Terry ‘T’ <&> ✓ $(id) – both – Semi;colon", c.asks("getRoster "+jids[0]))
	assert.Equal(t, "true", c.asks("checkUserJid "+jids[0]))
	assert.Equal(t, "User nobody@localhost not found in "+jids[0]+" roster.", c.asks("removeBuddyFromRoster "+jids[0]+" nobody@localhost"))
	assert.Equal(t, "Done", c.asks("removebuddyfromroster "+jids[0]+" "+jids[1]))
	assert.Empty(t, stored(t, p.Server, jids[0]))
	assert.Contains(t, c.asks(`getRoster "`+jids[0]), "a quote is not closed")
	assert.Contains(t, c.asks("help getRoster"), "Example:\ngetRoster ana@localhost")
	c.says("help")
	assert.True(t, strings.HasPrefix(c.hears(), "(1/2)\nThe commands that you may send here (37):\n"))
	assert.True(t, strings.HasPrefix(c.hears(), "(2/2)\n"))
	assert.Equal(t, "Done", c.asks("sendMessageToUser news reader@localhost “the secret”"))
	c.heardAll()

	log := p.program.Log()
	assert.Contains(t, log, "asker=verbs@localhost/phone front=chat verb=addBuddyToRoster")
	assert.Contains(t, log, "front=chat verb=sendMessageToUser")
	assert.NotContains(t, log, "the secret")
}

// chatReplies: the client that asked is answered, in the conversation that it
// asked in.
func chatReplies(t *testing.T, p chatPlace) {
	one, two := p.chatter(t, "replies@localhost/one"), p.chatter(t, "replies@localhost/two")
	for _, c := range []chatter{one, two} {
		require.NoError(t, c.Send(patience(t), "<presence/>"))
		next(t, c.Client, "presence", c.JID().String())
	}
	for _, test := range []struct{ attributes, typ, thread, from string }{
		{"type='chat'", "chat", "", service.String()},
		{"type='normal'", "normal", "", service.String()},
		{"", "normal", "t1 <&>", service.String()},
		{"type='chat' id='q1'", "chat", "t2", service.String()},
	} {
		content := "<body>listJobs</body>"
		if test.thread != "" {
			content += "<thread>" + xmlText(test.thread) + "</thread>"
		}
		one.sends(test.attributes, content)
		e := next(t, one.Client, "message", service.String())
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
		assert.Contains(t, body(e), " job")
	}
	// At a resource of ours, from that resource.
	require.NoError(t, one.Send(patience(t), fmt.Sprintf("<message to='%s/any' type='chat'><body>listJobs</body></message>", service)))
	assert.Equal(t, service.String()+"/any", next(t, one.Client, "message", service.String()).Attr("from"))
	one.heardAll()
	seesNone(t, two.Client, "message", service.String())
}

// chatYes destroys nothing that another test has: there is none on that host.
func chatYes(t *testing.T, p chatPlace) {
	c, other := p.chatter(t, "boss@localhost/phone"), p.chatter(t, "boss@localhost/desk")
	const none = "There is nothing that waits for a yes: a question is over when another message comes, and after a minute."
	const add = `addBuddyToRoster known@example.org contact@example.org "" "" none`
	asks := func() string {
		require.Equal(t, "Done", c.asks(add))
		return c.asks("removeAllRostersByDomain example.org")
	}
	assert.Equal(t, "This removes 1 item of 1 roster on example.org.\nSend \"yes\" within a minute to do it.", asks())
	assert.Equal(t, "Nothing was done.", c.asks("No."))
	assert.Equal(t, none, c.asks("yes"))
	assert.NotEmpty(t, stored(t, p.Server, "known@example.org"))
	asks()
	assert.Regexp(t, `^Done; 1 item of 1 roster removed; `, other.asks("Yes."))
	assert.Empty(t, stored(t, p.Server, "known@example.org"))
	require.Equal(t, "Done", c.asks(add))
	assert.Equal(t, none, c.asks("yes"))
	assert.NotEmpty(t, stored(t, p.Server, "known@example.org"))
	c.heardAll()
}

func chatForbidden(t *testing.T, p chatPlace) {
	c := p.chatter(t, "reader@localhost")
	assert.Equal(t, "reader@localhost may not run removeRoster: it takes the role write.", c.asks("removeroster a@localhost"))
	assert.Equal(t, "reader@localhost may not run removeRoster: it takes the role write.", c.asks("help removeRoster"))
	assert.NotContains(t, c.asks("help"), "removeRoster")
	assert.Contains(t, p.program.Log(), "front=chat verb=removeRoster")
	c.heardAll()
}

// chatStranger: what else comes from there meets silence, and is recorded.
func chatStranger(t *testing.T, p chatPlace) {
	c, other := p.chatter(t, "stranger@localhost/one"), p.chatter(t, "stranger@localhost/two")
	assert.Equal(t, "Sorry, stranger@localhost may not run commands here. Whoever looks after this server can change that.", c.asks("getRoster a@localhost"))
	for range 20 {
		c.says("Please!")
		other.says("help")
	}
	require.Eventually(t, func() bool {
		return strings.Count(p.program.Log(), "asker=stranger@localhost/") == 41
	}, time.Minute, 20*time.Millisecond)
	for _, c := range []chatter{c, other} {
		seesNone(t, c.Client, "message", "")
	}
	assert.Equal(t, 1, strings.Count(p.program.Log(), "asker=stranger@localhost/one front=chat verb=getRoster"))
}

// chatOdd: what is no question is not answered.
func chatOdd(t *testing.T, p chatPlace) {
	c := p.chatter(t, "odd@localhost/r")
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
		c.sends(odd[0], odd[1])
		nobody := people(t, "localhost", strings.Map(letters, name))[0]
		require.Equal(t, "Roster not found for user "+nobody, c.asks("getRoster "+nobody), name)
	}
	require.NoError(t, c.Send(patience(t), fmt.Sprintf("<message to='news@%s' type='chat'>%s</message>", service, question)))
	c.heardAll()
}

// letters leaves nothing else of a name.
func letters(r rune) rune {
	if r < 'a' || r > 'z' {
		return '.'
	}
	return r
}

// chatForged: who may send messages as others cannot have the component take
// them for theirs.
func chatForged(t *testing.T, p chatPlace) {
	c := p.chatter(t, "writer@localhost/r")
	put(t, p.Server, "victim@localhost", entry{"contact@localhost", "", "none", nil})
	const remove = "removeBuddyFromRoster victim@localhost contact@localhost"
	for _, to := range []string{service.String(), service.String() + "/any"} {
		for _, from := range []string{"quiet@localhost", "quiet@localhost/r"} {
			require.Equal(t, "Done; the server took it; should the recipient refuse it, only quiet@localhost is told", c.asks("sendMessageToUser "+from+" "+to+" '"+remove+"'"))
		}
		require.Equal(t, "Done", c.asks("sendMessageToUser news "+to+" '"+remove+"'"))
		require.Equal(t, "sent to 1 of 1 recipient\n"+to+" – Done", c.asks("broadcast quiet@localhost ["+to+"] '"+remove+"'"))
	}
	// Quiet's own question waits behind those in quiet's name.
	quiet := p.chatter(t, "quiet@localhost/r")
	quiet.heardAll()
	assert.NotEmpty(t, stored(t, p.Server, "victim@localhost"))
	assert.NotContains(t, p.program.Log(), "asker=quiet@localhost")
	require.Equal(t, "Done", quiet.asks(remove))
	assert.Contains(t, p.program.Log(), "asker=quiet@localhost/r front=chat verb=removeBuddyFromRoster")
	c.heardAll()
}

// chatFlood: who sends a thousand lines at once is answered in their order, and
// told that not all were read; others do not wait for that.
func chatFlood(t *testing.T, p chatPlace) {
	c := p.chatter(t, "flood@localhost/r")
	for i := range 1000 {
		c.says(fmt.Sprintf("getRoster u%d@localhost", i))
	}
	last := -1
	for answered := 0; ; answered++ {
		text := c.hears()
		if strings.HasPrefix(text, "Too many messages. ") {
			assert.GreaterOrEqual(t, answered, 30)
			break
		}
		var n int
		_, err := fmt.Sscanf(text, "Roster not found for user u%d@localhost", &n)
		require.NoError(t, err, text)
		require.Greater(t, n, last)
		last = n
	}
	other := p.chatter(t, "quiet@localhost/other")
	other.heardAll()
	seesNone(t, c.Client, "message", "")
}

// chatContact: who may run something can have the component as a contact, and
// sees it available; others are refused.
func chatContact(t *testing.T, p chatPlace) {
	c := p.chatter(t, "contact@localhost/phone")
	require.NoError(t, c.Send(patience(t), "<presence/>"))
	next(t, c.Client, "presence", c.JID().String())
	subscribe := fmt.Sprintf("<presence type='subscribe' to='%s'/>", service)
	require.NoError(t, c.Send(patience(t), subscribe))
	assert.Equal(t, "subscribed", next(t, c.Client, "presence", service.String()).Attr("type"))
	assert.Empty(t, next(t, c.Client, "presence", service.String()).Attr("type"), "available")
	assert.Equal(t, []entry{{service.String(), "", "to", []string{}}}, stored(t, p.Server, "contact@localhost"))

	again := p.chatter(t, "contact@localhost/desk")
	require.NoError(t, again.Send(patience(t), "<presence/>"))
	assert.Empty(t, next(t, again.Client, "presence", service.String()).Attr("type"), "its server asks when it comes")

	other := p.chatter(t, "nocontact@localhost/r")
	require.NoError(t, other.Send(patience(t), "<presence/>"))
	next(t, other.Client, "presence", other.JID().String())
	require.NoError(t, other.Send(patience(t), subscribe))
	assert.Equal(t, "unsubscribed", next(t, other.Client, "presence", service.String()).Attr("type"))
}

// chatLong has a verb take longer than anybody waits.
func chatLong(t *testing.T, p chatPlace) {
	c := p.chatter(t, "busy@localhost/r")
	nobody := make([]string, 3000)
	for i := range nobody {
		nobody[i] = fmt.Sprintf("nobody%d@localhost", i)
	}
	var number int
	started := c.asks("broadcast News [" + strings.Join(nobody, ",") + "] hi")
	_, err := fmt.Sscanf(started, "job %d: broadcast goes on;", &number)
	require.NoError(t, err, started)
	assert.Regexp(t, fmt.Sprintf(`^\d+ jobs?\n(.*\n)*%d – broadcast – busy@localhost – \S+ – \d+ of 3000`, number), c.asks("listJobs"))
	c.says(fmt.Sprintf("stopJob %d", number))
	told := map[bool]string{}
	for range 2 { // in either order
		text := c.hears()
		told[text == "Done"] = text
	}
	assert.Contains(t, told, true)
	assert.Contains(t, told[false], fmt.Sprintf("job %d: broadcast: stopped; what was done until then stays done: ", number))
	assert.Contains(t, told[false], "\nnobody0@localhost – no such user, or none who takes messages\n")
}

// chatCarbons: a second client sees the question and the answer, and neither
// is asked or answered again.
func chatCarbons(t *testing.T, p chatPlace) {
	one, two := p.chatter(t, "carbons@localhost/one"), p.chatter(t, "carbons@localhost/two")
	for _, c := range []chatter{one, two} {
		_, err := c.Ask(patience(t), "set", jid.JID{}, "<enable xmlns='urn:xmpp:carbons:2'/>")
		require.NoError(t, err)
		require.NoError(t, c.Send(patience(t), "<presence/>"))
		next(t, c.Client, "presence", c.JID().String())
	}
	assert.Equal(t, "false", one.asks("checkUserJid nobody@localhost"))
	for _, want := range []string{"checkUserJid nobody@localhost", "false"} {
		carbon := next(t, two.Client, "message", "carbons@localhost")
		assert.Contains(t, carbon.String(), `xmlns="urn:xmpp:carbons:2"`)
		assert.Contains(t, carbon.String(), "<body>"+want+"</body>")
		// A client that passes carbons on would not be answered, either.
		sent := strings.Replace(carbon.String(), `to="carbons@localhost/two"`, `to="`+service.String()+`"`, 1)
		sent = strings.Replace(sent, ` from="carbons@localhost"`, "", 1)
		require.NoError(t, two.Send(patience(t), sent))
	}
	two.heardAll()
	one.heardAll()
}

// others runs another component until the test ends. Each message that it gets
// goes to take, with what sends messages from it.
func (p chatPlace) others(t *testing.T, take func(m component.Message, send func(to, text string))) (send func(from, to, text string)) {
	t.Helper()
	c := testserver.NewComponent(t, p.Server, func(c *component.Config) {
		c.JID, c.Address, c.Secret = jid.MustParse(testserver.OtherComponent), p.OtherAddr(), []byte(testserver.OtherSecret)
	})
	send = func(from, to, text string) {
		start := xml.StartElement{Name: xml.Name{Local: "message"}, Attr: []xml.Attr{
			{Name: xml.Name{Local: "type"}, Value: "chat"}, {Name: xml.Name{Local: "from"}, Value: from}, {Name: xml.Name{Local: "to"}, Value: to},
		}}
		content := xmlstream.Wrap(xmlstream.Token(xml.CharData(text)), xml.StartElement{Name: xml.Name{Local: "body"}})
		assert.NoError(t, c.Send(context.Background(), start, content))
	}
	c.OnMessage(func(_ context.Context, m component.Message) {
		take(m, func(to, text string) { send(m.To.String(), to, text) })
	})
	testserver.RunComponent(t, c)
	return send
}

// chatComponent has a component that may run verbs send them, from whichever
// address of its domain; an echo is one of them. They share what one asker may
// send, so they are one test.
func chatComponent(t *testing.T, p chatPlace) {
	var echoed atomic.Int64
	answers := make(chan string, 100)
	send := p.others(t, func(m component.Message, send func(to, text string)) {
		answers <- m.To.String() + " " + m.Body()
		if m.To.Resourcepart() == "echo" {
			echoed.Add(1)
			send(m.From.String(), m.Body())
		}
	})
	hears := func() string {
		t.Helper()
		select {
		case text := <-answers:
			return text
		case <-patience(t).Done():
			require.FailNow(t, "no answer")
			return ""
		}
	}
	rails := testserver.OtherComponent
	for _, from := range []string{rails, rails + "/web1"} {
		for _, to := range []string{service.String(), service.String() + "/any"} {
			send(from, to, "checkUserJid nobody@localhost")
			assert.Equal(t, from+" false", hears())
		}
	}
	// What has no grant there is not answered, or once.
	send("user@"+rails+"/x", service.String(), "listJobs")
	assert.Equal(t, "user@"+rails+"/x Sorry, user@"+rails+" may not run commands here. Whoever looks after this server can change that.", hears())

	send(rails+"/echo", service.String(), "hello")
	for i := range 5 {
		text := hears()
		assert.Contains(t, text, rails+`/echo Sorry, I do not know the command "`)
		assert.Equal(t, i == 4, strings.Contains(text, "I answer nothing else now"))
	}
	// The loop has ended: what is asked now is answered next.
	send(rails, service.String(), "checkUserJid nobody@localhost")
	assert.Equal(t, rails+" false", hears())
	assert.EqualValues(t, 5, echoed.Load())
}

// chatEcho has a client send back all that it gets, whatever it asked first.
func chatEcho(t *testing.T, p chatPlace) {
	jids := people(t, "localhost", "a")
	contacts := make([]entry, 100)
	for i := range contacts {
		contacts[i] = entry{fmt.Sprintf("contact%d@localhost", i), "listJobs", "none", []string{"getRoster"}}
	}
	put(t, p.Server, jids[0], contacts...)
	c := p.chatter(t, "echo@localhost/r")
	c.says("getRoster " + jids[0])
	echoed := 0
	for {
		text := c.hears()
		c.says(text)
		if echoed++; strings.Contains(text, "I answer nothing else now") {
			break
		}
		require.Less(t, echoed, 100)
	}
	c.heardAll()
}

// chatAway has a client answer each message by the same words.
func chatAway(t *testing.T, p chatPlace) {
	c := p.chatter(t, "away@localhost/r")
	c.says("listJobs")
	for range 6 {
		c.hears()
		c.says("I'm away until Monday. In urgent cases, help yourself.")
	}
	c.heardAll()
	assert.Contains(t, c.asks("hello"), "I do not know", "a command makes it begin anew")
}

// TestChatInARoom has a component of the test's own be in a room: what is said
// there, before and to itself alone, is not answered.
func TestChatInARoom(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	registerOn(t, s, "admin@localhost")
	log := slog.New(slog.DiscardHandler)
	c := testserver.NewComponent(t, s, nil)
	working := jobs.New(context.Background())
	t.Cleanup(working.Wait)
	room := jid.MustParse("room@conference.localhost/emanagement")
	// A room that may run verbs, by mistake.
	access := []verb.Grant{{JID: jid.MustParse("admin@localhost"), Role: verb.Admin}, {JID: room.Bare(), Role: verb.Admin}}
	services := verb.Services{
		Rosters: rosterpush.New(stanzas.New(c, ejabberd.New(c), log)), Jobs: working, Own: service.String(), Hosts: c.Hosts,
	}
	chat.Register(c, verb.New(services, access, log, log), log)
	testserver.RunComponent(t, c)
	require.NoError(t, c.Ready(patience(t), "localhost"))

	admin := chatter{loginTo(t, s, "admin@localhost/r"), t}
	require.NoError(t, admin.Send(patience(t), "<presence/>"))
	own := room.Bare().String() + "/admin"
	require.NoError(t, admin.Join(patience(t), jid.MustParse(own)))
	say := func(attributes, line string) {
		require.NoError(t, admin.Send(patience(t), "<message "+attributes+"><body>"+line+"</body></message>"))
	}
	say("type='groupchat' to='"+room.Bare().String()+"'", "listJobs") // what a newcomer is told with a delay
	next(t, admin.Client, "message", own)
	enter := xml.StartElement{Name: xml.Name{Local: "presence"}, Attr: []xml.Attr{{Name: xml.Name{Local: "to"}, Value: room.String()}}}
	require.NoError(t, c.Send(patience(t), enter, xmlstream.Wrap(nil, xml.StartElement{Name: xml.Name{Space: "http://jabber.org/protocol/muc", Local: "x"}})))
	next(t, admin.Client, "presence", room.String())
	say("type='groupchat' to='"+room.Bare().String()+"'", "listJobs")
	next(t, admin.Client, "message", own)
	say("type='chat' to='"+room.String()+"'", "listJobs")
	say("type='chat' to='"+room.String()+"'", "hello")

	admin.heardAll() // by then, the room would have been answered
	say("type='groupchat' to='"+room.Bare().String()+"'", "the end")
	for said := ""; said != "the end"; {
		e := next(t, admin.Client, "message", room.Bare().String())
		said = body(e)
		assert.NotEqual(t, room.String(), e.Attr("from"), said)
	}
	seesNone(t, admin.Client, "message", room.Bare().String())
}

// TestChatEverywhere: on every kind of server.
func TestChatEverywhere(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		c := chatter{p.login(t, "twofold@localhost"), t}
		user := people(t, "localhost", "user")[0]
		p.put(t, user, entry{"contact@localhost", "Terry", "both", []string{"Friends"}})
		assert.Equal(t, "1 item\ncontact@localhost – Terry – both – Friends", c.asks("getRoster "+user))
		assert.Equal(t, "Done", c.asks("removeRoster "+user))
		assert.Empty(t, p.stored(t, user))
		c.heardAll()
	})
}
