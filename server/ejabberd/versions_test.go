package ejabberd

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/fault"
)

// TestOlderArguments checks that a command is repeated with the older version of each
// argument that the server misses. No other refusal may lead to a repetition.
func TestOlderArguments(t *testing.T) {
	type object = map[string]any
	groups := []arg{{"nick", "n"}, {"groups", []string{"a", "b"}}}
	for name, test := range map[string]struct {
		args     []arg
		refusals []string
		want     []object
	}{
		"groups":    {groups, []string{"Request have missing argument: group"}, []object{{"nick": "n", "groups": []any{"a", "b"}}, {"nick": "n", "group": "a;b"}}},
		"no groups": {[]arg{{"groups", []string(nil)}}, []string{"Request have missing argument: group"}, []object{{"groups": []any{}}, {"group": ""}}},
		"rooms": {[]arg{{"room", "r"}, {"user", "u"}, {"host", "h"}}, []string{"Request have missing argument: name", "Request have missing argument: jid"},
			[]object{{"room": "r", "user": "u", "host": "h"}, {"name": "r", "user": "u", "host": "h"}, {"name": "r", "jid": "u@h"}}},
		"numbers":          {[]arg{{"priority", 3}, {"user", "u"}}, []string{"Arg 3 is not in format binary"}, []object{{"priority": 3.0, "user": "u"}, {"priority": "3", "user": "u"}}},
		"another argument": {groups, []string{"Request have missing argument: nick"}, []object{{"nick": "n", "groups": []any{"a", "b"}}}},
		"without end":      {[]arg{{"room", "r"}}, []string{"missing argument: name", "missing argument: name", "missing argument: name"}, []object{{"room": "r"}, {"name": "r"}, {"name": nil}}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []object
			h := fakeServer(t, func(w http.ResponseWriter, r *http.Request) {
				var o object
				assert.NoError(t, json.NewDecoder(r.Body).Decode(&o))
				got = append(got, o)
				if len(got) <= len(test.refusals) {
					w.WriteHeader(400)
					fmt.Fprintf(w, "%q", test.refusals[len(got)-1])
					return
				}
				io.WriteString(w, "0")
			})
			_, err := h.call(t.Context(), "c", test.args)
			assert.Equal(t, test.want, got)
			assert.Equal(t, len(got) <= len(test.refusals), err != nil, "%v", err)
		})
	}
	_, err := fakeServer(t, respondWith(400, `"Request have missing argument: group"`)).call(t.Context(), "c", []arg{{"localhost", "h"}, {"groups", []string{"a;b"}}})
	var refused *fault.NotPermittedError
	require.ErrorAs(t, err, &refused)
	assert.Contains(t, refused.Reason, `"a;b"`)
}
