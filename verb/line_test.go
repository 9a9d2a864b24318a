package verb

import (
	"strings"
	"testing"

	"emanagement/verb/wire"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestArguments checks that each word is taken unchanged.
func TestArguments(t *testing.T) {
	v := &Verb{Name: "do", Params: []Param{
		{Name: "user", Kind: User, Required: true}, {Name: "nick", Kind: Text}, {Name: "limit", Kind: Number, Extra: true}, {Name: "confirm", Kind: Confirm, Extra: true},
	}}
	assert.Equal(t, "do user nick", v.Syntax())
	assert.Equal(t, []Param{v.Params[2]}, v.Flags())
	for name, test := range map[string]struct {
		words, rest []string
		values      map[string][]string
	}{
		"enough":      {[]string{"u", "n"}, []string{}, map[string][]string{"user": {"u"}, "nick": {"n"}}},
		"flags":       {[]string{"--yes", "-n", "--limit", "5"}, []string{"--limit", "5"}, map[string][]string{"user": {"--yes"}, "nick": {"-n"}}},
		"empty":       {[]string{"", ""}, []string{}, map[string][]string{"user": {""}, "nick": {""}}},
		"as they are": {[]string{" $(x)\n", "`'\"\\"}, []string{}, map[string][]string{"user": {" $(x)\n"}, "nick": {"`'\"\\"}}},
	} {
		values, rest, err := v.Arguments(test.words)
		require.NoError(t, err, name)
		assert.Equal(t, test.values, values, name)
		assert.Equal(t, test.rest, rest, name)
	}
	_, _, err := v.Arguments([]string{"u"})
	require.Equal(t, wire.Usage, wire.KindOf(err))
	assert.Equal(t, []string{
		"Error: Params required for command do: 2", "Syntax for command do", "do user nick", "Use 'help' to get information about command syntax",
	}, strings.Split(err.Error(), "\n"))
}
