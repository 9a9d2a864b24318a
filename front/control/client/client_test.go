package client_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"emanagement/front/control/client"
	"emanagement/verb/wire"
)

// TestNotUTF8 checks that values that JSON cannot carry are refused before anything is sent.
func TestNotUTF8(t *testing.T) {
	for _, test := range []struct {
		call wire.Call
		want wire.Error
	}{
		{wire.Call{Args: []string{"a", "J\xe9"}}, wire.Error{Kind: wire.Argument, Text: `argument 2: "J\xe9" is not UTF-8`}},
		{wire.Call{Arguments: map[string]wire.Values{"msg": {"a", "\xff"}}}, wire.Error{Kind: wire.Argument, Param: "msg", Text: `msg: "\xff" is not UTF-8`}},
	} {
		_, err := client.Run(t.Context(), "/no/such/socket", "getRoster", test.call, nil)
		assert.Equal(t, &test.want, err)
	}
}
