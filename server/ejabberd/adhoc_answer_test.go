package ejabberd

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// replied is an answer with these fields after the echo of an argument that
// has a result's name.
func replied(fields string) func() xml.TokenReader {
	return func() xml.TokenReader {
		return xml.NewDecoder(strings.NewReader("<command xmlns='http://jabber.org/protocol/commands'><x xmlns='jabber:x:data' type='result'><title>T</title>" +
			"<field type='fixed' label='Arguments'/><field var='users' type='text-single'><value>echo</value></field><field type='fixed'/>" +
			fields + "</x></command>"))
	}
}

func TestAdHocAnswers(t *testing.T) {
	const head = "<field label='Result' type='fixed'/>"
	for name, test := range map[string]struct {
		fields string
		list   []string
		rows   []row
	}{
		"a code":         {head + "<field var='res' type='text-single'><value>0</value></field>", []string{"0"}, nil},
		"nothing":        {head, nil, nil},
		"an empty list":  {head + "<field var='users' type='text-multi'><desc>who</desc><value/></field>", nil, nil},
		"several":        {head + "<field var='users' type='text-multi'>\n<desc>who</desc><value>a : b</value><value>c : d : &lt;e</value>\n</field>", []string{"a : b", "c : d : <e"}, []row{{"x": "a", "y": "b"}, {"x": "c", "y": "d : <e"}}},
		"another behind": {head + "<field var='users'><value>a : b</value></field><field var='more'><value>c : d</value></field>", []string{"a : b"}, []row{{"x": "a", "y": "b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := result("c", replied(test.fields))
			require.NoError(t, err)
			for range 2 {
				assert.Equal(t, test.list, got.list())
				rows, err := allRows(got, "x", "y")
				assert.Equal(t, name == "a code", err != nil, "%v", err)
				assert.Equal(t, test.rows, rows)
			}
		})
	}
	for fields, want := range map[string]*Error{
		"": {Command: "c", Text: "an answer without a result"},
		head + "<field var='error' type='text-single' label='Error 403'><value>AccessRules: no</value></field>": {Command: "c", Code: Forbidden, Text: "AccessRules: no"},
		head + "<field var='error' label='Something'><value>else</value></field>":                               {Command: "c", Text: "else"},
	} {
		_, err := result("c", replied(fields))
		assert.Equal(t, want, err)
	}
}
