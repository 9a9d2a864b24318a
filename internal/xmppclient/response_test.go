package xmppclient

import (
	"testing"

	"emanagement/xmpp/command"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const stageWithForm = `<iq type="result" from="service.example.net" id="1">
<command xmlns="http://jabber.org/protocol/commands" node="n" sessionid="s" status="executing">
<actions execute="next"><prev/><next/></actions>
<note type="warn">careful</note><note>by the way</note>
<x xmlns="jabber:x:data" type="form"><title>T</title>
<instructions>first</instructions><instructions>second</instructions>
<field var="FORM_TYPE" type="hidden"><value>urn:x</value></field>
<field type="fixed"><value>a heading</value></field>
<field var="who" type="list-multi" label="Who"><desc>help</desc><required/>
<option label="One"><value>1</value></option><option><value>2</value></option>
<value>1</value><value>2</value></field>
<field var="when" type="text-single"/>
</x></command></iq>`

func TestParseResponse(t *testing.T) {
	tests := map[string]struct {
		raw  string
		want Response
	}{
		"stage with a form": {stageWithForm, Response{
			Node: "n", SessionID: "s", Status: "executing",
			Actions: []string{"prev", "next"}, DefaultAction: "next",
			Notes:   []Note{{Type: "warn", Text: "careful"}, {Type: "info", Text: "by the way"}},
			HasForm: true, FormType: "form", Title: "T", Instructions: "first\nsecond",
			Fields: []Field{
				{Var: "FORM_TYPE", Type: "hidden", Values: []string{"urn:x"}},
				{Type: "fixed", Values: []string{"a heading"}},
				{
					Var: "who", Type: "list-multi", Label: "Who", Desc: "help", Required: true,
					Values: []string{"1", "2"}, Options: []Option{{Label: "One", Value: "1"}, {Value: "2"}},
				},
				{Var: "when", Type: "text-single"},
			},
		}},
		"completed without a form": {
			`<iq type="result"><command xmlns="http://jabber.org/protocol/commands" status="completed"/></iq>`,
			Response{Status: "completed"},
		},
		"empty form and value": {
			`<iq type="result"><command xmlns="http://jabber.org/protocol/commands">` +
				`<x xmlns="jabber:x:data" type="result"><field var="f"><value/></field></x></command></iq>`,
			Response{HasForm: true, FormType: "result", Fields: []Field{{Var: "f", Values: []string{""}}}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.want.Raw = parse(t, test.raw)
			got, err := parseResponse(test.want.Raw)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestParseResponseWithoutCommand(t *testing.T) {
	raw := parse(t, `<iq type="result"><command xmlns="other"/></iq>`)
	got, err := parseResponse(raw)
	assert.Error(t, err)
	assert.Equal(t, Response{Raw: raw}, got)
}

func TestResponseField(t *testing.T) {
	r, err := parseResponse(parse(t, stageWithForm))
	require.NoError(t, err)
	field, ok := r.Field("who")
	assert.True(t, ok)
	assert.Equal(t, "Who", field.Label)
	_, ok = r.Field("nobody")
	assert.False(t, ok)
}

func TestSubmission(t *testing.T) {
	const formType = `<field var="FORM_TYPE" type="hidden"><value>urn:x</value></field>`
	stage, err := parseResponse(parse(t, stageWithForm))
	require.NoError(t, err)
	tests := map[string]struct {
		prev   Response
		values map[string][]string
		fields string
	}{
		"hidden field goes back": {stage, nil, formType},
		"hidden field replaced": {
			stage, map[string][]string{"FORM_TYPE": {"urn:y"}},
			`<field var="FORM_TYPE" type="hidden"><value>urn:y</value></field>`,
		},
		"order of the form, then of names": {
			stage, map[string][]string{"z": {"9"}, "when": {"now"}, "b": nil, "who": {"1", "2"}},
			formType + `<field var="who"><value>1</value><value>2</value></field>` +
				`<field var="when"><value>now</value></field>` +
				`<field var="b"/><field var="z"><value>9</value></field>`,
		},
		"no form before": {Response{}, map[string][]string{"a": {""}}, `<field var="a"><value/></field>`},
		"escapes": {
			Response{}, map[string][]string{`"<&`: {`</value>'`}},
			`<field var="&#34;&lt;&amp;"><value>&lt;/value&gt;&#39;</value></field>`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := (&command.Command{Form: submission(test.prev, test.values)}).Append(nil)
			form, ok := parse(t, string(text)).Child(command.NSForm, "x")
			require.True(t, ok)
			want := parse(t, `<x xmlns="jabber:x:data" type="submit">`+test.fields+`</x>`)
			assert.Equal(t, want.String(), form.String())
		})
	}
}
