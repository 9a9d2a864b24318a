package xmppclient

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

// parse returns the element in raw, which must be well-formed.
func parse(t *testing.T, raw string) Element {
	t.Helper()
	e, err := parseElement(raw)
	require.NoError(t, err)
	return e
}

func TestElementRendering(t *testing.T) {
	tests := map[string]struct{ raw, rendered string }{
		"default namespace": {`<presence/>`, `<presence xmlns="jabber:client"/>`},
		"prefixes resolved": {
			`<q xmlns='a' xmlns:p='b'><p:in/><in/><n xmlns=''/></q>`,
			`<q xmlns="a"><in xmlns="b"/><in/><n xmlns=""/></q>`,
		},
		"text before children": {`<a xmlns='x'>1<b/>2</a>`, `<a xmlns="x">12<b/></a>`},
		"escapes": {
			`<a xmlns='x' v='&lt;&quot;&#10;'>&amp;&gt;<![CDATA[<]]></a>`,
			`<a xmlns="x" v="&lt;&#34;&#xA;">&amp;&gt;&lt;</a>`,
		},
		"attributes with a namespace": {
			`<a xmlns='x' xmlns:p='y' xml:lang='de' p:v='1' v='2'/>`,
			`<a xmlns="x" xml:lang="de" xmlns:a1="y" a1:v="1" v="2"/>`,
		},
		"white space around": {" \n<a xmlns='x'/>\n", `<a xmlns="x"/>`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := parse(t, test.raw)
			assert.Equal(t, test.rendered, e.String())
			assert.Equal(t, test.rendered, parse(t, e.String()).String(), "rendered and read again")
		})
	}
}

func TestElementRefused(t *testing.T) {
	for _, raw := range []string{
		``, `text`, `<a>`, `<a></b>`, `<a/><b/>`, `<a/>text`, `</a>`,
		`<a><!-- comment --></a>`, `<?xml version="1.0"?><a/>`, `<a b=c/>`, `<a>&unknown;</a>`,
	} {
		_, err := parseElement(raw)
		assert.Error(t, err, "%q", raw)
	}
}

func TestElementAccess(t *testing.T) {
	e := parse(t, `<a xmlns='x' xmlns:p='y' p:v='no' v='yes'><b>1</b><p:b>2</p:b><b>3</b></a>`)
	assert.Equal(t, "yes", e.Attr("v"))
	assert.Equal(t, "", e.Attr("xmlns"))

	first, ok := e.Child("x", "b")
	assert.True(t, ok)
	assert.Equal(t, "1", first.Text)
	_, ok = e.Child("x", "c")
	assert.False(t, ok)
	_, ok = e.Child("z", "b")
	assert.False(t, ok)

	assert.Len(t, e.All("x", "b"), 2)
	assert.Len(t, e.All("", "b"), 3)
	assert.Nil(t, e.All("x", "c"))
}

func TestInboxKeepsOrder(t *testing.T) {
	box := newInbox()
	for _, text := range []string{"1", "2", "1", "3"} {
		box.put(Element{Text: text})
	}
	is := func(text string) func(Element) bool {
		return func(e Element) bool { return e.Text == text }
	}
	e, err := box.take(t.Context(), is("2"))
	require.NoError(t, err)
	assert.Equal(t, "2", e.Text)
	assert.Equal(t, []Element{{Text: "1"}, {Text: "1"}, {Text: "3"}}, box.all())

	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = box.take(ctx, is("2"))
	assert.ErrorIs(t, err, context.DeadlineExceeded)

	go box.put(Element{Text: "late"})
	_, err = box.take(t.Context(), is("late"))
	require.NoError(t, err)

	go box.finish(ErrClosed)
	_, err = box.take(t.Context(), is("2"))
	assert.ErrorIs(t, err, ErrClosed)
	_, err = box.take(t.Context(), is("3"))
	assert.NoError(t, err, "what is kept can still be taken after the end")
}

func TestReplyNeedsIDAndSender(t *testing.T) {
	const own, service = "user@example.net/home", "service.example.net"
	tests := map[string]struct {
		to, from string
		delivers bool
	}{
		"the recipient":             {service, service, true},
		"another sender":            {service, "evil.example.net", false},
		"no sender":                 {service, "", false},
		"not an address":            {service, "@", false},
		"own account, no from":      {"", "", true},
		"own account, bare from":    {"", "user@example.net", true},
		"own account, from another": {"", "other@example.net", false},
		"own bare JID, no from":     {"user@example.net", "", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var to jid.JID
			if test.to != "" {
				to = jid.MustParse(test.to)
			}
			table := newPendingRequests(jid.MustParse(own))
			id, replies := table.add(to)
			reply := `<iq type="result"` + attribute("id", id)
			if test.from != "" {
				reply += attribute("from", test.from)
			}
			assert.Equal(t, test.delivers, table.deliver(parse(t, reply+`/>`)))
			assert.Len(t, replies, map[bool]int{true: 1}[test.delivers])
			assert.False(t, table.deliver(parse(t, `<iq type="result" id="other"/>`)))
		})
	}
}

func TestReplyError(t *testing.T) {
	assert.NoError(t, replyError(parse(t, `<iq type="result"/>`)))
	assert.Error(t, replyError(parse(t, `<iq type="get"/>`)))

	err := replyError(parse(t, `<iq type="error"><q xmlns="x"/><error type="modify">
		<extra xmlns="y"/><bad-request xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>
		<text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas" xml:lang="en">no such day</text></error></iq>`))
	var value stanza.Error
	var pointer *stanza.Error
	require.True(t, errors.As(err, &value))
	require.True(t, errors.As(err, &pointer))
	assert.Equal(t, stanza.Modify, value.Type)
	assert.Equal(t, stanza.BadRequest, pointer.Condition)
	assert.Equal(t, map[string]string{"en": "no such day"}, pointer.Text)
	assert.EqualError(t, err, "answered with error bad-request (modify): no such day")

	err = replyError(parse(t, `<iq type="error"/>`))
	assert.ErrorIs(t, err, stanza.Error{Condition: stanza.UndefinedCondition})
}

func TestRosterItems(t *testing.T) {
	query := parse(t, `<query xmlns="jabber:iq:roster" ver="1">
		<item jid="b@x" name="B &amp; C" subscription="both"><group>one</group><group>two</group></item>
		<item jid="a@x" subscription="none" ask="subscribe" approved="true"/></query>`)
	assert.Equal(t, []RosterItem{
		{JID: "a@x", Subscription: "none", Ask: "subscribe", Approved: "true"},
		{JID: "b@x", Name: "B & C", Subscription: "both", Groups: []string{"one", "two"}},
	}, rosterItems(query))
}
