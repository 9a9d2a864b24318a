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

// said is what a command line printed, and its exit status.
type said struct {
	out, err string
	status   int
}

// emanagement runs the program as somebody on the server's machine does.
func emanagement(t testing.TB, p *testserver.Program, args ...string) said {
	t.Helper()
	return ended(t, commandLine(t, p, args...))
}

func commandLine(t testing.TB, p *testserver.Program, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, binary, args...)
	c.Env = append(os.Environ(), "EMANAGEMENT_CONTROL="+p.Control())
	return c
}

// ended runs a command to its end.
func ended(t testing.TB, c *exec.Cmd) said {
	t.Helper()
	var out, diag bytes.Buffer
	c.Stdout, c.Stderr = &out, &diag
	err := c.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); !ok {
		require.NoError(t, err)
	}
	return said{out.String(), diag.String(), c.ProcessState.ExitCode()}
}

// guide is the shell session of the emanagement guide, with what the script
// printed: a rule of 37, tabs between columns.
const guide = `
$ ./emanagement getRoster demo@localhost
lois-johnson@localhost	Lois	both	none	SocialStream
pamela-hall@localhost	Pamela	both	none	SocialStream
terry-alvarez@localhost	Terry	both	none	SocialStream
$ ./emanagement printAllRostersByDomain localhost
-------------------------------------
demo Roster
-------------------------------------
lois-johnson@localhost	Lois	both	none	SocialStream
pamela-hall@localhost	Pamela	both	none	SocialStream
terry-alvarez@localhost	Terry	both	none	SocialStream
-------------------------------------
-------------------------------------
jacqueline-moore Roster
-------------------------------------
pamela-hall@localhost	Pamela	both	none	SocialStream
-------------------------------------
-------------------------------------
lois-johnson Roster
-------------------------------------
demo@localhost	Demo	both	none	SocialStream
-------------------------------------
-------------------------------------
pamela-hall Roster
-------------------------------------
demo@localhost	Demo	both	none	SocialStream
jacqueline-moore@localhost	Jacqueline	both	none	SocialStream
-------------------------------------
-------------------------------------
terry-alvarez Roster
-------------------------------------
demo@localhost	Demo	both	none	SocialStream
-------------------------------------
Done
$ ./emanagement checkBidirecctionalBuddys demo@localhost pamela-hall@localhost
true
$ ./emanagement setPresence demo@localhost
Done
$ ./emanagement sendPresence demo@localhost away
Done
$ ./emanagement sendMessageToUser SocialStream demo@localhost "Hello World"
Done
$ ./emanagement getUserResource demo@localhost
web
$ ./emanagement removeBuddyFromRoster demo@localhost terry-alvarez@localhost
Done
$ ./emanagement removeBuddyFromRoster demo@localhost terry-alvarez@localhost
User terry-alvarez@localhost not found in demo@localhost roster.
$ ./emanagement unsetBidireccionalBuddys demo@localhost lois-johnson@localhost Lois SocialStream
Done
$ ./emanagement unsetBidireccionalBuddys demo@localhost lois-johnson@localhost Lois SocialStream
demo@localhost and lois-johnson@localhost aren't bidireccional buddys
$ ./emanagement printAllBidirecctionalBuddysByDomain localhost
[demo@localhost,pamela-hall@localhost]
[jacqueline-moore@localhost,pamela-hall@localhost]
Done
$ ./emanagement removeRoster nobody@localhost
Roster not found for userJid nobody@localhost
$ ./emanagement getRoster
Error: Params required for command getRoster: 1
Syntax for command getRoster
getRoster userJid
Use 'help' to get information about command syntax
$ ./emanagement makeCoffee
Error: Command not recognized
Use 'help' to get information about command syntax
$ ./emanagement removeAllRostersByDomain localhost --yes
Done
$ ./emanagement getAllUserJidsWithRosterByDomain localhost
$ ./emanagement getRoster demo@localhost
Roster not found for user demo@localhost
`

// TestGuideSession runs the guide's session in a shell, in a folder where
// nothing but the program is, as old code does. It must print what the guide
// shows, to the letter.
func TestGuideSession(t *testing.T) {
	t.Parallel()
	p := newPlace(t, testserver.AdHoc, nil)
	registerOn(t, p.Server, "demo@localhost")
	demo := p.login(t, "demo@localhost/web")
	require.NoError(t, demo.Send(t.Context(), "<presence/>"))
	for _, pair := range [][2]string{{"demo", "pamela-hall"}, {"demo", "terry-alvarez"}, {"demo", "lois-johnson"}, {"jacqueline-moore", "pamela-hall"}} {
		a, b := pair[0], pair[1]
		nick := func(s string) string { return strings.ToUpper(s[:1]) + strings.SplitN(s, "-", 2)[0][1:] }
		p.put(t, a+"@localhost", entry{b + "@localhost", nick(b), "both", []string{"SocialStream"}})
		p.put(t, b+"@localhost", entry{a + "@localhost", nick(a), "both", []string{"SocialStream"}})
	}
	scripts := t.TempDir()
	for _, name := range []string{"emanagement", "emanagementd"} {
		require.NoError(t, os.Link(filepath.Join(filepath.Dir(binary), name), filepath.Join(scripts, name)))
	}
	var script strings.Builder
	for line := range strings.Lines(guide) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			fmt.Fprintf(&script, "cat <<'END'\n%sEND\n%s", line, command)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "sh", "-c", script.String())
	shell.Dir, shell.Env = scripts, append(os.Environ(), "EMANAGEMENT_CONTROL="+p.program.Control())
	got := ended(t, shell)
	assert.Equal(t, strings.TrimPrefix(guide, "\n"), got.out)
	assert.Empty(t, got.err)
	requireMessage(t, demo, "socialstream@"+testserver.Component, "Hello World")
}

// TestArgumentsArrive: no shell, no option and no separator is seen in an
// argument.
func TestArgumentsArrive(t *testing.T) {
	t.Parallel()
	p := places[0]
	user, buddy := people(t, "localhost", "user", "buddy")[0], people(t, "localhost", "user", "buddy")[1]
	for _, text := range append([]string{"--yes", "--json", "-h", "--", "two\nlines", "\ttab ", "'", `"`, "--config=/no/such", "help"}, awkward...) {
		require.Equal(t, said{"Done\n", "", 0}, emanagement(t, p.program, "addBuddyToRoster", user, buddy, text, text, "both"), text)
		groups := strings.Split(text, "\n") // one a line
		slices.Sort(groups)
		require.Equal(t, []entry{{buddy, text, "both", groups}}, p.stored(t, user))
	}
}

// TestAlone: the small program needs the big one neither for what looks like a
// flag in a place of the verb's, nor for --json and --yes.
func TestAlone(t *testing.T) {
	t.Parallel()
	p := places[0]
	user, buddy := people(t, "localhost", "user", "buddy")[0], people(t, "localhost", "user", "buddy")[1]
	alone := filepath.Join(t.TempDir(), "emanagement")
	program, err := os.ReadFile(binary)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(alone, program, 0o755))
	for _, test := range []struct {
		args []string
		want said
	}{
		{[]string{"addBuddyToRoster", user, buddy, "--json", "-x", "both"}, said{"Done\n", "", 0}},
		{[]string{"--json", "addBuddyToRoster", user, buddy, "--json", "-x", "both"}, said{`{"shape":"done","outcome":"Done","lines":["Done"]}` + "\n", "", 0}},
		{[]string{"checkUserJid", user, "--json"}, said{`{"shape":"answer","outcome":"true","answer":true,"lines":["true"]}` + "\n", "", 0}},
		{[]string{"removeAllRostersByDomain", "nowhere.example", "--yes", "--json"}, said{`{"error":{"kind":"argument","text":"domain: nowhere.example: not a host whose rosters are managed here (these are: example.org, localhost)","param":"domain"}}` + "\n", "", 2}},
	} {
		c := exec.CommandContext(patience(t), alone, test.args...)
		c.Env = []string{"EMANAGEMENT_CONTROL=" + p.program.Control(), "PATH=/nowhere"}
		assert.Equal(t, test.want, ended(t, c), test.args)
	}
	assert.Equal(t, []entry{{buddy, "--json", "both", []string{"-x"}}}, p.stored(t, user))
}

// TestExitStatus: what scripts go by.
func TestExitStatus(t *testing.T) {
	t.Parallel()
	p := places[0]
	user, buddy, stranger := people(t, "localhost", "user", "buddy", "stranger")[0], people(t, "localhost", "user", "buddy", "stranger")[1], people(t, "localhost", "user", "buddy", "stranger")[2]
	p.put(t, user, entry{buddy, "B", "both", nil})
	p.put(t, buddy, entry{user, "U", "both", nil})
	syntax := func(verb string, n int, line string) string {
		return fmt.Sprintf("Error: Params required for command %s: %d\nSyntax for command %s\n%s\nUse 'help' to get information about command syntax\n", verb, n, verb, line)
	}
	for name, test := range map[string]struct {
		args []string
		want said
	}{
		"done":                 {[]string{"addBuddyToRoster", user, buddy, "B", "", "both"}, said{"Done\n", "", 0}},
		"yes":                  {[]string{"checkBidirecctionalBuddys", user, buddy}, said{"true\n", "", 0}},
		"no":                   {[]string{"checkUserJid", stranger}, said{"false\n", "", 1}},
		"not found":            {[]string{"getRoster", stranger}, said{"Roster not found for user " + stranger + "\n", "", 1}},
		"too few":              {[]string{"checkBidirecctionalBuddys", user}, said{syntax("checkBidirecctionalBuddys", 2, "checkBidirecctionalBuddys userAJid userBJid"), "", 2}},
		"too many":             {[]string{"getRoster", user, buddy}, said{syntax("getRoster", 1, "getRoster userJid"), "", 2}},
		"none wanted":          {[]string{"getConnectedJids", "x"}, said{syntax("getConnectedJids", 0, "getConnectedJids"), "", 2}},
		"no verb":              {[]string{"getRooster", user}, said{"Error: Command not recognized\nUse 'help' to get information about command syntax\n", "emanagement: did you mean getRoster?\n", 2}},
		"in other case":        {[]string{"CHECKuserjid", stranger}, said{"false\n", "", 1}},
		"JSON, one too few":    {[]string{"getroster", "--json"}, said{`{"error":{"kind":"usage","text":` + inJSON(strings.TrimSuffix(syntax("getRoster", 1, "getRoster userJid"), "\n")) + "}}\n", "", 2}},
		"no JID":               {[]string{"getRoster", "a b"}, said{"", "emanagement: userJid: \"a b\" is not a JID\n", 2}},
		"a word of no kind":    {[]string{"addBuddyToRoster", user, buddy, "", "", "Both"}, said{"", "emanagement: subscription_type: \"Both\" is not one of none, to, from, both\n", 2}},
		"no such flag":         {[]string{"getRoster", user, "--limit", "3"}, said{"", "emanagement: --limit: getRoster has no such flag; 'emanagement help' explains\n", 2}},
		"no flag at all":       {[]string{"getRoster", user, "--frob"}, said{"", "emanagement: flag provided but not defined: -frob; 'emanagement help' explains\n", 2}},
		"a flag of --as":       {[]string{"--server", "x:1", "getRoster", user}, said{"", "emanagement: --server: it goes with --as; 'emanagement help' explains\n", 2}},
		"no host of ours":      {[]string{"getRoster", "a@nowhere.example"}, said{"", "emanagement: userJid: nowhere.example: not a host whose rosters are managed here (these are: example.org, localhost)\n", 2}},
		"no session":           {[]string{"sendPresence", stranger, "away", "--status", "at lunch"}, said{stranger + " no have any active session\n", "", 1}},
		"nobody is reached":    {[]string{"broadcast", "News", "[" + stranger + "]", "hi"}, said{stranger + "\tno such user, or none who takes messages\n", "", 1}},
		"one is not reached":   {[]string{"--json", "broadcast", "News", "[" + stranger + ",reader@localhost]", "hi"}, said{`{"shape":"table","outcome":"sent to 1 of 2 recipients","items":[{"jid":"` + stranger + `","outcome":"no such user, or none who takes messages"},{"jid":"reader@localhost","outcome":"Done"}],"missed":1,"lines":["` + stranger + `\tno such user, or none who takes messages","reader@localhost\tDone"]}` + "\n", "", 1}},
		"nothing to confirm":   {[]string{"destroyAllRoomsByDomain", "example.org"}, said{"Done\n", "", 0}},
		"confirmed":            {[]string{"--yes", "destroyAllRoomsByDomain", "example.org"}, said{"Done\n", "", 0}},
		"a flag's value":       {[]string{"getAllUserJidsWithRosterByDomain", "localhost", "--limit", "0"}, said{"", "emanagement: limit: \"0\" is not a number from 1 to 1000000\n", 2}},
		"no such job":          {[]string{"stopJob", "999999"}, said{"job 999999 not found\n", "", 1}},
		"no such job, no word": {[]string{"stopJob", "one"}, said{"", "emanagement: job: \"one\" is not a number from 1 to 1000000\n", 2}},
		"JSON":                 {[]string{"--json", "checkUserJid", stranger}, said{`{"shape":"answer","outcome":"false","answer":false,"lines":["false"]}` + "\n", "", 1}},
		"JSON behind":          {[]string{"checkUserJid", user, "--json"}, said{`{"shape":"answer","outcome":"true","answer":true,"lines":["true"]}` + "\n", "", 0}},
		"JSON of few":          {[]string{"--json", "getConnectedJids", "x"}, said{`{"error":{"kind":"usage","text":` + inJSON(strings.TrimSuffix(syntax("getConnectedJids", 0, "getConnectedJids"), "\n")) + "}}\n", "", 2}},
		"JSON of no verb":      {[]string{"getRooster", "--json"}, said{`{"error":{"kind":"unknown","text":"Error: Command not recognized\nUse 'help' to get information about command syntax","meant":"getRoster"}}` + "\n", "", 2}},
		"JSON of no flag":      {[]string{"--json", "getRoster", user, "--frob"}, said{`{"error":{"kind":"argument","text":"flag provided but not defined: -frob; 'emanagement help' explains"}}` + "\n", "", 2}},
		"an account not set":   {[]string{"--as", "", "removeRoster", user}, said{"", "emanagement: --as: it is empty; 'emanagement help' explains\n", 2}},
		"JSON of an error":     {[]string{"getRoster", "@", "--json"}, said{`{"error":{"kind":"argument","text":"userJid: \"@\" is not a JID","param":"userJid"}}` + "\n", "", 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, emanagement(t, p.program, test.args...))
		})
	}
}

func inJSON(s string) string {
	text, _ := json.Marshal(s) // text does not fail
	return string(text)
}

// TestAway: the component that is not there, and the server that is not.
func TestAway(t *testing.T) {
	t.Parallel()
	nobody := filepath.Join(t.TempDir(), "control.sock")
	c := exec.CommandContext(t.Context(), binary, "getRoster", "a@localhost")
	c.Env = append(os.Environ(), "EMANAGEMENT_CONTROL="+nobody)
	assert.Equal(t, said{"", "emanagement: " + nobody + ": no such file or directory; does emanagement serve run here?\n", 3}, ended(t, c))

	p := newPlace(t, testserver.AdHoc, nil)
	assert.Equal(t, said{"true\n", "", 0}, emanagement(t, p.program, "isEjabberdNodeStarted"))
	require.NoError(t, p.Stop(t.Context()))
	assert.Equal(t, said{"", "emanagement: the component is not connected to the server at the moment; its log says why\n", 3},
		emanagement(t, p.program, "getRoster", "a@localhost"))
	assert.Equal(t, said{`{"error":{"kind":"away","text":"the component is not connected to the server at the moment; its log says why","nothing_done":true}}` + "\n", "", 3},
		emanagement(t, p.program, "--json", "getRoster", "a@localhost"))
	assert.Equal(t, said{"false\n", "", 1}, emanagement(t, p.program, "isEjabberdNodeStarted"))
	require.NoError(t, p.Start(t.Context()))
	require.Eventually(t, func() bool { return emanagement(t, p.program, "isEjabberdNodeStarted").status == 0 }, time.Minute, 50*time.Millisecond)
	assert.Equal(t, said{"Roster not found for user a@localhost\n", "", 1}, emanagement(t, p.program, "getRoster", "a@localhost"))
}

// TestListsAreWhole: a list is not cut at the length that people can read,
// unless it is asked for; then it goes on where it was cut.
func TestListsAreWhole(t *testing.T) {
	t.Parallel()
	p := newPlace(t, testserver.AdHoc, nil)
	const many = 1234
	var contacts []entry
	var want strings.Builder
	for i := range many {
		contacts = append(contacts, entry{fmt.Sprintf("c%04d@localhost", i), "", "both", nil})
	}
	p.put(t, "hub@localhost", contacts...)
	for i := range many {
		p.put(t, fmt.Sprintf("c%04d@localhost", i), entry{"hub@localhost", "", "both", nil})
		fmt.Fprintf(&want, "c%04d@localhost\n", i)
	}
	want.WriteString("hub@localhost\n")
	assert.Equal(t, said{"Roster not found for user first@localhost\n", "", 1}, emanagement(t, p.program, "getRoster", "first@localhost"))
	require.Equal(t, said{"hub@localhost\n", "", 0}, said{firstLines(emanagement(t, p.program, "getRoster", "c0000@localhost").out), "", 0})
	assert.Equal(t, said{want.String(), "", 0}, emanagement(t, p.program, "getAllUserJidsWithRosterByDomain", "localhost"))

	var all []string
	for from := ""; ; {
		got := emanagement(t, p.program, "getAllUserJidsWithRosterByDomain", "localhost", "--limit", "500", "--from="+from, "--json")
		require.Equal(t, 0, got.status, got.err)
		var page struct {
			Items []string
			Next  string
		}
		require.NoError(t, json.Unmarshal([]byte(got.out), &page))
		require.LessOrEqual(t, len(page.Items), 500)
		all = append(all, page.Items...)
		if from = page.Next; from == "" {
			break
		}
	}
	assert.Equal(t, strings.Fields(want.String()), all)
	cut := emanagement(t, p.program, "getAllUserJidsWithRosterByDomain", "localhost", "--limit", "1")
	assert.Equal(t, said{"c0000@localhost\n", "emanagement: there are more: go on with --from c0000@localhost\n", 0}, cut)

	as := func(args ...string) said {
		c := exec.CommandContext(patience(t), binary, append([]string{"--as", "admin@localhost", "--server", p.ClientAddr()}, args...)...)
		c.Env = append(os.Environ(), "EMANAGEMENT_PASSWORD=pw")
		return ended(t, c)
	}
	assert.Equal(t, said{want.String(), "", 0}, as("getAllUserJidsWithRosterByDomain", "localhost"))
	assert.Equal(t, emanagement(t, p.program, "printAllRostersByDomain", "localhost"), as("printAllRostersByDomain", "localhost"))
	var here, there struct{ Outcome string }
	for into, got := range map[*struct{ Outcome string }]said{
		&here:  emanagement(t, p.program, "printAllBidirecctionalBuddysByDomain", "localhost", "--json"),
		&there: as("printAllBidirecctionalBuddysByDomain", "localhost", "--json"),
	} {
		require.NoError(t, json.Unmarshal([]byte(got.out), into), got.err)
	}
	assert.Contains(t, here.Outcome, "1234 pairs; found by ")
	assert.Contains(t, there.Outcome, "1234 pairs; found by ")

	full := exec.CommandContext(patience(t), "sh", "-c", binary+" getRoster hub@localhost >/dev/full")
	full.Env = append(os.Environ(), "EMANAGEMENT_CONTROL="+p.program.Control())
	assert.Equal(t, said{"", "emanagement: write /dev/stdout: no space left on device; the verb was carried out\n", 1}, ended(t, full))
}

// firstLines is the first column of what was printed.
func firstLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		column, _, _ := strings.Cut(line, "\t")
		b.WriteString(column + "\n")
	}
	return b.String()
}

// TestInterrupted: Ctrl-C ends a verb, and what is said is how far it got, whether
// somebody looks or not.
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
		"emanagement":  {"removeAllRosters", "--yes"},
		"emanagementd": {"--config", filepath.Join(t.TempDir(), "none.yml"), "removeAllRosters", "--yes"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "emanagementd" {
				require.NoError(t, os.WriteFile(line[1], []byte("control: "+socket+"\n"), 0o600))
			}
			c := exec.CommandContext(patience(t), binary, line...)
			c.Env = append(os.Environ(), "EMANAGEMENT_CONTROL="+socket)
			var diag bytes.Buffer
			c.Stderr = &diag
			require.NoError(t, c.Start())
			<-asked
			require.NoError(t, c.Process.Signal(os.Interrupt))
			assert.Error(t, c.Wait())
			assert.Equal(t, 130, c.ProcessState.ExitCode(), diag.String())
			// The signal may overtake what was said of the progress.
			assert.Regexp(t, "^emanagement: (119 rosters looked at; )?given up; what was done until then stays done\n$", diag.String())
		})
	}
}
