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
)

func decode(text string) (request, error) {
	var q request
	err := xml.Unmarshal([]byte(text), &q)
	return q, err
}

func TestSubmittedForm(t *testing.T) {
	command := func(inside string) string {
		return `<command xmlns='http://jabber.org/protocol/commands' node='n'>` + inside + `</command>`
	}
	form := func(inside string) string {
		return command(`<x xmlns='jabber:x:data' type='submit'>` + inside + `</x>`)
	}
	for name, test := range map[string]struct {
		text string
		want map[string][]string
	}{
		"no form":                {command(``), map[string][]string{}},
		"empty form":             {form(``), map[string][]string{}},
		"a form of another kind": {command(`<x xmlns='jabber:x:other'><field var='a'><value>1</value></field></x>`), map[string][]string{}},
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
			assert.Equal(t, test.want, q.Form.values())
		})
	}
}

// TestStanzaError: the condition says what happened, the type whether to ask
// again.
func TestStanzaError(t *testing.T) {
	secret := errors.New("secret")
	for name, test := range map[string]struct {
		err  error
		want stanza.Error
	}{
		"no verb":               {verb.ErrNoSuchVerb, component.Refuse(stanza.Cancel, stanza.ItemNotFound, "no such command: node")},
		"forbidden":             {&verb.ForbiddenError{Why: "not you"}, component.Refuse(stanza.Auth, stanza.Forbidden, "not you")},
		"failed":                {&verb.FailedError{Text: "no", Err: secret}, component.Refuse(stanza.Cancel, stanza.InternalServerError, "no")},
		"failed, for now":       {&verb.FailedError{Text: "half", Temporary: true, Err: secret}, component.Refuse(stanza.Wait, stanza.InternalServerError, "half")},
		"silent":                {&verb.FailedError{Text: "silent", Temporary: true, Away: true, Err: secret}, component.Refuse(stanza.Wait, stanza.RemoteServerTimeout, "silent")},
		"silent, asked to send": {&verb.FailedError{Text: "sent?", Away: true, Err: secret}, component.Refuse(stanza.Cancel, stanza.RemoteServerTimeout, "sent?")},
	} {
		assert.Equal(t, test.want, stanzaError("node", fmt.Errorf("around it: %w", test.err)), name)
	}
	assert.Equal(t, secret, stanzaError("node", secret))
}

// pairVerb is a verb with a field of nearly every kind.
func pairVerb(t testing.TB) *verb.Verb {
	asker := jid.MustParse(admin)
	n := verb.New(verb.Services{}, []verb.Grant{{JID: asker.Bare(), Role: verb.Admin}}, nil, nil)
	v, err := n.Find(asker, "setBidireccionalBuddys")
	require.NoError(t, err)
	return v
}

// sent is a response as it goes over the stream, and back into one.
func sent(t testing.TB, r *response) response {
	var wire bytes.Buffer
	e := xml.NewEncoder(&wire)
	_, err := xmlstream.Copy(e, component.XML(r))
	require.NoError(t, err)
	require.NoError(t, e.Flush())
	var got response
	require.NoError(t, xml.Unmarshal(wire.Bytes(), &got), wire.String())
	return got
}

// FuzzSubmittedForm has anything for a submission. What can be read comes back
// in the form as it was filled in.
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
	name := pairVerb(f)
	f.Fuzz(func(t *testing.T, inside string) {
		q, err := decode(`<command xmlns='http://jabber.org/protocol/commands' node='n' sessionid='s'><x xmlns='jabber:x:data' type='submit'>` + inside + `</x></command>`)
		if err != nil {
			return
		}
		values := q.Form.values()
		assert.NotContains(t, values, "")
		got := sent(t, question(name, "s", values, "error", "wrong"))
		assert.Len(t, got.Form.Fields, len(name.Params))
		for _, field := range got.Form.Fields {
			assert.Truef(t, slices.Equal(values[field.Var], field.Values), "%s: filled in %q, came back %q", field.Var, values[field.Var], field.Values)
		}
	})
}
