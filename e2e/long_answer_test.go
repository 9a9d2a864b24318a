package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

// TestLongAnswer checks an answer that exceeds the listener's max_stanza_size.
// The component truncates it and says so.
func TestLongAnswer(t *testing.T) {
	t.Parallel()
	limited := func(c map[string]any) {
		for _, l := range c["listen"].([]any) {
			if listener := l.(map[string]any); listener["module"] == "ejabberd_service" {
				listener["max_stanza_size"] = 131072
			}
		}
	}
	d := newDeployment(t, testserver.AdHoc, limited)
	admin := d.login(t, "admin@localhost")
	const user = "many@localhost"
	entries := make([]storedItem, 3000)
	for i := range entries {
		entries[i] = storedItem{fmt.Sprintf("contact-with-a-long-name-%04d@localhost", i), fmt.Sprintf("Contact %d", i), "both", []string{"Friends"}}
	}
	d.storeItems(t, user, entries...)
	_, err := admin.Run(shortContext(t), service, "getRoster", formValues("userJid", user))
	require.ErrorContains(t, err, "max_stanza_size", "from this the component learns the limit")
	r, err := admin.Run(shortContext(t), service, "getRoster", formValues("userJid", user))
	require.NoError(t, err)
	assert.Regexp(t, `^3000 items; only the first \d+ of 3000 lines, .*max_stanza_size`, r.Title)
	f, _ := r.Field("result")
	assert.Greater(t, len(f.Values), 500)
	assert.Len(t, strings.Split(strings.TrimSpace(emanagement(t, d.program, "getRoster", user).out), "\n"), 3000)
	assert.Equal(t, 1, strings.Count(d.program.Log(), "stream ended"), "the component learns the limit by the end of its stream")
	requireDone(t, admin, "addBuddyToRoster", "userJid", "a@localhost", "buddyJid", "b@localhost", "subscription_type", "both")
}
