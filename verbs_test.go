package emanagement_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// entry is an item as the server's own command tells it.
type entry struct {
	JID          string   `json:"jid"`
	Nick         string   `json:"nick"`
	Subscription string   `json:"subscription"`
	Groups       []string `json:"groups"`
}

func args(pairs ...string) map[string][]string {
	m := make(map[string][]string)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = append(m[pairs[i]], pairs[i+1])
	}
	return m
}

func TestFirst(t *testing.T) {
	admin := login(t, "admin@localhost/test")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	list, err := admin.Commands(ctx, service)
	require.NoError(t, err)
	t.Log(list)
	r, err := admin.Execute(ctx, service, "addBuddyToRoster")
	t.Log(r.Raw, err)
	r, err = admin.Submit(ctx, service, r, "complete", args("userJid", "demo@localhost", "buddyJid", "pamela@localhost", "subscription_type", "to", "buddyNick", "Pamela <&> : 😀", "buddyGroup", "A B", "buddyGroup", "x;y"))
	t.Log(r.Raw, err)
	r, err = admin.Run(ctx, service, "getRoster", args("userJid", "demo@localhost"))
	t.Log(r.Raw, err)
	r, err = admin.Run(ctx, service, "setBidireccionalBuddys", args("userAJid", "demo@localhost", "userBJid", "pamela@localhost", "userANick", "D", "userBNick", "P"))
	t.Log(r.Raw, err)
	r, err = admin.Run(ctx, service, "unsetBidireccionalBuddys", args("userJid", "demo@localhost", "oldFriendJid", "pamela@localhost"))
	t.Log(r.Raw, err)
	var got []entry
	require.NoError(t, server.API(ctx, "get_roster", map[string]string{"user": "demo", "host": "localhost"}, &got))
	t.Log(got)
	r, err = admin.Run(ctx, service, "removeRoster", args("userJid", "demo@nowhere"))
	t.Log(r.Raw, err)
	assert.True(t, true)
}
