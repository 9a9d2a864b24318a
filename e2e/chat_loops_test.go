package e2e_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"

	"emanagement/component"
	"emanagement/internal/testserver"
)

// chatFlood sends a thousand lines at once. The component answers them in their
// order, and then reports that it did not read all. Other users do not wait
// meanwhile.
func chatFlood(t *testing.T, d chatDeployment) {
	c := d.chatter(t, "flood@localhost/r")
	for i := range 1000 {
		c.say(fmt.Sprintf("getRoster u%d@localhost", i))
	}
	last := -1
	for answered := 0; ; answered++ {
		text := c.receive()
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
	other := d.chatter(t, "quiet@localhost/other")
	other.requireNoMoreAnswers()
	assertNoStanza(t, c.Client, "message", "")
}

// runOtherComponent runs another component until the test ends. It passes each
// message that it receives to take, together with a function that sends a
// message from the address that received it. The returned function sends a
// message from any address at its domain.
func (d chatDeployment) runOtherComponent(t *testing.T, take func(m component.Message, send func(to, text string))) (send func(from, to, text string)) {
	t.Helper()
	c := testserver.NewComponent(t, d.Server, func(c *component.Config) {
		c.JID, c.Address, c.Secret = jid.MustParse(testserver.OtherComponent), d.OtherAddr(), []byte(testserver.OtherSecret)
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

// chatComponent has another component send verbs, from several addresses at its
// domain. One of the addresses echoes every answer. They are one test because
// they share one requester's limit.
func chatComponent(t *testing.T, d chatDeployment) {
	var echoed atomic.Int64
	answers := make(chan string, 100)
	send := d.runOtherComponent(t, func(m component.Message, send func(to, text string)) {
		answers <- m.To.String() + " " + m.Body()
		if m.To.Resourcepart() == "echo" {
			echoed.Add(1)
			send(m.From.String(), m.Body())
		}
	})
	receive := func() string {
		t.Helper()
		select {
		case text := <-answers:
			return text
		case <-shortContext(t).Done():
			require.FailNow(t, "no answer")
			return ""
		}
	}
	rails := testserver.OtherComponent
	for _, from := range []string{rails, rails + "/web1"} {
		for _, to := range []string{service.String(), service.String() + "/any"} {
			send(from, to, "checkUserJid nobody@localhost")
			assert.Equal(t, from+" false", receive())
		}
	}
	// An address at that domain without a grant is answered at most once.
	send("user@"+rails+"/x", service.String(), "listJobs")
	assert.Equal(t, "user@"+rails+"/x Sorry, user@"+rails+" may not run commands here. The administrator of this server can change that.", receive())

	send(rails+"/echo", service.String(), "hello")
	for i := range 5 {
		text := receive()
		assert.Contains(t, text, rails+`/echo Sorry, I do not know the command "`)
		assert.Equal(t, i == 4, strings.Contains(text, "From now on I answer only"))
	}
	// The loop has ended: the next answer belongs to the next question.
	send(rails, service.String(), "checkUserJid nobody@localhost")
	assert.Equal(t, rails+" false", receive())
	assert.EqualValues(t, 5, echoed.Load())
}

// chatEcho has a client send back every message that it receives, after a
// question of its own.
func chatEcho(t *testing.T, d chatDeployment) {
	jids := uniqueJIDs(t, "localhost", "a")
	contacts := make([]storedItem, 100)
	for i := range contacts {
		contacts[i] = storedItem{fmt.Sprintf("contact%d@localhost", i), "listJobs", "none", []string{"getRoster"}}
	}
	storeItems(t, d.Server, jids[0], contacts...)
	c := d.chatter(t, "echo@localhost/r")
	c.say("getRoster " + jids[0])
	echoed := 0
	for {
		text := c.receive()
		c.say(text)
		if echoed++; strings.Contains(text, "From now on I answer only") {
			break
		}
		require.Less(t, echoed, 100)
	}
	c.requireNoMoreAnswers()
}

// chatAway has a client answer every message with the same words.
func chatAway(t *testing.T, d chatDeployment) {
	c := d.chatter(t, "away@localhost/r")
	c.say("listJobs")
	for range 6 {
		c.receive()
		c.say("I'm away until Monday. In urgent cases, help yourself.")
	}
	c.requireNoMoreAnswers()
	assert.Contains(t, c.ask("hello"), "I do not know", "a valid command resets the limit")
}
