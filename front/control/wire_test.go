package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/verb"
	"emanagement/verb/wire"
)

// TestCallValues combines arguments in their places with arguments by name.
func TestCallValues(t *testing.T) {
	v := &verb.Verb{Name: "do", Params: []verb.Param{
		{Name: "user", Kind: verb.User, Required: true}, {Name: "group", Kind: verb.Groups}, {Name: "limit", Kind: verb.Number, Extra: true},
		{Name: "confirm", Kind: verb.Confirm, Extra: true},
	}}
	for name, test := range map[string]struct {
		call    string
		want    map[string][]string
		failure string
	}{
		"places":         {`{"args":["u","--g"]}`, map[string][]string{"user": {"u"}, "group": {"--g"}}, ""},
		"and a name":     {`{"args":["u","g"],"arguments":{"limit":5}}`, map[string][]string{"user": {"u"}, "group": {"g"}, "limit": {"5"}}, ""},
		"names":          {`{"arguments":{"user":"u","group":["a","b"]}}`, map[string][]string{"user": {"u"}, "group": {"a", "b"}}, ""},
		"nothing":        {`{}`, map[string][]string{}, ""},
		"a word spelled": {`{"arguments":{"confirm":"all"}}`, map[string][]string{"confirm": {"all"}}, ""},
		"too few":        {`{"args":["u"]}`, nil, "Error: Params required for command do: 2\nSyntax for command do\ndo user group\nUse 'help' to get information about command syntax"},
		"none":           {`{"args":[]}`, nil, "Error: Params required for command do: 2\nSyntax for command do\ndo user group\nUse 'help' to get information about command syntax"},
		"too many":       {`{"args":["u","g","x"]}`, nil, "Error: Params required for command do: 2\nSyntax for command do\ndo user group\nUse 'help' to get information about command syntax"},
		"twice":          {`{"args":["u","g"],"arguments":{"user":"v"}}`, nil, "user: it is in args too"},
		"no such":        {`{"arguments":{"usr":"u"}}`, nil, "usr: the verb has no such parameter"},
	} {
		t.Run(name, func(t *testing.T) {
			var call wire.Call
			require.NoError(t, json.Unmarshal([]byte(test.call), &call))
			got, err := values(call, v)
			if test.failure != "" {
				require.EqualError(t, err, test.failure)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

// TestErrors checks that a caller gets the text of an error, and not its cause.
func TestErrors(t *testing.T) {
	secret := errors.New("/etc/secret: no")
	for _, test := range []struct {
		err    error
		want   wire.Error
		status int
		known  bool
	}{
		{(&verb.Verb{Name: "do"}).Usage(), wire.Error{Kind: wire.Usage, Text: "Error: Params required for command do: 0\nSyntax for command do\ndo\nUse 'help' to get information about command syntax"}, http.StatusBadRequest, true},
		{verb.BadArgument("user", "not one"), wire.Error{Kind: wire.Argument, Text: "user: not one", Param: "user"}, http.StatusBadRequest, true},
		{&wire.Error{Kind: wire.Unknown, Text: "no", Meant: "do"}, wire.Error{Kind: wire.Unknown, Text: "no", Meant: "do"}, http.StatusNotFound, true},
		{&wire.Error{Kind: wire.Forbidden, Text: "not you"}, wire.Error{Kind: wire.Forbidden, Text: "not you"}, http.StatusForbidden, true},
		{&wire.Error{Kind: wire.Confirm, Text: "this removes much", Word: "all"}, wire.Error{Kind: wire.Confirm, Text: "this removes much", Word: "all"}, http.StatusConflict, true},
		{&wire.Error{Kind: wire.Failed, Text: "broken", Temporary: true, Err: secret}, wire.Error{Kind: wire.Failed, Text: "broken"}, http.StatusBadGateway, true},
		{fmt.Errorf("around it: %w", &wire.Error{Kind: wire.Away, Text: "silent", Err: secret}), wire.Error{Kind: wire.Away, Text: "silent"}, http.StatusServiceUnavailable, true},
		{&wire.Error{Kind: wire.Away, Text: "gone"}, wire.Error{Kind: wire.Away, Text: "gone"}, http.StatusServiceUnavailable, true},
		{secret, wire.Error{Kind: wire.Failed, Text: "something went wrong here; the log of the component says what"}, http.StatusBadGateway, false},
	} {
		e, known := errorOf(test.err)
		sent, err := json.Marshal(e)
		require.NoError(t, err)
		var got wire.Error
		require.NoError(t, json.Unmarshal(sent, &got))
		assert.Equal(t, test.want, got)
		assert.Equal(t, test.status, status(e.Kind), test.err)
		assert.Equal(t, test.known, known)
	}
}
