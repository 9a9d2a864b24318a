package control

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/verb"
	"emanagement/verb/wire"
)

// FuzzCall: a body is one call, as encoding/json sees it too, or is refused in one short
// line. The arguments of a call are those that it names, and only the verb's own.
func FuzzCall(f *testing.F) {
	for _, body := range []string{
		"", "{}", "null", "[]", `{"args":["a@b"]}`, `{"args":["a@b","c@d","N","G","both"],"confirm":true}`, `{"arguments":{"userJid":"a@b","buddyGroup":["1","2"]}}`,
		`{"arguments":{"userJid":null}}`, `{"arguments":{"userJid":[null]}}`, `{"arguments":{"userJid":{"a":1}}}`, `{"arguments":{"userJid":[[1]]}}`, `{"arguments":{"limit":1e999,"x":-0}}`,
		`{"args":["\ud800"]}`, "{\"args\":[\"\xff\"]}", `{"args":[]} {}`, `{"args":[]}]`, `{"other":1}`, `{"ARGS":["a"]}`, `{"arguments":{"a":"1","a":"2"}}`, "{\"arguments\":{\"userJid\":{\n\n}}}",
		`{"arguments":{"userJid":{"a":"` + strings.Repeat("x", 5000) + `"}}}`, `{"` + strings.Repeat("k", 5000) + `":1}`, `{"arguments":{"` + strings.Repeat("k", 5000) + `":1}}`,
	} {
		for i := range 3 {
			f.Add(i, body)
		}
	}
	verbs := verb.Verbs()
	f.Fuzz(func(t *testing.T, choice int, body string) {
		v := verbs[uint(choice)%uint(len(verbs))]
		call, err := readCall(strings.NewReader(body))
		if err != nil {
			checkRefusal(t, unreadable(err))
			return
		}
		require.True(t, json.Valid([]byte(body)))
		text, err := json.Marshal(call)
		require.NoError(t, err)
		again, err := readCall(strings.NewReader(string(text)))
		require.NoError(t, err)
		require.Equal(t, call.Confirm, again.Confirm)
		require.True(t, slices.Equal(call.Args, again.Args))
		require.Len(t, again.Arguments, len(call.Arguments))

		got, err := values(call, v)
		if err != nil {
			require.Contains(t, []wire.Kind{wire.Usage, wire.Argument}, wire.KindOf(err))
			return
		}
		given := call.Args
		for name, values := range got {
			require.True(t, v.Has(name))
			if named, ok := call.Arguments[name]; ok {
				assert.True(t, slices.Equal(values, named))
				continue
			}
			require.Len(t, values, 1)
			require.Contains(t, given, values[0])
		}
		require.Len(t, got, len(call.Args)+len(call.Arguments))
	})
}

// checkRefusal checks the text of a refusal, which the caller sees.
func checkRefusal(t *testing.T, err error) {
	require.True(t, utf8.ValidString(err.Error()), "%q", err)
	require.NotContains(t, err.Error(), "\n")
	require.LessOrEqual(t, len(err.Error()), 500)
}
