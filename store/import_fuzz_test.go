package store_test

import (
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"emanagement/store"
	"emanagement/xmpp/address"
)

// FuzzImport: an import reads every line, whatever the sizes of the reads are, and counts what
// the index contains afterwards. What the index contains can be imported again, and is then
// known.
func FuzzImport(f *testing.F) {
	for _, text := range []string{
		"", "\n\n", "a@localhost", "b@localhost\n\n  a@LOCALHOST \r\nb@localhost", "There are 3 roster items in total.\nMatches: x@b\nProgress 33%\na@b\tc@d\na@b\tgateway.b\n",
		"\ufeffa@b\r\n\ufeffc@d\r\n", "b\na b@c d\nc@b/phone\nd\te@b\nf@b\t@\n", "♥x@b\ta@my_host.local\n", "a@b\tc@d\te@f\n", "a@b\t\n\ta@b\n", "a@b\x00\n", "\xff@b\n", "a@b\rc@d", "a@B。\nA@b\n", "a@b\t c@d/r",
		"strauß@b\nstrauss@b\n", strings.Repeat("a", 1024) + "@b\n", "Progress a@b",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := open(t, "")
		defer func() { require.NoError(t, s.Close()) }()
		bad := make(map[int]string)
		last := 0
		read, added, err := s.Users().Import(t.Context(), iotest.HalfReader(strings.NewReader(text)), func(line int, why error) {
			require.Greater(t, line, last, "in their order")
			require.LessOrEqual(t, line, strings.Count(text, "\n")+1)
			require.NotContains(t, why.Error(), "\n")
			require.True(t, utf8.ValidString(why.Error()))
			last = line
			bad[line] = why.Error()
		})
		require.NoError(t, err)
		require.Equal(t, read, added)
		users := everyone(t, s, text)
		require.Len(t, users, added)

		again, fresh, err := s.Users().Import(t.Context(), strings.NewReader(strings.Join(users, "\n")), func(_ int, why error) { require.NoError(t, why) })
		require.NoError(t, err)
		require.Equal(t, [2]int{len(users), 0}, [2]int{again, fresh})
		again, fresh, err = s.Users().Import(t.Context(), strings.NewReader(text), func(line int, why error) {
			require.Equal(t, bad[line], why.Error())
			delete(bad, line)
		})
		require.NoError(t, err)
		require.Empty(t, bad, "not reported again")
		require.Equal(t, [2]int{read, 0}, [2]int{again, fresh})
	})
}

// everyone lists the users of every host that a text names.
func everyone(t *testing.T, s *store.Store, text string) (users []string) {
	var hosts []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\t' }) {
		for _, cut := range []string{"\ufeff", ""} {
			if user, err := address.Parse(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(word), cut))); err == nil {
				hosts = append(hosts, user.Domainpart())
			}
		}
	}
	slices.Sort(hosts)
	for _, host := range slices.Compact(hosts) {
		for _, user := range list(t, s, host) {
			require.Equal(t, host, address.HostOf(user))
			users = append(users, user)
		}
	}
	return users
}
