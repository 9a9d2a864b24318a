package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

// overSocket is an HTTP client of a program's control socket.
func overSocket(t testing.TB, p *testserver.Program) *http.Client {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", p.Control())
	}}}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// post runs a verb over the socket and returns the status and the lines of the
// answer.
func post(t testing.TB, c *http.Client, verb, body string) (status int, lines []string) {
	t.Helper()
	r, err := http.NewRequestWithContext(patience(t), http.MethodPost, "http://control/verbs/"+verb, strings.NewReader(body))
	require.NoError(t, err)
	answer, err := c.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// TestControl: what programs send and get, as docs/control.md says it.
func TestControl(t *testing.T) {
	t.Parallel()
	p := places[0]
	c := overSocket(t, p.program)
	user, buddy := people(t, "localhost", "user", "buddy")[0], people(t, "localhost", "user", "buddy")[1]
	const doneLine = `{"result":{"shape":"done","outcome":"Done","lines":["Done"]}}`
	const noRooms = `{"result":{"shape":"done","outcome":"Done; 0 rooms destroyed","lines":["Done"]}}`
	for _, test := range []struct {
		verb, body string
		status     int
		want       string
	}{
		{"addBuddyToRoster", fmt.Sprintf(`{"arguments":{"userJid":%q,"buddyJid":%q,"buddyNick":"B\tb","buddyGroup":["x;y","a"],"subscription_type":"both"}}`, user, buddy), 200, doneLine},
		{"getRoster", fmt.Sprintf(`{"args":[%q]}`, user), 200, fmt.Sprintf(
			`{"result":{"shape":"table","outcome":"1 item","items":[{"jid":%[1]q,"nick":"B\tb","subscription":"both","ask":"none","groups":["a","x;y"]}],"lines":["%[1]s\tB\\tb\tboth\tnone\ta;x;y"]}}`, buddy)},
		{"checkUserJid", fmt.Sprintf(`{"args":[%q]}`, buddy), 200, `{"result":{"shape":"answer","outcome":"false","answer":false,"lines":["false"]}}`},
		{"getRoster", fmt.Sprintf(`{"args":[%q]}`, buddy), 200, fmt.Sprintf(`{"result":{"shape":"refusal","outcome":"Roster not found for user %[1]s","lines":["Roster not found for user %[1]s"]}}`, buddy)},
		{"getRoster", `{"args":[]}`, 400, `{"error":{"kind":"usage","text":"Error: Params required for command getRoster: 1\nSyntax for command getRoster\ngetRoster userJid\nUse 'help' to get information about command syntax"}}`},
		{"getRoster", `{"argument":{}}`, 400, `{"error":{"kind":"usage","text":"the request's body is not as docs/control.md describes it: json: unknown field \"argument\""}}`},
		{"getRoster", ``, 400, `{"error":{"kind":"usage","text":"the request's body is not as docs/control.md describes it: EOF"}}`},
		{"getRoster", `{"args":["@"]}`, 400, `{"error":{"kind":"argument","text":"userJid: \"@\" is not a JID","param":"userJid"}}`},
		{"makeCoffee", `{}`, 404, `{"error":{"kind":"unknown","text":"Error: Command not recognized\nUse 'help' to get information about command syntax"}}`},
		{"destroyAllRoomsByDomain", `{"args":["example.org"]}`, 200, noRooms}, // what is nothing is not asked about
		{"destroyAllRoomsByDomain", `{"args":["example.org"],"confirm":true}`, 200, noRooms},
		{"destroyAllRoomsByDomain", `{"arguments":{"domain":"example.org","confirm":"example.org"}}`, 200, noRooms},
		{"removeRoster", fmt.Sprintf(`{"args":[%q]}`, user), 200, doneLine},
	} {
		status, lines := post(t, c, test.verb, test.body)
		assert.Equal(t, test.status, status, test.body)
		require.Len(t, lines, 1, test.body)
		assert.JSONEq(t, test.want, lines[0])
	}

	answer, err := c.Get("http://control/verbs")
	require.NoError(t, err)
	defer answer.Body.Close()
	var verbs []struct {
		Name   string
		Params []struct{ Name string }
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&verbs))
	assert.Equal(t, "addBuddyToRoster", verbs[0].Name)
	assert.Equal(t, "buddyJid", verbs[0].Params[1].Name)
}

// TestWhoCalls: a process of this machine may do what the configuration
// grants its user or one of its groups, and nothing without.
func TestWhoCalls(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	open, err := os.MkdirTemp("", "emanagement-") // others must get at the program
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(open)) })
	require.NoError(t, os.Chmod(open, 0o755))
	text, err := os.ReadFile(binary)
	require.NoError(t, err)
	program := filepath.Join(open, "emanagement")
	require.NoError(t, os.WriteFile(program, text, 0o755))
	socket, auditLog := filepath.Join(open, "control.sock"), filepath.Join(t.TempDir(), "audit.log")
	serving, err := testserver.StartProgram(t.Context(), binary, s, testserver.Settings{
		Access: `
  - {uid: 64001, role: write, hosts: [localhost]}
  - {gid: 64100, role: read}
  - {uid: 64002, role: admin, unconfirmed: [removeAllRostersByDomain]}
`,
		Env: []string{"EMANAGEMENT_CONTROL=" + socket, "EMANAGEMENT_AUDIT=" + auditLog},
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, serving.Stop(), serving.Log()) })
	put(t, s, "a@localhost", entry{"b@localhost", "B", "both", nil})

	as := func(uid, gid uint32, groups []uint32, args ...string) said {
		c := exec.CommandContext(patience(t), program, args...)
		c.Env = append(os.Environ(), "EMANAGEMENT_CONTROL="+socket)
		c.Dir = open
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid, Groups: groups}}
		return ended(t, c)
	}
	mine := []uint32{uint32(os.Getgid())} // the socket's group
	const line = "b@localhost\tB\tboth\tnone\t\n"
	forbidden := func(why string) said { return said{"", "emanagement: " + why + "\n", 1} }
	for name, test := range map[string]struct{ got, want said }{
		"root":                    {as(0, 0, nil, "getRoster", "a@localhost"), said{line, "", 0}},
		"a user":                  {as(64001, 64001, mine, "getRoster", "a@localhost"), said{line, "", 0}},
		"who writes":              {as(64001, 64001, mine, "addBuddyToRoster", "c@localhost", "d@localhost", "", "", "to"), said{"Done\n", "", 0}},
		"on another host":         {as(64001, 64001, mine, "getRoster", "a@example.org"), forbidden("uid 64001 may not run getRoster on example.org")},
		"with a higher role":      {as(64001, 64001, mine, "removeAllRosters"), forbidden("uid 64001 may not run removeAllRosters: it takes the role admin on every host")},
		"a group":                 {as(64003, 64100, mine, "getRoster", "a@localhost"), said{line, "", 0}},
		"one of many groups":      {as(64003, 64003, append([]uint32{64099, 64100}, mine...), "getRoster", "a@localhost"), said{line, "", 0}},
		"a group that only reads": {as(64003, 64100, mine, "removeRoster", "a@localhost"), forbidden("uid 64003 may not run removeRoster: it takes the role write")},
		"somebody":                {as(64004, 64004, mine, "getRoster", "a@localhost"), forbidden("uid 64004 may not run commands here")},
		"not of the group":        {as(64001, 64001, nil, "getRoster", "a@localhost"), forbidden(socket + ": permission denied; only the component's user and group may call, or root")},
	} {
		assert.Equal(t, test.want, test.got, name)
	}
	assert.Equal(t, said{"Done\n", "", 0}, as(64002, 64002, mine, "removeAllRostersByDomain", "localhost"), "an old job, which cannot confirm")
	assert.Empty(t, stored(t, s, "a@localhost"))

	records, err := os.ReadFile(auditLog)
	require.NoError(t, err)
	assert.Contains(t, string(records), `"asker":"uid 64001","front":"control","verb":"addBuddyToRoster"`)
	assert.Contains(t, string(records), `"level":"WARN","msg":"forbidden"`)
}

// TestProgressIsStreamed: who runs what takes long hears how far it is, and it
// ends with him.
func TestProgressIsStreamed(t *testing.T) {
	t.Parallel()
	p := places[0]
	c := overSocket(t, p.program)
	var nobody []string
	for i := range 100_000 {
		nobody = append(nobody, fmt.Sprintf("nobody%d@localhost", i))
	}
	body, err := json.Marshal(map[string]any{"args": []string{"News", strings.Join(nobody, "\n"), "progress"}})
	require.NoError(t, err)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://control/verbs/broadcast", strings.NewReader(string(body)))
	require.NoError(t, err)
	answer, err := c.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	lines := bufio.NewReader(answer.Body)
	before := 0
	for range 3 {
		line, err := lines.ReadBytes('\n')
		require.NoError(t, err)
		var reply struct {
			Progress struct {
				Text        string
				Done, Total int
			}
		}
		require.NoError(t, json.Unmarshal(line, &reply))
		assert.Equal(t, 100_000, reply.Progress.Total)
		assert.Greater(t, reply.Progress.Done, before)
		assert.Equal(t, fmt.Sprintf("%d of 100000", reply.Progress.Done), reply.Progress.Text)
		before = reply.Progress.Done
	}
	running := func() bool {
		_, lines := post(t, c, "listJobs", `{}`)
		return strings.Contains(lines[0], `"verb":"broadcast","asker":"uid 0"`)
	}
	assert.True(t, running())
	leave()
	require.Eventually(t, func() bool { return !running() }, time.Minute, 20*time.Millisecond)
}

// TestTerminal: where a person looks there is a bar, and a question before
// anything is destroyed; in a pipe there is neither.
func TestTerminal(t *testing.T) {
	t.Parallel()
	p := newPlace(t, testserver.AdHoc, nil)
	recipients := "[" + strings.Repeat("nobody@localhost,", 1) + "a@localhost"
	for i := range 150 {
		recipients += fmt.Sprintf(",b%d@localhost", i)
	}
	recipients += "]"
	inTerminal := func(typed, command string) said {
		c := exec.CommandContext(patience(t), "script", "--quiet", "--return", "--command", command, os.DevNull)
		c.Env = append(os.Environ(), "EMANAGEMENT_CONTROL="+p.program.Control(), "TERM=xterm")
		c.Stdin = strings.NewReader(typed)
		return ended(t, c)
	}
	broadcast := binary + " broadcast News " + recipients + " hi"
	got := inTerminal("", broadcast)
	assert.Equal(t, 1, got.status, "nobody is reached")
	assert.Regexp(t, `\d+% .*\d+ of 152`, got.out)
	piped := inTerminal("", broadcast+" | cat")
	assert.NotContains(t, piped.out, "of 152")
	assert.Contains(t, piped.out, "b149@localhost\t")

	p.put(t, "a@localhost", entry{"b@localhost", "B", "both", nil})
	require.Equal(t, 0, emanagement(t, p.program, "getRoster", "a@localhost").status)
	question := "this removes 1 item of 1 roster on localhost. To do it, type localhost: "
	refused := inTerminal("yes\n", binary+" removeAllRostersByDomain localhost")
	assert.Contains(t, refused.out, question)
	assert.Equal(t, 2, refused.status)
	assert.Len(t, p.stored(t, "a@localhost"), 1)
	meant := inTerminal("localhost\n", binary+" removeAllRostersByDomain localhost")
	assert.Contains(t, meant.out, question)
	assert.Contains(t, meant.out, "Done")
	assert.Equal(t, 0, meant.status)
	assert.Empty(t, p.stored(t, "a@localhost"))
}

// TestCompletion asks a real bash what it would complete.
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
			c := exec.CommandContext(patience(t), "bash", append([]string{"--norc", "-c", script, "bash", binary}, words...)...)
			got := ended(t, c)
			assert.Empty(t, got.err)
			if strings.Contains(line, "/etc/host") {
				assert.Subset(t, strings.Fields(got.out), []string{"/etc/hosts"})
				return
			}
			assert.Equal(t, want, strings.TrimSuffix(got.out, "\n"))
		})
	}
}

// TestCompletionAsTyped types in a real bash, which cuts words at @ and =, and
// completes other programs' arguments as it did before.
func TestCompletionAsTyped(t *testing.T) {
	t.Parallel()
	terminal, screen := newTerminal(t)
	c := exec.CommandContext(patience(t), "bash", "--norc", "--noprofile", "-i")
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
	require.ErrorIs(t, err, syscall.EIO, "nobody writes any more")
	require.NoError(t, c.Wait())
}
