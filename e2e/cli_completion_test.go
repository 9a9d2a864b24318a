package e2e_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCompletion asks a real bash for its completions.
func TestCompletion(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"emanagement getR":                               "getRoster",
		"emanagement setB":                               "setBidireccionalBuddys",
		"emanagement --json --config /x checkB":          "checkBidirecctionalBuddys",
		"emanagement se":                                 "setBidireccionalBuddys setPresence sendPresence sendMessageToUser setJidAffiliationOfRoom serve",
		"emanagement addBuddyToRoster a@b c@d nick gr ":  "none to from both",
		"emanagement addBuddyToRoster a@b c@d nick gr b": "both",
		"emanagement addBuddyToRoster a@b c@d --":        "",
		"emanagement sendPresence a@b d":                 "dnd",
		"emanagement sendPresence a@b dnd --s":           "--server --status",
		"emanagement removeAllRostersByDomain a":         "all",
		"emanagement removeAllRosters --y":               "--yes",
		"emanagement getRoster a@b --y":                  "",
		"emanagement getRoster ":                         "",
		"emanagement help setJ":                          "setJidAffiliationOfRoom",
		"emanagement users ":                             "import",
		"emanagement users import /etc/host":             "/etc/host.conf /etc/hostname /etc/hosts",
		"emanagement nonsense ":                          "",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			words := strings.Split(line, " ")
			script := `source <("$1" completion bash); shift; COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _emanagement; echo "${COMPREPLY[*]}"`
			words[0] = binary
			c := exec.CommandContext(shortContext(t), "bash", append([]string{"--norc", "-c", script, "bash", binary}, words...)...)
			got := runCommand(t, c)
			assert.Empty(t, got.err)
			if strings.Contains(line, "/etc/host") {
				assert.Subset(t, strings.Fields(got.out), []string{"/etc/hosts"})
				return
			}
			assert.Equal(t, want, strings.TrimSuffix(got.out, "\n"))
		})
	}
}

// TestCompletionAsTyped types into a real bash, which splits words at @ and =.
// The completions of other programs must stay as they were.
func TestCompletionAsTyped(t *testing.T) {
	t.Parallel()
	terminal, screen := newTerminal(t)
	c := exec.CommandContext(shortContext(t), "bash", "--norc", "--noprofile", "-i")
	c.Stdin, c.Stdout, c.Stderr = terminal, terminal, terminal
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	c.Env = append(os.Environ(), "PS1=> ", "TERM=dumb", "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
	require.NoError(t, c.Start())
	require.NoError(t, terminal.Close())
	shown := bufio.NewReader(screen)
	types := func(text, until string) {
		t.Helper()
		_, err := io.WriteString(screen, text)
		require.NoError(t, err)
		var seen strings.Builder
		for !strings.HasSuffix(seen.String(), until) {
			r, _, err := shown.ReadRune()
			require.NoErrorf(t, err, "%q", seen.String())
			seen.WriteRune(r)
		}
	}
	types("bind 'set bell-style none'; source <(emanagement completion bash); echo rea''dy\n", "ready\r\n> ")
	for line, want := range map[string]string{
		"emanagement addBuddyToRoster a@b c@d nick gr b": "oth ",
		"emanagement --as=x@y getR":                      "oster ",
		"emanagement sendPresence a@b dnd --st":          "atus ",
		"dd if=/etc/hostn":                               "ame ",
	} {
		types(line+"\t", line+want)
		types("\x15echo rea''dy\n", "ready\r\n> ")
	}
	_, err := io.WriteString(screen, "exit\n")
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, shown)
	require.ErrorIs(t, err, syscall.EIO, "the program has closed the terminal")
	require.NoError(t, c.Wait())
}
