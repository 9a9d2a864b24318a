package e2e_test

import (
	"fmt"
	"net"
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

// nobodyID is the uid and gid of a user that owns no file of the test.
const nobodyID = 65534

// mistake is a faulty set-up of the program. DIR in its texts stands for a
// folder of the test.
type mistake struct {
	prepare func(t *testing.T, dir string) // called after the configuration and the secret are written
	change  map[string]string              // changed lines of the configuration, by key; "" removes a line
	more    string                         // further lines of the configuration
	env     []string
	user    uint32   // the uid of the program; 0 for that of the tests
	exits   bool     // the program exits; otherwise it retries
	want    []string // texts in the log: the cause and the remedy
	not     string   // a text that the log must not contain
}

// TestMistakes checks that the log names the cause and the remedy of common
// mistakes.
func TestMistakes(t *testing.T) {
	t.Parallel()
	mqtt := freePort(t)
	s := testserver.Run(t, func(c map[string]any) {
		c["listen"] = append(c["listen"].([]any), map[string]any{"port": mqtt, "ip": "127.0.0.1", "module": "mod_mqtt"})
		c["modules"].(map[string]any)["mod_mqtt"] = map[string]any{}
	})
	dirOf := func(name string, mode os.FileMode) func(*testing.T, string) {
		return func(t *testing.T, dir string) { require.NoError(t, os.Mkdir(filepath.Join(dir, name), mode)) }
	}
	for name, test := range map[string]mistake{
		"a TLS port": {change: map[string]string{"server": strings.TrimPrefix(strings.Replace(s.TLSAddr(), "localhost", "127.0.0.1", 1), "tls://")}, exits: true,
			want: []string{"it speaks TLS", "write server: " + strings.Replace(s.TLSAddr(), "localhost", "127.0.0.1", 1)}, not: "illegal character"},
		"an MQTT port":         {change: map[string]string{"server": fmt.Sprintf("127.0.0.1:%d", mqtt)}, want: []string{"is that the port of ejabberd_service?", "MQTT"}},
		"a client's port":      {change: map[string]string{"server": s.ClientAddr()}, want: []string{"ejabberd_service"}},
		"nothing there":        {change: map[string]string{"server": fmt.Sprintf("127.0.0.1:%d", freePort(t))}, want: []string{"connection refused", "is the listener (module: ejabberd_service) in ejabberd.yml, and was it reloaded (ejabberdctl reload_config)?"}},
		"another secret":       {env: []string{"EMANAGEMENT_SECRET=wrong"}, want: []string{"not authorized", "must be spelled as in ejabberd.yml"}},
		"a tab":                {more: "api:\n\turl: x\n", exits: true, want: []string{"a tab", "spaces"}},
		"a colon is missing":   {more: "state DIR/state\n", exits: true, want: []string{"a colon is missing after state"}},
		"an unknown key":       {more: "contol: DIR/x\n", exits: true, want: []string{"contol", "control"}},
		"an unknown key below": {more: "api:\n  ulr: http://127.0.0.1:5281/api/v3\n", exits: true, want: []string{"ulr", "url"}},
		"no host that grants": {more: "hosts: [exmaple.org]\n", want: []string{"exmaple.org", "granted_by=\"example.org, localhost\"", "spelled"},
			not: "mod_privilege of this host"},
		"an acl for another": {change: map[string]string{"jid": testserver.OtherComponent, "server": s.OtherAddr()}, env: []string{"EMANAGEMENT_SECRET=" + testserver.OtherSecret},
			want: []string{"no access granted", "mod_privilege", "server: " + testserver.OtherComponent}},
		"state's parent is missing": {more: "state: DIR/no/such\n", exits: true, want: []string{"state: ", "DIR/no is missing", "install -d"}, not: "(14)"},
		"state cannot be written":   {prepare: dirOf("state", 0o555), more: "state: DIR/state\n", user: nobodyID, exits: true, want: []string{"state: ", "not permitted", "DIR/state belongs to root (mode 0555), and emanagement runs as nobody"}},
		"state cannot be made":      {more: "state: DIR/state\n", user: nobodyID, exits: true, want: []string{"state: ", "permission denied", "belongs to root", "emanagement runs as nobody"}},
		"state that root made":      {prepare: stateOfRoot, more: "state: DIR/state\n", user: nobodyID, exits: true, want: []string{"state: ", "chown -R nobody DIR/state"}},
		"state is a file":           {prepare: func(t *testing.T, dir string) { require.NoError(t, os.WriteFile(dir+"/state", nil, 0o600)) }, more: "state: DIR/state\n", exits: true, want: []string{"state: ", "it is a file; name a folder"}},
		"audit's folder":            {more: "audit: DIR/no/audit.log\n", exits: true, want: []string{"audit", "its folder DIR/no is missing", "install -d"}},
		"control's folder":          {change: map[string]string{"control": "DIR/no/control.sock"}, exits: true, want: []string{"control", "DIR/no is missing", "install -d"}},
		"a secret of root's":        {prepare: func(t *testing.T, dir string) { require.NoError(t, os.Chown(dir+"/secret", 0, 0)) }, user: nobodyID, exits: true, want: []string{"secret_file", "permission denied", "DIR/secret belongs to root (mode 0600), and emanagement runs as nobody"}},
		"a secret for everybody":    {prepare: func(t *testing.T, dir string) { require.NoError(t, os.Chmod(dir+"/secret", 0o444)) }, exits: true, want: []string{"secret_file", "EMANAGEMENT_SECRET"}},
		"no secret":                 {change: map[string]string{"secret_file": ""}, exits: true, want: []string{"secret_file: missing (or set EMANAGEMENT_SECRET)"}},
		"an empty secret":           {env: []string{"EMANAGEMENT_SECRET= "}, exits: true, want: []string{"empty"}},
		"no configuration":          {prepare: func(t *testing.T, dir string) { require.NoError(t, os.Remove(dir+"/emanagement.yml")) }, exits: true, want: []string{"DIR/emanagement.yml", "no such file"}},
		"a host in access":          {more: "hosts: [localhost, example.org]\naccess:\n  - {jid: admin@localhost, role: read, hosts: [exmaple.org]}\n", want: []string{"access names a host", "host=exmaple.org", "meant=example.org"}},
		"two hosts, none named":     {want: []string{"granted host=localhost", "is not served", "host=example.org", "write hosts: [localhost, example.org] into"}, not: "granted host=example.org"},
		"a role":                    {more: "access:\n  - {jid: admin@localhost, role: rite}\n", exits: true, want: []string{"access[0].role", `"rite"`, "write"}},
	} {
		t.Run(name, func(t *testing.T) {
			if test.user != 0 && os.Getuid() != 0 {
				t.Fatal("run the tests as root: they run the program as another user")
			}
			got := test.run(t, s)
			for _, want := range test.want {
				assert.Contains(t, got.log, strings.ReplaceAll(want, "DIR", got.dir))
			}
			if test.not != "" {
				assert.NotContains(t, got.log, test.not)
			}
			if test.exits {
				assert.Equal(t, 1, got.status, got.log)
				lines := strings.Split(strings.TrimSpace(got.log), "\n")
				assert.Regexp(t, "^emanagement: ", lines[len(lines)-1])
			}
		})
	}
}

// mistakeOutcome is the log and the exit status of a program with a mistake,
// and its folder.
type mistakeOutcome struct {
	dir, log string
	status   int
}

// run runs the program with the mistake until it exits, or until the log has
// all the wanted texts. It gives up after a minute.
func (m mistake) run(t *testing.T, s *testserver.Server) mistakeOutcome {
	dir, program := t.TempDir(), binary+"d"
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	conf := filepath.Join(dir, "emanagement.yml")
	if m.user != 0 { // the user cannot reach the program in its own folder
		built, err := os.ReadFile(program)
		require.NoError(t, err)
		program = filepath.Join(dir, "emanagementd")
		require.NoError(t, os.WriteFile(program, built, 0o755))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte(testserver.Secret+"\n"), 0o600))
	if m.user != 0 {
		require.NoError(t, os.Chown(filepath.Join(dir, "secret"), int(m.user), int(m.user)))
	}
	require.NoError(t, os.WriteFile(conf, []byte(m.configuration(dir, s)), 0o644))
	if m.prepare != nil {
		m.prepare(t, dir)
	}
	var log strings.Builder
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer reader.Close()
	c := exec.CommandContext(t.Context(), program, "serve", "--config", conf)
	c.Env, c.Stderr = append(os.Environ(), m.env...), writer
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if m.user != 0 {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: m.user, Gid: m.user}
	}
	require.NoError(t, c.Start())
	writer.Close()
	require.NoError(t, reader.SetReadDeadline(time.Now().Add(time.Minute)))
	stopped := false
	for buffer := make([]byte, 4096); ; {
		n, err := reader.Read(buffer)
		log.Write(buffer[:n])
		if err != nil {
			break // the program has exited, or the minute is over
		}
		if !stopped && !m.exits && m.reported(log.String(), dir) {
			stopped = true
			require.NoError(t, c.Process.Signal(syscall.SIGTERM))
		}
	}
	if !stopped {
		_ = c.Process.Kill() // fails if it has exited
	}
	_ = c.Wait()
	return mistakeOutcome{dir, log.String(), c.ProcessState.ExitCode()}
}

// reported reports whether the log has all the wanted texts.
func (m mistake) reported(log, dir string) bool {
	for _, want := range m.want {
		if !strings.Contains(log, strings.ReplaceAll(want, "DIR", dir)) {
			return false
		}
	}
	return true
}

// configuration returns the text of the configuration file.
func (m mistake) configuration(dir string, s *testserver.Server) string {
	lines := map[string]string{
		"jid": testserver.Component, "server": s.ComponentAddr(), "secret_file": "DIR/secret", "control": "DIR/control.sock",
	}
	text := ""
	for _, key := range []string{"jid", "server", "secret_file", "control"} {
		value, changed := m.change[key]
		if !changed {
			value = lines[key]
		}
		if value != "" {
			text += key + ": " + value + "\n"
		}
	}
	return strings.ReplaceAll(text+m.more, "DIR", dir)
}

// stateOfRoot creates the files that an earlier run as root leaves in a state
// folder of another user.
func stateOfRoot(t *testing.T, dir string) {
	state := filepath.Join(dir, "state")
	require.NoError(t, os.Mkdir(state, 0o700))
	for _, name := range []string{"users.db", "emanagement.lock"} {
		require.NoError(t, os.WriteFile(filepath.Join(state, name), nil, 0o600))
	}
	require.NoError(t, os.Chown(state, nobodyID, nobodyID))
}

// freePort returns a port on which nothing listens.
func freePort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// TestSecondCopy starts a second program with the same control socket or the
// same state folder. It must exit with an error that names the pid of the first
// one, and must not disturb the first one.
func TestSecondCopy(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	state := t.TempDir()
	first := runProgram(t, s, testserver.Settings{More: "state: " + state + "\n"})
	admin := loginTo(t, s, "admin@localhost")
	for name, m := range map[string]mistake{
		"the control socket": {change: map[string]string{"control": first.Control()}},
		"the state":          {more: "state: " + state + "\n"},
	} {
		m.exits = true
		got := m.run(t, s)
		assert.Equal(t, 1, got.status, got.log)
		assert.Contains(t, got.log, fmt.Sprint(first.PID()), name)
		requireDone(t, admin, "addBuddyToRoster", "userJid", "a@localhost", "buddyJid", "b@localhost", "subscription_type", "both")
	}
	assert.NotContains(t, first.Log(), "stream ended")
	assert.NotContains(t, first.Log(), "not connected")
	assert.Equal(t, 1, strings.Count(serverLog(t, s), "component handshake authentication"), "the second program has not connected")
}
