package verb_test

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
	"emanagement/verb"
)

// TestAllocations: verbs about a roster of 20 items make no more allocations than were measured
// when they were last made quicker, apart from the server's part.
func TestAllocations(t *testing.T) {
	const user = "user@a.example"
	m := &memory{rosters: make(map[string][]rosterpush.Item)}
	for n := range 20 {
		m.rosters[user] = append(m.rosters[user], rosterpush.Item{JID: jid.MustParse(fmt.Sprintf("c%d@a.example", n)), Name: "C", Subscription: rosterpush.Both, Groups: []string{"G"}})
	}
	requester := jid.MustParse("boss@a.example/phone")
	silent := slog.New(slog.DiscardHandler)
	n := verb.New(verb.Services{Rosters: rosterpush.New(m), OwnDomain: own}, []verb.Grant{{JID: requester.Bare(), Role: verb.Admin}}, silent, silent)
	for name, test := range map[string]struct {
		arguments []string
		most      float64
	}{
		"getRoster":                 {[]string{"userJid", user}, 220},
		"addBuddyToRoster":          {[]string{"userJid", user, "buddyJid", "c7@a.example", "buddyNick", "C", "buddyGroup", "G", "subscription_type", "both"}, 190},
		"checkBidirecctionalBuddys": {[]string{"userAJid", user, "userBJid", "c7@a.example"}, 182},
	} {
		values := make(map[string][]string)
		for i := 0; i < len(test.arguments); i += 2 {
			values[test.arguments[i]] = []string{test.arguments[i+1]}
		}
		assert.LessOrEqual(t, testing.AllocsPerRun(100, func() {
			m.read = nil
			_, err := n.Run(t.Context(), verb.Request{Requester: requester, Verb: name, Values: values})
			require.NoError(t, err)
		}), test.most, name)
		assert.Empty(t, m.written)
	}
}
