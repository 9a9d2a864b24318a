package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

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

// TestPasswordPrompt types the password where a person is asked for it. It is
// seen nowhere.
func TestPasswordPrompt(t *testing.T) {
	t.Parallel()
	terminal, screen := newTerminal(t)
	c := exec.CommandContext(patience(t), binary, "--as", "reader@localhost", "--server", places[0].ClientAddr(), "isEjabberdNodeStarted")
	c.Stdin, c.Stdout, c.Stderr = terminal, terminal, terminal
	require.NoError(t, c.Start())
	require.NoError(t, terminal.Close())
	lines := bufio.NewReader(screen)
	prompt, err := lines.ReadString(':')
	require.NoError(t, err)
	assert.Equal(t, "Password of reader@localhost:", prompt)
	require.Eventually(t, func() bool {
		state, err := unix.IoctlGetTermios(int(screen.Fd()), unix.TCGETS)
		return err == nil && state.Lflag&unix.ECHO == 0
	}, time.Minute, 10*time.Millisecond)
	_, err = io.WriteString(screen, "pw\n")
	require.NoError(t, err)
	rest, err := io.ReadAll(lines)
	require.ErrorIs(t, err, syscall.EIO, "nobody writes any more")
	require.NoError(t, c.Wait())
	assert.Equal(t, " \r\ntrue\r\n", string(rest))
}

// TestProgressBar: who looks at a terminal sees how far a long verb is, by the
// socket and from afar, and nobody else does.
func TestProgressBar(t *testing.T) {
	t.Parallel()
	p := places[0]
	nobody := make([]string, 300)
	for i := range nobody {
		nobody[i] = fmt.Sprintf("nobody%d@localhost", i)
	}
	broadcast := []string{"broadcast", "news", "[" + strings.Join(nobody, ",") + "]", "hi"}
	for name, flags := range map[string][]string{
		"socket": {"--config", p.program.Config()},
		"afar":   {"--as", "writer@localhost", "--server", p.ClientAddr(), "--component", testserver.Component},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := exec.CommandContext(patience(t), binary, slices.Concat(flags, broadcast)...)
			c.Env = append(os.Environ(), "EMANAGEMENT_PASSWORD=pw")
			terminal, screen := newTerminal(t)
			c.Stdin, c.Stdout, c.Stderr = terminal, terminal, terminal
			require.NoError(t, c.Start())
			require.NoError(t, terminal.Close())
			shown, err := io.ReadAll(screen)
			require.ErrorIs(t, err, syscall.EIO, "nobody writes any more")
			var exit *exec.ExitError
			require.ErrorAs(t, c.Wait(), &exit, "nobody was reached")
			assert.Equal(t, 1, exit.ExitCode(), string(shown))
			assert.Regexp(t, `[1-9]\d* of 300`, string(shown))
			assert.Contains(t, string(shown), "█", "it is a bar")

			c = exec.CommandContext(patience(t), binary, slices.Concat(flags, []string{"broadcast", "news", "[" + nobody[0] + "]", "hi"})...)
			c.Env = append(os.Environ(), "EMANAGEMENT_PASSWORD=pw")
			assert.Empty(t, ended(t, c).err)
		})
	}
}

// newTerminal opens a terminal for a program, and what a person sees and types
// there.
func newTerminal(t *testing.T) (terminal, screen *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { screen.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	return terminal, screen
}
