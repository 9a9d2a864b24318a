package component

import (
	"context"
	"encoding/xml"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
)

func exactly(t testing.TB, s string) jid.JID {
	t.Helper()
	j, err := address.ParseVerbatim(s)
	require.NoError(t, err)
	return j
}

const tooBig = "<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>XML stanza is too big</text></stream:error></stream:stream>"

// handleSizes registers a handler that answers with text of the requested length.
func handleSizes(c *Component) {
	c.Handle(stanza.GetIQ, xml.Name{Space: "urn:size", Local: "q"}, func(_ context.Context, r Request) (xml.TokenReader, error) {
		n, err := strconv.Atoi(r.Attr("n"))
		type text struct {
			XMLName xml.Name `xml:"urn:size a"`
			Text    string   `xml:",chardata"`
		}
		return XML(text{Text: strings.Repeat("x", n)}), err
	})
}

func (p *peer) asksForSize(id string, n int) {
	p.send("<iq type='get' id='%s' from='any@localhost/one' to='%s'><q xmlns='urn:size' n='%d'/></iq>", id, service, n)
}

// TestStanzaTooBig: if the server ends the stream because of the size of an answer, the
// requester receives a refusal on the next stream. No answer of that size is sent
// again.
func TestStanzaTooBig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		handleSizes(r.c)
		r.run()
		p := r.accept("localhost")
		p.asksForSize("small", 5000)
		assert.Equal(t, "result", p.hears().Attrs["type"])
		p.asksForSize("large", 20000)
		size := len(p.hears().raw)
		p.send("%s", tooBig)
		p.conn.Close()

		p = r.accept("localhost")
		e := p.hears()
		assert.Equal(t, []string{"large", "error"}, []string{e.Attrs["id"], e.Attrs["type"]})
		assert.Contains(t, e.raw, "resource-constraint")
		assert.Contains(t, e.raw, oversizeAdvice)
		assert.Equal(t, size-1, r.c.MaxStanza())
		assert.Len(t, r.log.with("ERROR", "a stanza's size", "takes at most"), 1)
		for n, want := range map[int]string{20000: "error", 19000: "result"} {
			p.asksForSize("again", n)
			assert.Equal(t, want, p.hears().Attrs["type"], n)
		}
		assert.Len(t, r.log.with("stream ended"), 1)
	})
}

// TestConfiguredSize: a stanza larger than the configured limit is never sent.
func TestConfiguredSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.c.sizes.limit = 6000
		handleSizes(r.c)
		r.run()
		p := r.accept("localhost")
		p.asksForSize("1", 5999)
		assert.Equal(t, "error", p.hears().Attrs["type"])
		err := r.c.Ask(t.Context(), stanza.SetIQ, jid.MustParse("a@localhost"), XML(struct {
			XMLName xml.Name `xml:"jabber:iq:roster query"`
			Text    string   `xml:",chardata"`
		}{Text: strings.Repeat("x", 6000)}), nil)
		var tooLarge *SizeError
		require.ErrorAs(t, err, &tooLarge)
		assert.Equal(t, 6000, tooLarge.Limit)
		p.hearsNothing()
	})
}

// TestOtherPolicy: another policy violation teaches no limit.
func TestOtherPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		handleSizes(r.c)
		r.run()
		p := r.accept("localhost")
		p.asksForSize("large", 20000)
		p.hears()
		p.send("%s", strings.ReplaceAll(tooBig, "XML stanza is too big", "not today"))
		p.conn.Close()
		p = r.accept("localhost")
		p.hearsNothing()
		assert.Zero(t, r.c.MaxStanza())
	})
}
