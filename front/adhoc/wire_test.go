package adhoc

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/verb"
	"emanagement/verb/wire"
	"emanagement/xmpp/command"
)

func decode(text string) (command.Command, error) {
	var q command.Command
	err := xml.Unmarshal([]byte(text), &q)
	return q, err
}

func TestSubmittedForm(t *testing.T) {
	commandWith := func(inside string) string {
		return `<command xmlns='http://jabber.org/protocol/commands' node='n'>` + inside + `</command>`
	}
	form := func(inside string) string {
		return commandWith(`<x xmlns='jabber:x:data' type='submit'>` + inside + `</x>`)
	}
	for name, test := range map[string]struct {
		text string
		want map[string][]string
	}{
		"no form":                {commandWith(``), map[string][]string{}},
		"empty form":             {form(``), map[string][]string{}},
		"a form of another kind": {commandWith(`<x xmlns='jabber:x:other'><field var='a'><value>1</value></field></x>`), map[string][]string{}},
		"values":                 {form(`<field var='a'><value>1</value></field><field var='b'><value>2</value><value/><value>1</value></field>`), map[string][]string{"a": {"1"}, "b": {"2", "", "1"}}},
		"no value":               {form(`<field var='a'/>`), map[string][]string{"a": nil}},
		"an empty value":         {form(`<field var='a'><value/></field>`), map[string][]string{"a": {""}}},
		"without var":            {form(`<field type='fixed'><value>1</value></field><field var=''><value>2</value></field>`), map[string][]string{}},
		"what else a form may hold": {
			form(`<title>T</title><instructions>I</instructions><field var='a' type='list-single' label='L'><required/><desc>D</desc><option label='O'><value>2</value></option><value>1</value></field>` +
				`<reported><field var='r'/></reported><item><field var='r'><value>3</value></field></item>`),
			map[string][]string{"a": {"1"}},
		},
		"white space between, and in values": {form("\n <field var='a'>\n  <value> 1\n2 </value>\n </field>\n"), map[string][]string{"a": {" 1\n2 "}}},
		"escapes":                            {form(`<field var='&lt;&quot;'><value>&lt;&amp;&gt;<![CDATA[<b/>]]>&#13;</value></field>`), map[string][]string{`<"`: {"<&><b/>\r"}}},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := decode(test.text)
			require.NoError(t, err)
			assert.Equal(t, test.want, q.Form.Values())
		})
	}
}

// TestStanzaError checks that the condition says what happened, and the type whether the same
// request may succeed later.
func TestStanzaError(t *testing.T) {
	secret := errors.New("secret")
	for name, test := range map[string]struct {
		err  error
		want stanza.Error
	}{
		"no verb":               {&wire.Error{Kind: wire.Unknown}, component.Refuse(stanza.Cancel, stanza.ItemNotFound, "no such command: node")},
		"another verb":          {&wire.Error{Kind: wire.Unknown, Meant: "do"}, component.Refuse(stanza.Cancel, stanza.ItemNotFound, "no such command: node; did you mean do?")},
		"forbidden":             {&wire.Error{Kind: wire.Forbidden, Text: "not you"}, component.Refuse(stanza.Auth, stanza.Forbidden, "not you")},
		"failed":                {&wire.Error{Kind: wire.Failed, Text: "no", Err: secret}, component.Refuse(stanza.Cancel, stanza.InternalServerError, "no")},
		"failed, for now":       {&wire.Error{Kind: wire.Failed, Text: "half", Temporary: true, Err: secret}, component.Refuse(stanza.Wait, stanza.InternalServerError, "half")},
		"silent":                {&wire.Error{Kind: wire.Away, Text: "silent", Temporary: true, Err: secret}, component.Refuse(stanza.Wait, stanza.RemoteServerTimeout, "silent")},
		"silent, asked to send": {&wire.Error{Kind: wire.Away, Text: "sent?", Err: secret}, component.Refuse(stanza.Cancel, stanza.RemoteServerTimeout, "sent?")},
	} {
		assert.Equal(t, test.want, stanzaError(command.Command{Node: "node"}, fmt.Errorf("around it: %w", test.err)), name)
	}
	assert.Equal(t, secret, stanzaError(command.Command{Node: "node"}, secret))

	// A program gets the error as JSON, too.
	asked := command.Command{Node: "node", Form: &command.Form{Fields: []command.Field{{Var: "format", Values: []string{"json"}}}}}
	assert.Equal(t, &component.SpecificError{
		General:  component.Refuse(stanza.Auth, stanza.Forbidden, "not you"),
		Specific: xml.Name{Space: "urn:emanagement:error:0", Local: "error"},
		Text:     `{"kind":"forbidden","text":"not you"}`,
	}, stanzaError(asked, &wire.Error{Kind: wire.Forbidden, Text: "not you", Err: secret}))
}

// TestConfirmation checks that people learn what to type, and in which field.
func TestConfirmation(t *testing.T) {
	assert.Equal(t, "at least 7 things; to do it, type a.example in the field confirm", confirmation(&wire.Error{Kind: wire.Confirm, Text: "at least 7 things", Word: "a.example"}))
}

// pairVerb returns a verb that has fields of several kinds.
func pairVerb(t testing.TB) *verb.Verb {
	requester := jid.MustParse(admin)
	n := verb.New(verb.Services{}, []verb.Grant{{JID: requester.Bare(), Role: verb.Admin}}, nil, nil)
	v, err := n.Find(requester, "setBidireccionalBuddys")
	require.NoError(t, err)
	return v
}

// sent encodes a response as for the stream, and decodes it again.
func sent(t testing.TB, r *command.Command) command.Command {
	var text bytes.Buffer
	e := xml.NewEncoder(&text)
	_, err := xmlstream.Copy(e, written(r))
	require.NoError(t, err)
	require.NoError(t, e.Flush())
	var got command.Command
	require.NoError(t, xml.Unmarshal(text.Bytes(), &got), text.String())
	return got
}

// FuzzSubmittedForm checks that the values of any form that can be parsed come back unchanged
// in the answer.
func FuzzSubmittedForm(f *testing.F) {
	for _, seed := range []string{
		`<field var='userAJid'><value>a@localhost</value></field><field var='groupForA'><value>1</value><value>2</value></field>`,
		`<field var='userANick'/><field var='userBNick'><value/></field>`,
		`<field type='fixed'><value>text</value></field><field var='FORM_TYPE' type='hidden'><value>f</value></field>`,
		`<title>T</title><field var='groupForB'><required/><option><value>o</value></option><value> &#13;&#10;&lt;&amp;]]&gt; </value></field>`,
		`</x><x xmlns='jabber:x:data' type='cancel'><field var='userAJid'><value>b</value></field>`,
		`<field var='a'><value><b/></value>`,
	} {
		f.Add(seed)
	}
	pair := pairVerb(f)
	f.Fuzz(func(t *testing.T, inside string) {
		q, err := decode(`<command xmlns='http://jabber.org/protocol/commands' node='n' sessionid='s'><x xmlns='jabber:x:data' type='submit'>` + inside + `</x></command>`)
		if err != nil {
			return
		}
		values := q.Form.Values()
		assert.NotContains(t, values, "")
		got := sent(t, formWithNote(pair, "s", values, "error", "wrong"))
		assert.Len(t, got.Form.Fields, len(pair.Params))
		for _, field := range got.Form.Fields {
			assert.Truef(t, slices.Equal(values[field.Var], field.Values), "%s: filled in %q, came back %q", field.Var, values[field.Var], field.Values)
		}
	})
}
