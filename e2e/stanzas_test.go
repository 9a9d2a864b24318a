package e2e_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/stanza"

	"emanagement/internal/xmppclient"
)

// bodyOf returns the body of a message.
func bodyOf(e xmppclient.Element) string {
	b, _ := e.Child(stanza.NSClient, "body")
	return b.Text
}

// nextStanza returns the next stanza of a kind (message, presence or iq) from a
// full JID, or from any resource of a bare JID.
func nextStanza(t testing.TB, c *xmppclient.Client, kind, from string) xmppclient.Element {
	t.Helper()
	e, err := c.Next(shortContext(t), func(e xmppclient.Element) bool {
		return e.Name.Local == kind && (e.Attr("from") == from || strings.HasPrefix(e.Attr("from"), from+"/"))
	})
	require.NoError(t, err, c.Seen())
	return e
}

// assertNoStanza checks that the client has received no further stanza of a
// kind from an address. The roster request makes sure that everything sent
// before has arrived.
func assertNoStanza(t testing.TB, c *xmppclient.Client, kind, from string) {
	t.Helper()
	_, err := c.Roster(shortContext(t))
	require.NoError(t, err)
	for _, e := range c.Seen() {
		assert.False(t, e.Name.Local == kind && strings.HasPrefix(e.Attr("from"), from), e.String())
	}
}

// requireMessage takes the next message from an address and checks its type and
// body.
func requireMessage(t testing.TB, c *xmppclient.Client, from, body string) {
	t.Helper()
	e := nextStanza(t, c, "message", from)
	require.Equal(t, from, e.Attr("from"))
	require.Equal(t, "chat", e.Attr("type"))
	require.Equal(t, []string{body}, bodiesIn(e))
}

// bodiesIn returns the text of every body of a message.
func bodiesIn(e xmppclient.Element) (texts []string) {
	for _, b := range e.All("", "body") {
		texts = append(texts, b.Text)
	}
	return texts
}
