package e2e_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

// TestStrangersAreBlocked: a recipient's session that refuses a message is no
// recipient, though the server has taken the message.
func TestStrangersAreBlocked(t *testing.T) {
	t.Parallel()
	onEveryVersion(t, module("mod_block_strangers", map[string]any{"drop": true, "log": false}), func(t *testing.T, p *place) {
		registerOn(t, p.Server, "guarded@localhost", "friend@localhost")
		guarded := p.online(t, "guarded@localhost/r", "")
		admin := p.login(t, "admin@localhost")
		got := run(t, admin, "sendMessageToUser", "fromJid", "News", "toJid", "guarded@localhost", "msg", "hi")
		assert.Equal(t, "error", got.note)
		assert.Contains(t, got.text, "guarded@localhost: ")
		p.put(t, "friend@localhost", entry{"news@" + testserver.Component, "News", "both", nil})
		list := run(t, admin, "broadcast", "admin", "News", "userJids", "[guarded@localhost,friend@localhost]", "msg", "hi")
		assert.Equal(t, "sent to 1 of 2 recipients", list.text)
		assert.Contains(t, list.lines, "friend@localhost\tDone")
		seesNone(t, guarded, "message", "")
		// Whom the recipient has as a contact is no stranger.
		p.put(t, "guarded@localhost", entry{"news@" + testserver.Component, "News", "both", nil})
		done(t, admin, "sendMessageToUser", "fromJid", "News", "toJid", "guarded@localhost", "msg", "hi")
		requireMessage(t, guarded, "news@"+testserver.Component, "hi")
	})
}

// TestMendedPrivilege: what mod_privilege does not permit is said with what to do, and
// what is mended there counts without a restart.
func TestMendedPrivilege(t *testing.T) {
	t.Parallel()
	p := newPlaceUntil(t, module("mod_privilege", map[string]any{"roster": map[string]any{"get": "emanagement"}}), "rosters of this host cannot be managed")
	admin := p.login(t, "admin@localhost")
	values := args("userJid", "a@localhost", "buddyJid", "b@localhost", "subscription_type", "both")
	_, err := admin.Run(patience(t), service, "addBuddyToRoster", values)
	assert.ErrorContains(t, err, "mod_privilege must say roster: {both: emanagement}")
	require.NoError(t, p.Edit(nil))
	_, err = p.Ctl(t.Context(), "reload_config")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		r, err := admin.Run(patience(t), service, "addBuddyToRoster", values)
		return err == nil && r.Title == "Done"
	}, 2*time.Minute, time.Second, p.program.Log())
}
