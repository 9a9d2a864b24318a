package emanagement_test

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
	p := places[0]
	users := people(t, "localhost", "user", "buddy")
	password := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(password, []byte("pw\n"), 0o600))
	as := func(account string, args ...string) said {
		c := exec.CommandContext(patience(t), binary, append([]string{"--as", account, "--server", p.ClientAddr(), "--password-file", password}, args...)...)
		c.Env = append(os.Environ(), "EMANAGEMENT_CONTROL=/no/such/socket")
		return ended(t, c)
	}
	assert.Equal(t, said{"Done\n", "", 0}, as("admin@localhost", "--component", testserver.Component, "addBuddyToRoster", users[0], users[1], "--yes", "a b", "both"))
	assert.Equal(t, []entry{{users[1], "--yes", "both", []string{"a b"}}}, p.stored(t, users[0]))
	assert.Equal(t, said{users[1] + "\t--yes\tboth\tnone\ta b\n", "", 0}, as("reader@localhost", "getRoster", users[0]), "the component found by the server")
	assert.Equal(t, said{"false\n", "", 1}, as("reader@localhost", "checkUserJid", users[1]))
	assert.Equal(t, 1, as("reader@localhost", "removeRoster", users[0]).status)
	assert.Equal(t, 2, as("admin@localhost", "getRoster", "@").status)
	assert.Equal(t, 2, as("nobody", "getRoster", users[0]).status)
	assert.Equal(t, 3, ended(t, exec.CommandContext(patience(t), binary, "--as", "admin@localhost", "--server", "127.0.0.1:1", "--password-file", password, "getRoster", users[0])).status)
	got := as("admin@localhost", "getRoster", users[0], "--json")
	assert.Contains(t, got.out, `"nick":"--yes"`)
}
