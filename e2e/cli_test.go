package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"emanagement/internal/testserver"
)

// cliResult is the output of a command line and its exit status.
type cliResult struct {
	out, err string
	status   int
}

// emanagement runs the command on the server's machine, over the control socket
// of p.
func emanagement(t testing.TB, p *testserver.Program, args ...string) cliResult {
	t.Helper()
	return runCommand(t, cliCommand(t, p, args...))
}

// cliCommand returns such a command without running it.
func cliCommand(t testing.TB, p *testserver.Program, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, binary, args...)
	c.Env = append(os.Environ(), "EMANAGEMENT_CONTROL="+p.Control())
	return c
}

// runCommand runs a command and returns its output and exit status.
func runCommand(t testing.TB, c *exec.Cmd) cliResult {
	t.Helper()
	var out, diag bytes.Buffer
	c.Stdout, c.Stderr = &out, &diag
	err := c.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); !ok {
		require.NoError(t, err)
	}
	return cliResult{out.String(), diag.String(), c.ProcessState.ExitCode()}
}

// TestArgumentsArrive checks that arguments reach the verb unchanged: no shell,
// flag parser or separator may alter them.
func TestArgumentsArrive(t *testing.T) {
	t.Parallel()
	d := deployments[0]
	user, buddy := uniqueJIDs(t, "localhost", "user", "buddy")[0], uniqueJIDs(t, "localhost", "user", "buddy")[1]
	for _, text := range append([]string{"--yes", "--json", "-h", "--", "two\nlines", "\ttab ", "'", `"`, "--config=/no/such", "help"}, awkward...) {
		require.Equal(t, cliResult{"Done\n", "", 0}, emanagement(t, d.program, "addBuddyToRoster", user, buddy, text, text, "both"), text)
		groups := strings.Split(text, "\n") // one group per line
		slices.Sort(groups)
		require.Equal(t, []storedItem{{buddy, text, "both", groups}}, d.storedRoster(t, user))
	}
}

// TestAlone runs emanagement in a folder without emanagementd. No verb needs
// that program, even with arguments that look like flags, or with --json and
// --yes.
func TestAlone(t *testing.T) {
	t.Parallel()
	d := deployments[0]
	user, buddy := uniqueJIDs(t, "localhost", "user", "buddy")[0], uniqueJIDs(t, "localhost", "user", "buddy")[1]
	alone := filepath.Join(t.TempDir(), "emanagement")
	program, err := os.ReadFile(binary)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(alone, program, 0o755))
	for _, test := range []struct {
		args []string
		want cliResult
	}{
		{[]string{"addBuddyToRoster", user, buddy, "--json", "-x", "both"}, cliResult{"Done\n", "", 0}},
		{[]string{"--json", "addBuddyToRoster", user, buddy, "--json", "-x", "both"}, cliResult{`{"shape":"done","outcome":"Done","lines":["Done"]}` + "\n", "", 0}},
		{[]string{"checkUserJid", user, "--json"}, cliResult{`{"shape":"answer","outcome":"true","answer":true,"lines":["true"]}` + "\n", "", 0}},
		{[]string{"removeAllRostersByDomain", "nowhere.example", "--yes", "--json"}, cliResult{`{"error":{"kind":"argument","text":"domain: nowhere.example: not a host whose rosters are managed here (these are: example.org, localhost)","param":"domain"}}` + "\n", "", 2}},
	} {
		c := exec.CommandContext(shortContext(t), alone, test.args...)
		c.Env = []string{"EMANAGEMENT_CONTROL=" + d.program.Control(), "PATH=/nowhere"}
		assert.Equal(t, test.want, runCommand(t, c), test.args)
	}
	assert.Equal(t, []storedItem{{buddy, "--json", "both", []string{"-x"}}}, d.storedRoster(t, user))
}

// TestExitStatus checks outputs and exit statuses, on which scripts rely.
func TestExitStatus(t *testing.T) {
	t.Parallel()
	d := deployments[0]
	user, buddy, stranger := uniqueJIDs(t, "localhost", "user", "buddy", "stranger")[0], uniqueJIDs(t, "localhost", "user", "buddy", "stranger")[1], uniqueJIDs(t, "localhost", "user", "buddy", "stranger")[2]
	d.storeItems(t, user, storedItem{buddy, "B", "both", nil})
	d.storeItems(t, buddy, storedItem{user, "U", "both", nil})
	syntax := func(verb string, n int, line string) string {
		return fmt.Sprintf("Error: Params required for command %s: %d\nSyntax for command %s\n%s\nUse 'help' to get information about command syntax\n", verb, n, verb, line)
	}
	for name, test := range map[string]struct {
		args []string
		want cliResult
	}{
		"done":                 {[]string{"addBuddyToRoster", user, buddy, "B", "", "both"}, cliResult{"Done\n", "", 0}},
		"yes":                  {[]string{"checkBidirecctionalBuddys", user, buddy}, cliResult{"true\n", "", 0}},
		"no":                   {[]string{"checkUserJid", stranger}, cliResult{"false\n", "", 1}},
		"not found":            {[]string{"getRoster", stranger}, cliResult{"Roster not found for user " + stranger + "\n", "", 1}},
		"too few":              {[]string{"checkBidirecctionalBuddys", user}, cliResult{syntax("checkBidirecctionalBuddys", 2, "checkBidirecctionalBuddys userAJid userBJid"), "", 2}},
		"too many":             {[]string{"getRoster", user, buddy}, cliResult{syntax("getRoster", 1, "getRoster userJid"), "", 2}},
		"none wanted":          {[]string{"getConnectedJids", "x"}, cliResult{syntax("getConnectedJids", 0, "getConnectedJids"), "", 2}},
		"no verb":              {[]string{"getRooster", user}, cliResult{"Error: Command not recognized\nUse 'help' to get information about command syntax\n", "emanagement: did you mean getRoster?\n", 2}},
		"in other case":        {[]string{"CHECKuserjid", stranger}, cliResult{"false\n", "", 1}},
		"JSON, one too few":    {[]string{"getroster", "--json"}, cliResult{`{"error":{"kind":"usage","text":` + jsonString(strings.TrimSuffix(syntax("getRoster", 1, "getRoster userJid"), "\n")) + "}}\n", "", 2}},
		"no JID":               {[]string{"getRoster", "a b"}, cliResult{"", "emanagement: userJid: \"a b\" is not a JID\n", 2}},
		"a word of no kind":    {[]string{"addBuddyToRoster", user, buddy, "", "", "Both"}, cliResult{"", "emanagement: subscription_type: \"Both\" is not one of none, to, from, both\n", 2}},
		"no such flag":         {[]string{"getRoster", user, "--limit", "3"}, cliResult{"", "emanagement: --limit: getRoster has no such flag; 'emanagement help' explains\n", 2}},
		"no flag at all":       {[]string{"getRoster", user, "--frob"}, cliResult{"", "emanagement: --frob: getRoster has no such flag; 'emanagement help' explains\n", 2}},
		"a flag of --as":       {[]string{"--server", "x:1", "getRoster", user}, cliResult{"", "emanagement: --server: it goes with --as; 'emanagement help' explains\n", 2}},
		"no host of ours":      {[]string{"getRoster", "a@nowhere.example"}, cliResult{"", "emanagement: userJid: nowhere.example: not a host whose rosters are managed here (these are: example.org, localhost)\n", 2}},
		"no session":           {[]string{"sendPresence", stranger, "away", "--status", "at lunch"}, cliResult{stranger + " no have any active session\n", "", 1}},
		"no user is reached":   {[]string{"broadcast", "News", "[" + stranger + "]", "hi"}, cliResult{stranger + "\tno such user, or none who takes messages\n", "", 1}},
		"one is not reached":   {[]string{"--json", "broadcast", "News", "[" + stranger + ",reader@localhost]", "hi"}, cliResult{`{"shape":"table","outcome":"sent to 1 of 2 recipients","items":[{"jid":"` + stranger + `","outcome":"no such user, or none who takes messages"},{"jid":"reader@localhost","outcome":"Done"}],"missed":1,"lines":["` + stranger + `\tno such user, or none who takes messages","reader@localhost\tDone"]}` + "\n", "", 1}},
		"nothing to confirm":   {[]string{"destroyAllRoomsByDomain", "example.org"}, cliResult{"Done\n", "", 0}},
		"confirmed":            {[]string{"--yes", "destroyAllRoomsByDomain", "example.org"}, cliResult{"Done\n", "", 0}},
		"a flag's value":       {[]string{"getAllUserJidsWithRosterByDomain", "localhost", "--limit", "0"}, cliResult{"", "emanagement: limit: \"0\" is not a number from 1 to 1000000\n", 2}},
		"no such job":          {[]string{"stopJob", "999999"}, cliResult{"job 999999 not found\n", "", 1}},
		"no such job, no word": {[]string{"stopJob", "one"}, cliResult{"", "emanagement: job: \"one\" is not a number from 1 to 1000000\n", 2}},
		"JSON":                 {[]string{"--json", "checkUserJid", stranger}, cliResult{`{"shape":"answer","outcome":"false","answer":false,"lines":["false"]}` + "\n", "", 1}},
		"JSON behind":          {[]string{"checkUserJid", user, "--json"}, cliResult{`{"shape":"answer","outcome":"true","answer":true,"lines":["true"]}` + "\n", "", 0}},
		"JSON of few":          {[]string{"--json", "getConnectedJids", "x"}, cliResult{`{"error":{"kind":"usage","text":` + jsonString(strings.TrimSuffix(syntax("getConnectedJids", 0, "getConnectedJids"), "\n")) + "}}\n", "", 2}},
		"JSON of no verb":      {[]string{"getRooster", "--json"}, cliResult{`{"error":{"kind":"unknown","text":"Error: Command not recognized\nUse 'help' to get information about command syntax","meant":"getRoster"}}` + "\n", "", 2}},
		"JSON of no flag":      {[]string{"--json", "getRoster", user, "--frob"}, cliResult{`{"error":{"kind":"argument","text":"--frob: getRoster has no such flag; 'emanagement help' explains"}}` + "\n", "", 2}},
		"an account not set":   {[]string{"--as", "", "removeRoster", user}, cliResult{"", "emanagement: --as: it is empty; 'emanagement help' explains\n", 2}},
		"JSON of an error":     {[]string{"getRoster", "@", "--json"}, cliResult{`{"error":{"kind":"argument","text":"userJid: \"@\" is not a JID","param":"userJid"}}` + "\n", "", 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, emanagement(t, d.program, test.args...))
		})
	}
}

func jsonString(s string) string {
	text, _ := json.Marshal(s) // a string never fails
	return string(text)
}

// TestAway checks the errors while the component is not running, and while the
// server is stopped.
func TestAway(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "control.sock")
	c := exec.CommandContext(t.Context(), binary, "getRoster", "a@localhost")
	c.Env = append(os.Environ(), "EMANAGEMENT_CONTROL="+socket)
	assert.Equal(t, cliResult{"", "emanagement: " + socket + ": no such file or directory; does emanagement serve run here?\n", 3}, runCommand(t, c))

	d := newDeployment(t, testserver.AdHoc, nil)
	assert.Equal(t, cliResult{"true\n", "", 0}, emanagement(t, d.program, "isEjabberdNodeStarted"))
	require.NoError(t, d.Stop(t.Context()))
	assert.Equal(t, cliResult{"", "emanagement: the component is not connected to the server at the moment; its log says why\n", 3},
		emanagement(t, d.program, "getRoster", "a@localhost"))
	assert.Equal(t, cliResult{`{"error":{"kind":"away","text":"the component is not connected to the server at the moment; its log says why","nothing_done":true}}` + "\n", "", 3},
		emanagement(t, d.program, "--json", "getRoster", "a@localhost"))
	assert.Equal(t, cliResult{"false\n", "", 1}, emanagement(t, d.program, "isEjabberdNodeStarted"))
	var patient errgroup.Group
	for _, line := range [][]string{{"--wait", "checkUserJid", "a@localhost"}, {"checkUserJid", "a@localhost", "--wait"}} {
		c := cliCommand(t, d.program, line...)
		patient.Go(func() error {
			assert.Equal(t, cliResult{"false\n", "", 1}, runCommand(t, c))
			return nil
		})
	}
	refused := emanagement(t, d.program, "--wait", "--as", "admin@localhost", "checkUserJid", "a@localhost")
	assert.Equal(t, cliResult{"", "emanagement: --wait: it works on the component's machine only, not with --as\n", 2}, refused)
	require.NoError(t, d.Start(t.Context()))
	require.NoError(t, patient.Wait())
	require.Eventually(t, func() bool { return emanagement(t, d.program, "isEjabberdNodeStarted").status == 0 }, time.Minute, 50*time.Millisecond)
	assert.Equal(t, cliResult{"Roster not found for user a@localhost\n", "", 1}, emanagement(t, d.program, "getRoster", "a@localhost"))
}

// TestInterrupted checks that Ctrl-C ends a verb. The command reports how far
// the verb got, with or without a terminal.
func TestInterrupted(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "control.sock")
	l, err := net.Listen("unix", socket)
	require.NoError(t, err)
	asked := make(chan struct{}, 2)
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"progress":{"text":"119 rosters looked at","done":119,"total":431}}`+"\n")
		_ = http.NewResponseController(w).Flush()
		asked <- struct{}{}
		<-r.Context().Done()
	})}
	var serving errgroup.Group
	serving.Go(func() error { return s.Serve(l) })
	t.Cleanup(func() {
		assert.NoError(t, s.Close())
		assert.ErrorIs(t, serving.Wait(), http.ErrServerClosed)
	})
	for name, line := range map[string][]string{
		"plain line":  {"removeAllRosters", "--yes"},
		"parsed line": {"--config", filepath.Join(t.TempDir(), "none.yml"), "removeAllRosters", "--yes"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "parsed line" {
				require.NoError(t, os.WriteFile(line[1], []byte("control: "+socket+"\n"), 0o600))
			}
			c := exec.CommandContext(shortContext(t), binary, line...)
			c.Env = append(os.Environ(), "EMANAGEMENT_CONTROL="+socket)
			var diag bytes.Buffer
			c.Stderr = &diag
			require.NoError(t, c.Start())
			<-asked
			require.NoError(t, c.Process.Signal(os.Interrupt))
			assert.Error(t, c.Wait())
			assert.Equal(t, 130, c.ProcessState.ExitCode(), diag.String())
			// The signal may arrive before the progress line.
			assert.Regexp(t, "^emanagement: (119 rosters looked at; )?given up; what was done until then stays done\n$", diag.String())
		})
	}
}
