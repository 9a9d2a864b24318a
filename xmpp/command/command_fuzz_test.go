package command_test

import (
	"encoding/xml"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/xmpp/command"
	"emanagement/xmpp/markup"
	"emanagement/xmpp/xmltext"
)

// FuzzCommand: a command that can be read is written and read as the same command. Its lookups
// agree with each other.
func FuzzCommand(f *testing.F) {
	for _, inside := range []string{
		"", "<x xmlns='jabber:x:data' type='submit'><field var='a'><value>1</value><value/></field><field var='a'/></x>", "<x xmlns='jabber:x:data'/><x xmlns='jabber:x:data' type='cancel'/>",
		"<x xmlns='jabber:x:data' type='form'><title>T</title><instructions>1</instructions><instructions/><instructions>3</instructions><field var='' type='fixed'><desc>d</desc><required/><option label='l'><value>v</value></option><option/></field></x>",
		"<actions execute='next'><prev/><b:c xmlns:b='urn:b'>text</b:c></actions><note type='warn'>a<b/>c</note><note/>", "<actions/><actions execute=''/>", "<actions><b:1/><xml:a/></actions>",
		"<note>\r\n&#13;&lt;]]&gt;</note>", "<x xmlns='jabber:x:data'><field>", "<command/>", "<x xmlns='jabber:x:other'/>",
	} {
		f.Add("config", inside)
	}
	f.Add("&#10;'", "<!-- -->")
	f.Fuzz(func(t *testing.T, node, inside string) {
		text := "<command xmlns='" + command.NS + "' node='" + node + "'>" + inside + "</command>"
		got, err := decode(t, text)
		if err != nil {
			return
		}
		checkLookups(t, got)
		if got.Actions != nil && slices.ContainsFunc(got.Actions.Allowed, func(a string) bool {
			return !slices.Contains([]string{command.Next, command.Complete, command.Prev}, a)
		}) {
			return // nobody writes such an action, and x:1 is read as the action 1
		}
		written := string(got.Append(nil))
		again, err := decode(t, written)
		require.NoError(t, err, written)
		assert.Equal(t, got, again, written)
	})
}

// decode decodes a command by encoding/xml. If the command is plain and legal XML, it is
// read the same without it.
func decode(t *testing.T, text string) (c command.Command, err error) {
	err = xml.Unmarshal([]byte(text), &c)
	if !xmltext.Legal(text) {
		return c, err
	}
	r := markup.NewReader(text, "")
	var plain command.Command
	if r.Child() && plain.DecodePlain(r) {
		require.NoError(t, err, text)
		require.Equal(t, c, plain, text)
	} else {
		require.Zero(t, plain, text)
	}
	return c, err
}

// checkLookups compares the lookups of a command with its fields.
func checkLookups(t *testing.T, c command.Command) {
	values := c.Form.Values()
	assert.NotContains(t, values, "")
	kind, text := c.Note()
	assert.True(t, len(c.Notes) == 0 && kind+text == "" || len(c.Notes) > 0 && c.Notes[0] == command.Note{Type: kind, Text: text})
	if c.Form == nil {
		return
	}
	for name, last := range values {
		first, ok := c.Form.Field(name)
		assert.True(t, ok)
		for _, field := range c.Form.Fields {
			if field.Var == name {
				assert.Equal(t, first, field, "the first")
				break
			}
		}
		for i := len(c.Form.Fields) - 1; i >= 0; i-- {
			if c.Form.Fields[i].Var == name {
				assert.Equal(t, last, c.Form.Fields[i].Values, "the last")
				break
			}
		}
	}
}
