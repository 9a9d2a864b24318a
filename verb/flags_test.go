package verb

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadFlags(t *testing.T) {
	v := &Verb{Name: "destroy", Params: []Param{
		{Name: "domain", Kind: Domain},
		{Name: "limit", Kind: Number, Extra: true}, {Name: "statusText", Kind: Text, Extra: true},
		{Name: "confirm", Kind: Confirm, Extra: true},
	}}
	plain := &Verb{Name: "plain"}
	words := func(w ...string) []string { return w }
	for name, test := range map[string]struct {
		verb   *Verb
		words  []string
		values map[string][]string
		yes    bool
		err    error
	}{
		"nothing":             {v, nil, values(), false, nil},
		"a word apart":        {v, words("--limit", "5"), values("limit", "5"), false, nil},
		"a word":              {v, words("--limit=5"), values("limit", "5"), false, nil},
		"several":             {v, words("--statusText=a b", "--yes", "--limit", "5"), values("limit", "5", "statusText", "a b"), true, nil},
		"capitals":            {v, words("--STATUSTEXT", "x", "--Yes"), values("statusText", "x"), true, nil},
		"a phone's dash":      {v, words("—limit", "5", "–yes"), values("limit", "5"), true, nil},
		"a value like a flag": {v, words("--statusText", "--yes"), values("statusText", "--yes"), false, nil},
		"a value with a =":    {v, words("--statusText=a=b"), values("statusText", "a=b"), false, nil},
		"an empty value":      {v, words("--statusText="), values("statusText", ""), false, nil},
		"an empty word":       {v, words("--statusText", ""), values("statusText", ""), false, nil},
		"yes, asked or not":   {plain, words("--yes"), values(), true, nil},
		"a word too many":     {v, words("5"), nil, false, v.Usage()},
		"an empty one":        {v, words(""), nil, false, v.Usage()},
		"one behind a flag":   {v, words("--yes", "5"), nil, false, v.Usage()},
		"dashes":              {v, words("--"), nil, false, v.Usage()},
		"a single dash":       {v, words("-limit", "5"), nil, false, v.Usage()},
		"an unknown one":      {v, words("--from", "x"), nil, false, BadArgument("--from", "destroy takes --limit, --statusText, --yes")},
		"none known":          {plain, words("--from=x"), nil, false, BadArgument("--from=x", "plain takes no flags")},
		"no value":            {v, words("--limit"), nil, false, BadArgument("--limit", "its value is missing")},
		"twice":               {v, words("--limit", "5", "--limit=5"), nil, false, BadArgument("--limit=5", "the flag is given twice")},
		"what has a place":    {v, words("--domain", "x"), nil, false, BadArgument("--domain", "destroy takes --limit, --statusText, --yes")},
		"the confirmation":    {v, words("--confirm", "x"), nil, false, BadArgument("--confirm", "destroy takes --limit, --statusText, --yes")},
		"yes with a value":    {v, words("--yes=no"), nil, false, BadArgument("--yes=no", "destroy takes --limit, --statusText, --yes")},
	} {
		t.Run(name, func(t *testing.T) {
			got := make(map[string][]string)
			yes, err := test.verb.ReadFlags(test.words, got)
			assert.Equal(t, test.err, err)
			assert.Equal(t, test.yes, yes)
			if test.err == nil {
				assert.Equal(t, test.values, got)
			}
		})
	}
	err := BadArgument("--from", "why")
	assert.Equal(t, "--from: why", err.Error())

	line, rest, err2 := v.Arguments(words("a.example", "--limit", "5"))
	require.NoError(t, err2)
	_, err2 = v.ReadFlags(rest, line)
	require.NoError(t, err2)
	assert.Equal(t, values("domain", "a.example", "limit", "5"), line)
	assert.Equal(t, "destroy domain [--limit LIMIT] [--statusText STATUSTEXT] [--yes]", v.FullSyntax())
}

// TestNamesDiffer checks that no two flags of a verb, --yes included, differ only in upper
// and lower case. The same applies to the names of verbs.
func TestNamesDiffer(t *testing.T) {
	e := newTestNamespace(t.Context())
	for _, v := range Verbs() {
		spelled, known := e.Canonical(strings.ToUpper(v.Name))
		assert.True(t, known)
		assert.Equal(t, v.Name, spelled)
		for _, p := range v.Flags() {
			found, ok := v.flag(strings.ToUpper(p.Name))
			assert.True(t, ok)
			assert.Equal(t, p, found, v.Name)
			assert.NotEqual(t, strings.ToUpper(YesFlag), strings.ToUpper(p.Name))
		}
	}
	_, known := e.Canonical("getRoste")
	assert.False(t, known)
}
