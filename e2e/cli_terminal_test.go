package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
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

// TestPasswordPrompt types a password at the prompt. The terminal must not show
// it.
func TestPasswordPrompt(t *testing.T) {
	t.Parallel()
	terminal, screen := newTerminal(t)
	c := exec.CommandContext(shortContext(t), binary, "--as", "reader@localhost", "--server", deployments[0].ClientAddr(), "isEjabberdNodeStarted")
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
	require.ErrorIs(t, err, syscall.EIO, "the program has closed the terminal")
	require.NoError(t, c.Wait())
	assert.Equal(t, " \r\ntrue\r\n", string(rest))
}

// TestProgressBar checks that a terminal shows the progress of a long verb,
// over the socket and as an XMPP account. Without a terminal there is no bar.
func TestProgressBar(t *testing.T) {
	t.Parallel()
	d := deployments[0]
	unknown := make([]string, 300)
	for i := range unknown {
		unknown[i] = fmt.Sprintf("nobody%d@localhost", i)
	}
	broadcast := []string{"broadcast", "news", "[" + strings.Join(unknown, ",") + "]", "hi"}
	for name, flags := range map[string][]string{
		"socket": {"--config", d.program.Config()},
		"--as":   {"--as", "writer@localhost", "--server", d.ClientAddr(), "--component", testserver.Component},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := exec.CommandContext(shortContext(t), binary, slices.Concat(flags, broadcast)...)
			c.Env = append(os.Environ(), "EMANAGEMENT_PASSWORD=pw")
			terminal, screen := newTerminal(t)
			c.Stdin, c.Stdout, c.Stderr = terminal, terminal, terminal
			require.NoError(t, c.Start())
			require.NoError(t, terminal.Close())
			shown, err := io.ReadAll(screen)
			require.ErrorIs(t, err, syscall.EIO, "the program has closed the terminal")
			var exit *exec.ExitError
			require.ErrorAs(t, c.Wait(), &exit, "no recipient was reached")
			assert.Equal(t, 1, exit.ExitCode(), string(shown))
			assert.Regexp(t, `[1-9]\d* of 300`, string(shown))
			assert.Contains(t, string(shown), "█", "the bar itself")

			c = exec.CommandContext(shortContext(t), binary, slices.Concat(flags, []string{"broadcast", "news", "[" + unknown[0] + "]", "hi"})...)
			c.Env = append(os.Environ(), "EMANAGEMENT_PASSWORD=pw")
			assert.Empty(t, runCommand(t, c).err)
		})
	}
}

// newTerminal opens a pseudo-terminal. The program gets terminal; the test
// reads from and writes to screen, as the user does.
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

// TestTerminal checks that a terminal shows a progress bar and asks before a
// verb destroys anything. A pipe gets neither.
func TestTerminal(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, testserver.AdHoc, nil)
	recipients := "[" + strings.Repeat("nobody@localhost,", 1) + "a@localhost"
	for i := range 150 {
		recipients += fmt.Sprintf(",b%d@localhost", i)
	}
	recipients += "]"
	inTerminal := func(typed, command string) cliResult {
		c := exec.CommandContext(shortContext(t), "script", "--quiet", "--return", "--command", command, os.DevNull)
		c.Env = append(os.Environ(), "EMANAGEMENT_CONTROL="+d.program.Control(), "TERM=xterm")
		c.Stdin = strings.NewReader(typed)
		return runCommand(t, c)
	}
	broadcast := binary + " broadcast News " + recipients + " hi"
	got := inTerminal("", broadcast)
	assert.Equal(t, 1, got.status, "no recipient was reached")
	assert.Regexp(t, `\d+% .*\d+ of 152`, got.out)
	piped := inTerminal("", broadcast+" | cat")
	assert.NotContains(t, piped.out, "of 152")
	assert.Contains(t, piped.out, "b149@localhost\t")

	d.storeItems(t, "a@localhost", storedItem{"b@localhost", "B", "both", nil})
	require.Equal(t, 0, emanagement(t, d.program, "getRoster", "a@localhost").status)
	question := "this removes 1 item of 1 roster on localhost. To do it, type localhost: "
	refused := inTerminal("yes\n", binary+" removeAllRostersByDomain localhost")
	assert.Contains(t, refused.out, question)
	assert.Equal(t, 2, refused.status)
	assert.Len(t, d.storedRoster(t, "a@localhost"), 1)
	meant := inTerminal("localhost\n", binary+" removeAllRostersByDomain localhost")
	assert.Contains(t, meant.out, question)
	assert.Contains(t, meant.out, "Done")
	assert.Equal(t, 0, meant.status)
	assert.Empty(t, d.storedRoster(t, "a@localhost"))
}
