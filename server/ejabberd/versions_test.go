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

// TestOldForms: each argument that an old server misses is asked for again as
// it was then, and nothing is asked twice for another reason.
func TestOldForms(t *testing.T) {
	type object = map[string]any
	groups := []arg{{"nick", "n"}, {"groups", []string{"a", "b"}}}
	for name, test := range map[string]struct {
		args []arg
		says []string
		want []object
	}{
		"groups":    {groups, []string{"Request have missing argument: group"}, []object{{"nick": "n", "groups": []any{"a", "b"}}, {"nick": "n", "group": "a;b"}}},
		"no groups": {[]arg{{"groups", []string(nil)}}, []string{"Request have missing argument: group"}, []object{{"groups": []any{}}, {"group": ""}}},
		"rooms": {[]arg{{"room", "r"}, {"user", "u"}, {"host", "h"}}, []string{"Request have missing argument: name", "Request have missing argument: jid"},
			[]object{{"room": "r", "user": "u", "host": "h"}, {"name": "r", "user": "u", "host": "h"}, {"name": "r", "jid": "u@h"}}},
		"numbers":  {[]arg{{"priority", 3}, {"user", "u"}}, []string{"Arg 3 is not in format binary"}, []object{{"priority": 3.0, "user": "u"}, {"priority": "3", "user": "u"}}},
		"other":    {groups, []string{"Request have missing argument: nick"}, []object{{"nick": "n", "groups": []any{"a", "b"}}}},
		"for ever": {[]arg{{"room", "r"}}, []string{"missing argument: name", "missing argument: name", "missing argument: name"}, []object{{"room": "r"}, {"name": "r"}, {"name": nil}}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []object
			h := fake(t, func(w http.ResponseWriter, r *http.Request) {
				var o object
				assert.NoError(t, json.NewDecoder(r.Body).Decode(&o))
				got = append(got, o)
				if len(got) <= len(test.says) {
					w.WriteHeader(400)
					fmt.Fprintf(w, "%q", test.says[len(got)-1])
					return
				}
				io.WriteString(w, "0")
			})
			_, err := h.call(t.Context(), "c", test.args)
			assert.Equal(t, test.want, got)
			assert.Equal(t, len(got) <= len(test.says), err != nil, "%v", err)
		})
	}
	_, err := fake(t, saying(400, `"Request have missing argument: group"`)).call(t.Context(), "c", []arg{{"localhost", "h"}, {"groups", []string{"a;b"}}})
	var refused *fault.NotPermittedError
	require.ErrorAs(t, err, &refused)
	assert.Contains(t, refused.What, `"a;b"`)
}

