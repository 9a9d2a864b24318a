package keptjid_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/keptjid"
)

func TestParse(t *testing.T) {
	for s, want := range map[string][3]string{
		"a@b":            {"a", "b", ""},
		"A@B.Example/R":  {"a", "b.example", "R"},
		"b":              {"", "b", ""},
		"♥x@Localhost.":  {"♥x", "localhost", ""},
		"x²@localhost/r": {"x²", "localhost", "r"},
		"q@my_host":      {"q", "my_host", ""},
		"my_host":        {"", "my_host", ""},
		`a\20b@c`:        {`a\20b`, "c", ""},
	} {
		t.Run(s, func(t *testing.T) {
			j, err := keptjid.Parse(s)
			require.NoError(t, err)
			assert.Equal(t, want, [3]string{j.Localpart(), j.Domainpart(), j.Resourcepart()})
		})
	}
	for _, s := range []string{
		"", "@", "a@", "@b", "/r", "a@/r", "a b@c", "♥ x@c", "♥x@c d", "a@b@c", "♥@b@c", "♥'@b", "♥x@b..", "♥x@.b", "♥x@b..c", "a@b..", "♥\x00@b", "♥\u200e@b", "♥\xff@b", "\xff@b", "+5", "♥x@b+c", "♥x@[::1", "$(id)@a b",
	} {
		_, err := keptjid.Parse(s)
		assert.Error(t, err, s)
	}
}
