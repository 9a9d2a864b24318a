package e2e_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestXmpp4r has xmpp4r, the library of Social Stream, open and submit the form
// of each verb about single users and pairs. It does so in two stages and in
// one.
func TestXmpp4r(t *testing.T) {
	needsRuby(t)
	client := startClient(t, "writer@localhost", debianRuby, "internal/xmppclient/xmpp4r_commands.rb")
	for _, verb := range slices.Sorted(maps.Keys(submissions("", ""))) {
		t.Run(verb, func(t *testing.T) {
			jids := uniqueJIDs(t, "localhost", "a", "b")
			test := submissions(jids[0], jids[1])[verb]
			test.prepare(t)
			client.submitForm(t, verb, test)
			for _, user := range jids {
				assert.ElementsMatch(t, test.after[user], storedRoster(t, server, user), user)
			}
		})
	}
	t.Run("at once", func(t *testing.T) {
		jids := uniqueJIDs(t, "localhost", "a", "b")
		got := client.do(t, "run", "addBuddyToRoster", "", formValues("userJid", jids[0], "buddyJid", jids[1], "buddyNick", `Jonh "J" Doe`, "subscription_type", "from"))
		require.Nil(t, got.Error)
		assert.Equal(t, [][2]string{{"info", "Done"}}, got.Notes)
		got = client.do(t, "run", "getRoster", "", formValues("userJid", jids[0]))
		require.Len(t, got.Fields, 1)
		assert.Equal(t, jids[1]+"\t"+`Jonh "J" Doe`+"\tfrom\tnone\t", got.Fields[0].Value)
	})
	t.Run("error", func(t *testing.T) {
		got := client.do(t, "run", "getRoster", "", formValues("userJid", "a@example.org"))
		require.NotNil(t, got.Error)
		assert.Equal(t, "forbidden", got.Error.Condition)
		assert.Equal(t, "writer@localhost may not run getRoster on example.org", got.Error.Text)
	})
}
