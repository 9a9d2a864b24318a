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

// controlClient returns an HTTP client for a program's control socket.
func controlClient(t testing.TB, p *testserver.Program) *http.Client {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", p.Control())
	}}}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// postVerb runs a verb over the socket and returns the HTTP status and the
// lines of the answer.
func postVerb(t testing.TB, c *http.Client, verb, body string) (status int, lines []string) {
	t.Helper()
	r, err := http.NewRequestWithContext(shortContext(t), http.MethodPost, "http://control/verbs/"+verb, strings.NewReader(body))
	require.NoError(t, err)
	answer, err := c.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// TestControl checks the requests and answers that docs/control.md describes.
func TestControl(t *testing.T) {
	t.Parallel()
	d := deployments[0]
	c := controlClient(t, d.program)
	user, buddy := uniqueJIDs(t, "localhost", "user", "buddy")[0], uniqueJIDs(t, "localhost", "user", "buddy")[1]
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
		{"destroyAllRoomsByDomain", `{"args":["example.org"]}`, 200, noRooms}, // needs no confirmation: there is nothing to destroy
		{"destroyAllRoomsByDomain", `{"args":["example.org"],"confirm":true}`, 200, noRooms},
		{"destroyAllRoomsByDomain", `{"arguments":{"domain":"example.org","confirm":"example.org"}}`, 200, noRooms},
		{"removeRoster", fmt.Sprintf(`{"args":[%q]}`, user), 200, doneLine},
	} {
		status, lines := postVerb(t, c, test.verb, test.body)
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

// TestWhoCalls checks that a process may run the verbs that the configuration
// grants to its user or to one of its groups, and no others.
func TestWhoCalls(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	open, err := os.MkdirTemp("", "emanagement-") // other users must be able to run the program
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
	storeItems(t, s, "a@localhost", storedItem{"b@localhost", "B", "both", nil})

	as := func(uid, gid uint32, groups []uint32, args ...string) cliResult {
		c := exec.CommandContext(shortContext(t), program, args...)
		c.Env = append(os.Environ(), "EMANAGEMENT_CONTROL="+socket)
		c.Dir = open
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid, Groups: groups}}
		return runCommand(t, c)
	}
	socketGroup := []uint32{uint32(os.Getgid())}
	const line = "b@localhost\tB\tboth\tnone\t\n"
	forbidden := func(why string) cliResult { return cliResult{"", "emanagement: " + why + "\n", 1} }
	for name, test := range map[string]struct{ got, want cliResult }{
		"root":                    {as(0, 0, nil, "getRoster", "a@localhost"), cliResult{line, "", 0}},
		"a user":                  {as(64001, 64001, socketGroup, "getRoster", "a@localhost"), cliResult{line, "", 0}},
		"a user who may write":    {as(64001, 64001, socketGroup, "addBuddyToRoster", "c@localhost", "d@localhost", "", "", "to"), cliResult{"Done\n", "", 0}},
		"on another host":         {as(64001, 64001, socketGroup, "getRoster", "a@example.org"), forbidden("uid 64001 may not run getRoster on example.org")},
		"with a higher role":      {as(64001, 64001, socketGroup, "removeAllRosters"), forbidden("uid 64001 may not run removeAllRosters: it takes the role admin on every host")},
		"a group":                 {as(64003, 64100, socketGroup, "getRoster", "a@localhost"), cliResult{line, "", 0}},
		"one of many groups":      {as(64003, 64003, append([]uint32{64099, 64100}, socketGroup...), "getRoster", "a@localhost"), cliResult{line, "", 0}},
		"a group that only reads": {as(64003, 64100, socketGroup, "removeRoster", "a@localhost"), forbidden("uid 64003 may not run removeRoster: it takes the role write")},
		"a user without a grant":  {as(64004, 64004, socketGroup, "getRoster", "a@localhost"), forbidden("uid 64004 may not run commands here")},
		"not of the group":        {as(64001, 64001, nil, "getRoster", "a@localhost"), forbidden(socket + ": permission denied; only root and the component's user and group may connect")},
	} {
		assert.Equal(t, test.want, test.got, name)
	}
	assert.Equal(t, cliResult{"Done\n", "", 0}, as(64002, 64002, socketGroup, "removeAllRostersByDomain", "localhost"), "an old cron job, which cannot confirm")
	assert.Empty(t, storedRoster(t, s, "a@localhost"))

	records, err := os.ReadFile(auditLog)
	require.NoError(t, err)
	assert.Contains(t, string(records), `"asker":"uid 64001","front":"control","verb":"addBuddyToRoster"`)
	assert.Contains(t, string(records), `"level":"WARN","msg":"forbidden"`)
}

// TestProgressIsStreamed checks that a caller of a long verb receives its
// progress, and that the verb ends if the caller disconnects.
func TestProgressIsStreamed(t *testing.T) {
	t.Parallel()
	d := deployments[0]
	c := controlClient(t, d.program)
	var unknown []string
	for i := range 100_000 {
		unknown = append(unknown, fmt.Sprintf("nobody%d@localhost", i))
	}
	body, err := json.Marshal(map[string]any{"args": []string{"News", strings.Join(unknown, "\n"), "progress"}})
	require.NoError(t, err)
	ctx, disconnect := context.WithCancel(t.Context())
	defer disconnect()
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
		_, lines := postVerb(t, c, "listJobs", `{}`)
		return strings.Contains(lines[0], `"verb":"broadcast","asker":"uid 0"`)
	}
	assert.True(t, running())
	disconnect()
	require.Eventually(t, func() bool { return !running() }, time.Minute, 20*time.Millisecond)
}
