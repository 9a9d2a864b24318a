package nodeprep_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"emanagement/xmpp/nodeprep"
)

// FuzzPrepare: what was prepared stays as it is, and a local part has none of the characters
// that separate the parts of a JID.
func FuzzPrepare(f *testing.F) {
	for _, s := range []string{"", "ana", "AnaB", "strauß", "ΣΊΣΥΦΟΣ", "علی\u200cرضا", "x²", "ﬁ", "＠", "so\u00adft", "א1ב", "e\u0301", "İ", "\u1806", "\u33c6", "\U0002F868", "℀", "\xff", "\ufffd", "ϒ\u0301", "ᾳ", "ŉ", "ΐ", "\u2126"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, prepare := range map[string]func(string) (string, bool){"local": nodeprep.Local, "domain": nodeprep.Domain} {
			prepared, ok := prepare(s)
			if !ok {
				require.Empty(t, prepared)
				continue
			}
			require.NotEmpty(t, prepared)
			require.LessOrEqual(t, len(prepared), 1023)
			require.True(t, utf8.ValidString(prepared))
			require.False(t, strings.ContainsFunc(prepared, nodeprep.IsUnassigned))
			if hasManyMarks(s) || strings.ContainsRune(s, '\u33C6') {
				continue // ejabberd itself would prepare these results once more
			}
			again, ok := prepare(prepared)
			require.True(t, ok, "%s: %+q is %+q", name, s, prepared)
			require.Equal(t, prepared, again, "%s: %+q", name, s)
			require.True(t, norm.NFKC.IsNormalString(prepared), "%s: %+q", name, prepared)
		}
		if local, ok := nodeprep.Local(s); ok {
			require.False(t, strings.ContainsAny(local, "\"&'/:<>@ \x00\x7f"))
		}
	})
}
