package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

// TestJobEndsWithTheComponent: whoever asked for a job hears what it has done
// before the component leaves.
func TestJobEndsWithTheComponent(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	registerOn(t, s, "admin@localhost")
	p, err := testserver.StartProgram(t.Context(), binary, s, testserver.Settings{Access: access})
	require.NoError(t, err)
	admin := loginTo(t, s, "admin@localhost/job")
	require.NoError(t, admin.Send(t.Context(), "<presence/>"))
	next(t, admin, "presence", admin.JID().String())
	var nobody []string
	for i := range 5000 {
		nobody = append(nobody, fmt.Sprintf("nobody%d@localhost", i))
	}
	accepted := run(t, admin, "broadcast", "admin", "News", "userJids", strings.Join(nobody, "\n"), "msg", "hi")
	require.Contains(t, accepted.text, "job 1: broadcast goes on;")
	require.NoError(t, p.Stop(), p.Log())
	told := strings.Join(bodiesIn(next(t, admin, "message", testserver.Component)), "")
	assert.Regexp(t, `^job 1: broadcast: the component was stopped; what was done until then stays done: \d+ of 5000\n`, told)
}

// TestNoHostGrants: where no host grants access, a verb about all hosts does
// not say that there was nothing to do.
func TestNoHostGrants(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, func(c map[string]any) { delete(c["modules"].(map[string]any), "mod_privilege") })
	registerOn(t, s, "admin@localhost")
	p, err := testserver.StartProgram(t.Context(), binary, s, testserver.Settings{Access: access, Until: "level="})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Stop()) })
	// Before, it could still come, and is waited for.
	require.Eventually(t, func() bool { return strings.Contains(p.Log(), "no host granted access") }, time.Minute, 50*time.Millisecond)
	admin := loginTo(t, s, "admin@localhost")
	for verb, pairs := range map[string][]string{
		"getConnectedJids": nil, "printAllRooms": nil, "printAllRosters": nil,
		"destroyAllRooms":           {"confirm", "all"},
		"removeAllRosters":          {"confirm", "all"},
		"setPresence":               {"userJid", "SocialStream"},
		"broadcastToConnectedUsers": {"admin", "SocialStream", "userJids", "all", "msg", "hi"},
	} {
		t.Run(verb, func(t *testing.T) {
			assert.Contains(t, failed(t, admin, verb, pairs...), "no host's rosters are managed here at the moment")
		})
	}
}
