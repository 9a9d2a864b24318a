package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/component"
	"emanagement/internal/testserver"
)

// TestClaimedGrant has another component claim to be a host that grants access. It is not
// served, and the log says what to write if it is a host all the same.
func TestClaimedGrant(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	p := runProgram(t, s, testserver.Settings{})
	stranger := testserver.NewComponent(t, s, func(c *component.Config) {
		c.JID, c.Address, c.Secret = jid.MustParse(testserver.OtherComponent), s.OtherAddr(), []byte(testserver.OtherSecret)
	})
	testserver.RunComponent(t, stranger)
	message, privilege := grantMessage(service)
	require.NoError(t, stranger.Send(shortContext(t), message, privilege))
	line := func() bool { return strings.Contains(p.Log(), "is not served\" host="+testserver.OtherComponent) }
	require.Eventually(t, line, time.Minute, 20*time.Millisecond)
	assert.Contains(t, p.Log(), "write hosts: [example.org, localhost, "+testserver.OtherComponent+"] into")

	admin := loginTo(t, s, "admin@localhost")
	r, err := admin.Run(shortContext(t), service, "getRoster", formValues("userJid", "u@"+testserver.OtherComponent))
	require.NoError(t, err)
	require.Len(t, r.Notes, 1)
	assert.Contains(t, r.Notes[0].Text, testserver.OtherComponent+": not a host whose rosters are managed here (these are: example.org, localhost)")
	assert.Equal(t, "1 user", runVerb(t, admin, "getConnectedJids").text, "verbs about every host do not wait for it")
}

// TestManyRefusedRequests has a stranger send many requests. The audit log has a line for
// the first ones and, when the program stops, the number of the others.
func TestManyRefusedRequests(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	registerOn(t, s, "stranger@localhost")
	path := filepath.Join(t.TempDir(), "audit.log")
	p, err := testserver.StartProgram(t.Context(), binary, s, testserver.Settings{Access: access, Env: []string{"EMANAGEMENT_AUDIT=" + path}})
	require.NoError(t, err)
	stranger := loginTo(t, s, "stranger@localhost")
	const requests = 300
	for range requests {
		assert.Contains(t, requireFailure(t, stranger, "getRoster", "userJid", "a@localhost"), "stranger@localhost may not run commands here")
	}
	require.NoError(t, p.Stop(), p.Log())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Count(string(text), "\n")
	named := strings.Count(string(text), `"msg":"forbidden"`)
	assert.Positive(t, named)
	// A slow machine may need several minutes for the requests.
	assert.Less(t, lines, requests/2, string(text))
	assert.Contains(t, string(text), `"msg":"refused","asker":"stranger@localhost","count":`)
}
