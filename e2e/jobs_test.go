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

// TestJobTellsItsEnd stops a broadcast that takes longer than a request waits.
// The requester gets the outcome as a message.
func TestJobTellsItsEnd(t *testing.T) {
	t.Parallel()
	admin := deployments[0].online(t, "admin@localhost/job", "")
	var unknown []string
	for i := range 5000 {
		unknown = append(unknown, fmt.Sprintf("nobody%d@localhost", i))
	}
	accepted := runVerb(t, admin, "broadcast", "admin", "News", "userJids", strings.Join(unknown, "\n"), "msg", "hi")
	var number int
	_, err := fmt.Sscanf(accepted.text, "job %d: broadcast goes on;", &number)
	require.NoError(t, err, accepted.text)
	var progress string
	for _, line := range runVerb(t, admin, "listJobs").lines {
		if columns := strings.Split(line, "\t"); columns[0] == fmt.Sprint(number) {
			progress = columns[4]
			assert.Equal(t, []string{"broadcast", "admin@localhost"}, columns[1:3])
		}
	}
	var sent, of int
	_, err = fmt.Sscanf(progress, "%d of %d", &sent, &of)
	require.NoError(t, err, progress)
	assert.Equal(t, 5000, of)
	assert.Greater(t, sent, 100)
	assert.LessOrEqual(t, sent, 1000, "at most a hundred per second")

	requireDone(t, admin, "stopJob", "job", fmt.Sprint(number))
	e := nextStanza(t, admin, "message", testserver.Component)
	outcome := strings.Split(strings.Join(bodiesIn(e), ""), "\n")
	var reached, shown, left int
	_, err = fmt.Sscanf(outcome[0], fmt.Sprintf("job %d: broadcast: stopped; what was done until then stays done: %%d of 5000", number), &reached)
	require.NoError(t, err, outcome[0])
	assert.GreaterOrEqual(t, reached, sent)
	shown = len(outcome) - 2
	_, err = fmt.Sscanf(outcome[len(outcome)-1], "(%d lines left out; the audit log has all of it)", &left)
	require.NoError(t, err, outcome[len(outcome)-1])
	assert.GreaterOrEqual(t, shown+left, reached, "a line for each recipient until the stop")
	for i, line := range outcome[1 : len(outcome)-1] {
		assert.Equal(t, unknown[i]+" – no such user, or none who takes messages", line)
	}
}

// TestJobEndsWithTheComponent checks that the requester of a job gets its
// outcome before a stopping component disconnects.
func TestJobEndsWithTheComponent(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	registerOn(t, s, "admin@localhost")
	p, err := testserver.StartProgram(t.Context(), binary, s, testserver.Settings{Access: access})
	require.NoError(t, err)
	admin := loginTo(t, s, "admin@localhost/job")
	require.NoError(t, admin.Send(t.Context(), "<presence/>"))
	nextStanza(t, admin, "presence", admin.JID().String())
	var unknown []string
	for i := range 5000 {
		unknown = append(unknown, fmt.Sprintf("nobody%d@localhost", i))
	}
	accepted := runVerb(t, admin, "broadcast", "admin", "News", "userJids", strings.Join(unknown, "\n"), "msg", "hi")
	require.Contains(t, accepted.text, "job 1: broadcast goes on;")
	require.NoError(t, p.Stop(), p.Log())
	outcome := strings.Join(bodiesIn(nextStanza(t, admin, "message", testserver.Component)), "")
	assert.Regexp(t, `^job 1: broadcast: the component was stopped; what was done until then stays done: \d+ of 5000\n`, outcome)
}

// TestNoHostGrants checks that a verb about all hosts does not report success
// if no host grants access.
func TestNoHostGrants(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, func(c map[string]any) { delete(c["modules"].(map[string]any), "mod_privilege") })
	registerOn(t, s, "admin@localhost")
	p, err := testserver.StartProgram(t.Context(), binary, s, testserver.Settings{Access: access, Until: "level="})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Stop()) })
	// Until this line is logged, a grant may still arrive, and verbs wait for it.
	require.Eventually(t, func() bool { return strings.Contains(p.Log(), "no access granted") }, time.Minute, 50*time.Millisecond)
	admin := loginTo(t, s, "admin@localhost")
	for verb, pairs := range map[string][]string{
		"getConnectedJids": nil, "printAllRooms": nil, "printAllRosters": nil,
		"destroyAllRooms":           {"confirm", "all"},
		"removeAllRosters":          {"confirm", "all"},
		"setPresence":               {"userJid", "SocialStream"},
		"broadcastToConnectedUsers": {"admin", "SocialStream", "userJids", "all", "msg", "hi"},
	} {
		t.Run(verb, func(t *testing.T) {
			assert.Contains(t, requireFailure(t, admin, verb, pairs...), "example.org: the server does not let this component manage it at the moment")
		})
	}
}
