package verb

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/verb/wire"
)

// TestLimits: an argument at its limit is accepted. Beyond it the error names the parameter
// and the limit, and does not repeat a long value.
func TestLimits(t *testing.T) {
	v, err := FindVerb("addBuddyToRoster")
	require.NoError(t, err)
	limits := Limits{Nick: 4, Group: 200, Groups: 2}
	long := strings.Repeat("ß", 100)
	for name, test := range map[string]struct {
		param  string
		values []string
		want   string
	}{
		"a nick":              {"buddyNick", []string{"ßß"}, ""},
		"a longer nick":       {"buddyNick", []string{"ßßß"}, "6 bytes; at most 4 bytes are allowed (limits.nick in emanagement.yml)"},
		"a group":             {"buddyGroup", []string{long}, ""},
		"a longer group":      {"buddyGroup", []string{"a", long + "b"}, `201 bytes in "` + long + `…"; at most 200 bytes are allowed (limits.group in emanagement.yml)`},
		"two groups":          {"buddyGroup", []string{"a", "b"}, ""},
		"three groups":        {"buddyGroup", []string{"a", "b", "c"}, "3 groups; at most 2 groups are allowed (limits.groups in emanagement.yml)"},
		"three in one value":  {"buddyGroup", []string{"a\nb\nc"}, "3 groups; at most 2 groups are allowed (limits.groups in emanagement.yml)"},
		"a JID of 1,023":      {"buddyJid", []string{strings.Repeat("a", 1023) + "@a.example"}, ""},
		"a longer JID":        {"buddyJid", []string{strings.Repeat("a", 1024) + "@a.example"}, `"` + strings.Repeat("a", 100) + `…" is not a JID`},
		"a user's longer JID": {"userJid", []string{strings.Repeat("a", 1024) + "@a.example"}, `"` + strings.Repeat("a", 100) + `…" is not a JID`},
	} {
		t.Run(name, func(t *testing.T) {
			given := values("userJid", "a@a.example", "buddyJid", "b@a.example", "subscription_type", "both")
			given[test.param] = test.values
			_, err := v.parse(ownDomain, sameSpelling, limits, given)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.Equal(t, wire.Argument, wire.KindOf(err))
			assert.Contains(t, err.Error(), test.param+": "+test.want)
		})
	}
}
