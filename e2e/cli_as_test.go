package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

// TestAs runs verbs as an XMPP account, as from any machine.
func TestAs(t *testing.T) {
	t.Parallel()
	d := deployments[0]
	users := uniqueJIDs(t, "localhost", "user", "buddy")
	password := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(password, []byte("pw\n"), 0o600))
	as := func(account string, args ...string) cliResult {
		c := exec.CommandContext(shortContext(t), binary, append([]string{"--as", account, "--server", d.ClientAddr(), "--password-file", password}, args...)...)
		c.Env = append(os.Environ(), "EMANAGEMENT_CONTROL=/no/such/socket")
		return runCommand(t, c)
	}
	assert.Equal(t, cliResult{"Done\n", "", 0}, as("admin@localhost", "--component", testserver.Component, "addBuddyToRoster", users[0], users[1], "--yes", "a b", "both"))
	assert.Equal(t, []storedItem{{users[1], "--yes", "both", []string{"a b"}}}, d.storedRoster(t, users[0]))
	assert.Equal(t, cliResult{users[1] + "\t--yes\tboth\tnone\ta b\n", "", 0}, as("reader@localhost", "getRoster", users[0]), "the component is found by asking the server")
	assert.Equal(t, cliResult{"false\n", "", 1}, as("reader@localhost", "checkUserJid", users[1]))
	assert.Equal(t, 1, as("reader@localhost", "removeRoster", users[0]).status)
	assert.Equal(t, 2, as("admin@localhost", "getRoster", "@").status)
	assert.Equal(t, 2, as("nobody", "getRoster", users[0]).status)
	assert.Equal(t, 3, runCommand(t, exec.CommandContext(shortContext(t), binary, "--as", "admin@localhost", "--server", "127.0.0.1:1", "--password-file", password, "getRoster", users[0])).status)
	got := as("admin@localhost", "getRoster", users[0], "--json")
	assert.Contains(t, got.out, `"nick":"--yes"`)
}
