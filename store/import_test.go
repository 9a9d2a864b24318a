package store_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestImport(t *testing.T) {
	type bad struct {
		line int
		why  string
	}
	for name, test := range map[string]struct {
		text        string
		read, added int
		bad         []bad
		want        []string
	}{
		"nothing": {"", 0, 0, nil, []string{"known@localhost"}},
		"users":   {"b@localhost\n\n  a@LOCALHOST \r\nknown@localhost\nb@localhost", 3, 2, nil, []string{"a@localhost", "b@localhost", "known@localhost"}},
		"what ejabberdctl prints": {
			"There are 3 roster items in total.\nMatches: x@localhost y@localhost\nProgress 33% - visited 1 - deleted 1\n" +
				"a@localhost\tb@localhost\na@localhost\tb@far.example\na@localhost\tgateway.localhost\n",
			3, 3, nil, []string{"a@localhost", "b@localhost", "known@localhost"},
		},
		"from Windows":   {"\ufeffa@localhost\r\nb@localhost\r\n", 2, 2, nil, []string{"a@localhost", "b@localhost", "known@localhost"}},
		"a long line":    {"a@localhost\n" + strings.Repeat("x", 1<<20) + "\nb@localhost\n", 2, 2, []bad{{2, "the line is too long"}}, []string{"a@localhost", "b@localhost", "known@localhost"}},
		"long, the last": {"a@localhost\n" + strings.Repeat("x", 1<<20), 1, 1, []bad{{2, "the line is too long"}}, []string{"a@localhost", "known@localhost"}},
		"bad lines": {
			"a@localhost\nlocalhost\na b@c d\nc@localhost/phone\nd\te@localhost\nf@localhost\t@\nb@localhost\n", 3, 3,
			[]bad{
				{2, `"localhost" is not a user's JID (user@host)`},
				{3, `"a b@c d" is not a JID`},
				{4, `"c@localhost/phone" has a resource`},
				{5, `"d" is not a user's JID (user@host)`},
				{6, `"@" is not a JID`},
			},
			[]string{"a@localhost", "b@localhost", "f@localhost", "known@localhost"},
		},
		"from before today's rules": {
			"♥x@localhost\ta@my_host.local\nb@localhost\t☃@localhost\n", 4, 4, nil,
			[]string{"b@localhost", "known@localhost", "☃@localhost", "♥x@localhost"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, "")
			s.Users().Queue(j("known@localhost"))
			require.Len(t, list(t, s, "localhost"), 1)
			var lines []bad
			read, added, err := s.Users().Import(t.Context(), strings.NewReader(test.text), func(line int, why error) { lines = append(lines, bad{line, why.Error()}) })
			require.NoError(t, err)
			assert.Equal(t, [2]int{test.read, test.added}, [2]int{read, added})
			assert.Equal(t, test.bad, lines)
			assert.Equal(t, test.want, list(t, s, "localhost"))
			require.NoError(t, s.Close())
		})
	}
}

// TestImportOfMany reads more than a batch, and ends at a read error.
func TestImportOfMany(t *testing.T) {
	var text strings.Builder
	const many = 12_345
	for i := range many {
		fmt.Fprintf(&text, "u%d@localhost\tu%d@localhost\n", i, i+1)
	}
	s := open(t, t.TempDir())
	read, added, err := s.Users().Import(t.Context(), io.MultiReader(strings.NewReader(text.String()), iotest.ErrReader(io.ErrClosedPipe)), func(int, error) {})
	assert.ErrorIs(t, err, io.ErrClosedPipe)
	assert.ErrorContains(t, err, fmt.Sprintf("line %d: cannot be read", many+1))
	assert.Equal(t, [2]int{many + 1, many + 1}, [2]int{read, added})
	assert.Len(t, list(t, s, "localhost"), many+1)
	require.NoError(t, s.Close())
}
