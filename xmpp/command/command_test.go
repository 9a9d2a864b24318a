package command_test

import (
	"encoding/xml"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/xmpp/command"
)

// TestExamples reads and writes commands as XEP-0050 and XEP-0004 show them.
func TestExamples(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want command.Command
	}{
		"a request": {
			`<command xmlns="http://jabber.org/protocol/commands" node="config" action="execute"></command>`,
			command.Command{Node: "config", Action: command.Execute},
		},
		"a stage with a form": {
			`<command xmlns="http://jabber.org/protocol/commands" node="config" sessionid="s1" status="executing">` +
				`<actions execute="complete"><prev/><complete/></actions>` +
				`<note type="warn">Careful</note>` +
				`<x xmlns="jabber:x:data" type="form"><title>Configure</title><instructions>Choose one</instructions>` +
				`<field var="runlevel" type="list-single" label="Run level"><desc>0 to 6</desc><required/><value>3</value>` +
				`<option label="Full"><value>3</value></option><option><value>5</value></option></field></x></command>`,
			command.Command{
				Node: "config", SessionID: "s1", Status: command.Executing,
				Actions: &command.Actions{Execute: command.Complete, Allowed: []string{command.Prev, command.Complete}},
				Notes:   []command.Note{{Type: "warn", Text: "Careful"}},
				Form: &command.Form{Type: command.FormForm, Title: "Configure", Instructions: "Choose one", Fields: []command.Field{{
					Var: "runlevel", Type: command.ListSingle, Label: "Run level", Desc: "0 to 6", Required: true, Values: []string{"3"},
					Options: []command.Option{{Label: "Full", Value: "3"}, {Value: "5"}},
				}}},
			},
		},
		"a submission": {
			`<command xmlns="http://jabber.org/protocol/commands" node="config" sessionid="s1">` +
				`<x xmlns="jabber:x:data" type="submit"><field var="a"><value>1</value><value></value></field><field var="b"></field></x></command>`,
			command.Command{
				Node: "config", SessionID: "s1",
				Form: &command.Form{Type: command.FormSubmit, Fields: []command.Field{{Var: "a", Values: []string{"1", ""}}, {Var: "b"}}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got command.Command
			require.NoError(t, xml.Unmarshal([]byte(test.text), &got))
			test.want.XMLName = xml.Name{Space: command.NS, Local: "command"}
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.text, string(got.Append(nil)))
		})
	}
}

func TestLookup(t *testing.T) {
	var none *command.Form
	assert.Empty(t, none.Values())
	_, ok := none.Field("a")
	assert.False(t, ok)
	form := &command.Form{Fields: []command.Field{{Var: "a", Values: []string{"1"}}, {Type: command.Fixed, Values: []string{"text"}}, {Var: "a", Values: []string{"2"}}}}
	assert.Equal(t, map[string][]string{"a": {"2"}}, form.Values())
	first, ok := form.Field("a")
	assert.True(t, ok)
	assert.Equal(t, []string{"1"}, first.Values)
	kind, text := (&command.Command{}).Note()
	assert.Empty(t, kind+text)
}
