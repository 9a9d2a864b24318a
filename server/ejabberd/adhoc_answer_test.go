package ejabberd

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/xmpp/markup"
)

// text is an answer, with its stanza.
type text string

func (a text) Tokens() xml.TokenReader {
	d := xml.NewDecoder(strings.NewReader(string(a)))
	_, _ = d.Token() // the start tag of the stanza
	return d
}

func (a text) Plain() *markup.Reader {
	r := markup.NewReader(string(a), "")
	r.Next()
	return r
}

// replyWith returns an answer with the given fields. Before them it repeats an argument
// that has the name of the result.
func replyWith(fields string) text {
	return text("<iq><command xmlns='http://jabber.org/protocol/commands'><x xmlns='jabber:x:data' type='result'><title>T</title>" +
		"<field type='fixed' label='Arguments'/><field var='users' type='text-single'><value>echo</value></field><field type='fixed'/>" +
		fields + "</x></command></iq>")
}

// TestBrokenAnswer: an answer with an error in its middle is no shorter list.
func TestBrokenAnswer(t *testing.T) {
	got, err := adhocResult("c", replyWith("<field label='Result' type='fixed'/><field var='users'><!-- --><value>a</value><value>b</users></field>"))
	assert.ErrorContains(t, err, "cannot be read", "%v", got)
}

// TestAdHocAnswers decodes each form of result and error that an ad-hoc command can have.
func TestAdHocAnswers(t *testing.T) {
	const result = "<field label='Result' type='fixed'/>"
	for name, test := range map[string]struct {
		fields  string
		list    []string
		records []record
	}{
		"a code":                  {result + "<field var='res' type='text-single'><value>0</value></field>", []string{"0"}, nil},
		"nothing":                 {result, nil, nil},
		"an empty list":           {result + "<field var='users' type='text-multi'><desc>who</desc><value/></field>", nil, nil},
		"several elements":        {result + "<field var='users' type='text-multi'>\n<desc>who</desc><value>a : b</value><value>c : d : &lt;e</value>\n</field>", []string{"a : b", "c : d : <e"}, []record{{"x": "a", "y": "b"}, {"x": "c", "y": "d : <e"}}},
		"another field behind it": {result + "<field var='users'><value>a : b</value></field><field var='more'><value>c : d</value></field>", []string{"a : b"}, []record{{"x": "a", "y": "b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := adhocResult("c", replyWith(test.fields))
			require.NoError(t, err)
			for range 2 {
				assert.Equal(t, test.list, got.list())
				records, err := allRecords(got, "x", "y")
				assert.Equal(t, name == "a code", err != nil, "%v", err)
				assert.Equal(t, test.records, records)
			}
		})
	}
	for fields, want := range map[string]*Error{
		"": {Command: "c", Text: "an answer without a result"},
		result + "<field var='error' type='text-single' label='Error 403'><value>AccessRules: no</value></field>": {Command: "c", Code: Forbidden, Text: "AccessRules: no"},
		result + "<field var='error' label='Something'><value>else</value></field>":                               {Command: "c", Text: "else"},
	} {
		_, err := adhocResult("c", replyWith(fields))
		assert.Equal(t, want, err)
	}
}
