package verb_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
	"emanagement/verb"
	"emanagement/verb/wire"
)

// TestRepairVerbs checks that an error about a roster that cannot be shown names the verbs
// that can repair it.
func TestRepairVerbs(t *testing.T) {
	const user, buddy = "u@a.example", "b@a.example"
	const unreadable = user + ": the server cannot send this roster, and ends the connection when it is asked for it; its log says why. Items of it can be written anew or removed (addBuddyToRoster, removeBuddyFromRoster)"
	const damaged = user + ": the roster holds characters that XML does not allow, in the name or the groups of " + buddy + "; that item can be written anew or removed (addBuddyToRoster, removeBuddyFromRoster)"
	cannotSend := func(write bool) error {
		if write {
			return nil
		}
		return &rosterpush.UnreadableError{User: jid.MustParse(user)}
	}
	for name, test := range map[string]struct {
		verb   string
		values map[string][]string
		fail   func(write bool) error
		want   string
	}{
		"damaged":         {"getRoster", args("userJid", user), nil, damaged},
		"unreadable":      {"getRoster", args("userJid", user), cannotSend, unreadable},
		"a removal":       {"removeRoster", args("userJid", user), cannotSend, unreadable},
		"a question":      {"checkBidirecctionalBuddys", args("userAJid", user, "userBJid", buddy), cannotSend, unreadable},
		"a pair":          {"setBidireccionalBuddys", args("userAJid", user, "userBJid", buddy), cannotSend, unreadable},
		"the end of one":  {"unsetBidireccionalBuddys", args("userJid", user, "oldFriendJid", buddy), cannotSend, unreadable},
		"rosters of all":  {"removeAllRosters", args("confirm", "all"), cannotSend, user + ": " + unreadable},
		"rosters of host": {"removeAllRostersByDomain", args("domain", "a.example", "confirm", "a.example"), cannotSend, user + ": " + unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			server := &memory{fail: test.fail, rosters: map[string][]rosterpush.Item{user: {{JID: jid.MustParse(buddy), Damaged: true}}}}
			_, err := newNamespace(server, everything).Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: test.verb, Values: test.values})
			var failed *wire.Error
			require.ErrorAs(t, err, &failed)
			assert.Contains(t, failed.Text, test.want)
		})
	}
}

// TestTimeout checks that a request whose time was over names the verb that shows other
// requests.
func TestTimeout(t *testing.T) {
	server := &memory{fail: func(bool) error { return context.DeadlineExceeded }}
	_, err := newNamespace(server, everything).Run(t.Context(), request("checkUserJid", "userJid", "u@a.example"))
	var failed *wire.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "it took too long and was given up; another verb may be busy with the same user (listJobs)", failed.Text)
	assert.False(t, failed.Temporary)
}
