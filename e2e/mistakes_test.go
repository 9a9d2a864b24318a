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

// nobody is a user that owns nothing here.
const nobody = 65534

// mistake is a set-up with something wrong with it. In its texts DIR is a folder of
// the test's own.
type mistake struct {
	prepare func(t *testing.T, dir string) // beside the configuration and the secret
	change  map[string]string              // lines of the configuration, by key; "" takes one out
	more    string                         // what else stands in it
	env     []string
	user    uint32   // whom the program runs as; 0: whom the tests do
	ends    bool     // rather than to try again
	says    []string // the cause and the cure
	never   string   // what it does not say
}

// TestMistakes: whoever makes a mistake is told what is wrong and what to do.
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
		"a TLS port": {change: map[string]string{"server": strings.TrimPrefix(strings.Replace(s.TLSAddr(), "localhost", "127.0.0.1", 1), "tls://")}, ends: true,
			says: []string{"it speaks TLS", "write server: " + strings.Replace(s.TLSAddr(), "localhost", "127.0.0.1", 1)}, never: "illegal character"},
		"an MQTT port":         {change: map[string]string{"server": fmt.Sprintf("127.0.0.1:%d", mqtt)}, says: []string{"is that the port of ejabberd_service?", "MQTT"}},
		"a client's port":      {change: map[string]string{"server": s.ClientAddr()}, says: []string{"ejabberd_service"}},
		"nothing there":        {change: map[string]string{"server": fmt.Sprintf("127.0.0.1:%d", freePort(t))}, says: []string{"connection refused", "is the listener (module: ejabberd_service) in ejabberd.yml, and was it reloaded (ejabberdctl reload_config)?"}},
		"another secret":       {env: []string{"EMANAGEMENT_SECRET=wrong"}, says: []string{"not authorized", "must be spelled as in ejabberd.yml"}},
		"a tab":                {more: "api:\n\turl: x\n", ends: true, says: []string{"a tab", "blanks"}},
		"a colon is missing":   {more: "state DIR/state\n", ends: true, says: []string{"a colon is missing behind state"}},
		"an unknown key":       {more: "contol: DIR/x\n", ends: true, says: []string{"contol", "control"}},
		"an unknown key below": {more: "api:\n  ulr: http://127.0.0.1:5281/api/v3\n", ends: true, says: []string{"ulr", "url"}},
		"no host that grants": {more: "hosts: [exmaple.org]\n", says: []string{"exmaple.org", "granted_by=\"example.org, localhost\"", "spelled"},
			never: "mod_privilege of this host"},
		"an acl for another": {change: map[string]string{"jid": testserver.OtherComponent, "server": s.OtherAddr()}, env: []string{"EMANAGEMENT_SECRET=" + testserver.OtherSecret},
			says: []string{"no host granted access", "mod_privilege", "server: " + testserver.OtherComponent}},
		"state's parent is missing": {more: "state: DIR/no/such\n", ends: true, says: []string{"state: ", "DIR/no is missing", "install -d"}, never: "(14)"},
		"state cannot be written":   {prepare: dirOf("state", 0o555), more: "state: DIR/state\n", user: nobody, ends: true, says: []string{"state: ", "not permitted", "DIR/state belongs to root (mode 0555), and this is nobody"}},
		"state cannot be made":      {more: "state: DIR/state\n", user: nobody, ends: true, says: []string{"state: ", "permission denied", "belongs to root", "this is nobody"}},
		"state that root made":      {prepare: stateOfRoot, more: "state: DIR/state\n", user: nobody, ends: true, says: []string{"state: ", "chown -R nobody DIR/state"}},
		"state is a file":           {prepare: func(t *testing.T, dir string) { require.NoError(t, os.WriteFile(dir+"/state", nil, 0o600)) }, more: "state: DIR/state\n", ends: true, says: []string{"state: ", "it is a file; name a folder"}},
		"audit's folder":            {more: "audit: DIR/no/audit.log\n", ends: true, says: []string{"audit", "its folder DIR/no is missing", "install -d"}},
		"control's folder":          {change: map[string]string{"control": "DIR/no/control.sock"}, ends: true, says: []string{"control", "DIR/no is missing", "install -d"}},
		"a secret of root's":        {prepare: func(t *testing.T, dir string) { require.NoError(t, os.Chown(dir+"/secret", 0, 0)) }, user: nobody, ends: true, says: []string{"secret_file", "permission denied", "DIR/secret belongs to root (mode 0600), and this is nobody"}},
		"a secret for everybody":    {prepare: func(t *testing.T, dir string) { require.NoError(t, os.Chmod(dir+"/secret", 0o444)) }, ends: true, says: []string{"secret_file", "EMANAGEMENT_SECRET"}},
		"no secret":                 {change: map[string]string{"secret_file": ""}, ends: true, says: []string{"secret_file: missing (or set EMANAGEMENT_SECRET)"}},
		"an empty secret":           {env: []string{"EMANAGEMENT_SECRET= "}, ends: true, says: []string{"empty"}},
		"no configuration":          {prepare: func(t *testing.T, dir string) { require.NoError(t, os.Remove(dir+"/emanagement.yml")) }, ends: true, says: []string{"DIR/emanagement.yml", "no such file"}},
		"a host in access":          {more: "access:\n  - {jid: admin@localhost, role: read, hosts: [exmaple.org]}\n", says: []string{"access names a host", "host=exmaple.org", "meant=example.org"}},
		"a role":                    {more: "access:\n  - {jid: admin@localhost, role: rite}\n", ends: true, says: []string{"access[0].role", `"rite"`, "write"}},
	} {
		t.Run(name, func(t *testing.T) {
			if test.user != 0 && os.Getuid() != 0 {
				t.Fatal("run the tests as root: they run the program as another user")
			}
			got := test.make(t, s)
			for _, want := range test.says {
				assert.Contains(t, got.log, strings.ReplaceAll(want, "DIR", got.dir))
			}
			if test.never != "" {
				assert.NotContains(t, got.log, test.never)
			}
			if test.ends {
				assert.Equal(t, 1, got.status, got.log)
				lines := strings.Split(strings.TrimSpace(got.log), "\n")
				assert.Regexp(t, "^emanagement: ", lines[len(lines)-1])
			}
		})
	}
}

// outcome is what came of a mistake.
type outcome struct {
	dir, log string
	status   int
}

// make makes a mistake, and waits until the program has said all of it or has ended.
func (m mistake) make(t *testing.T, s *testserver.Server) outcome {
	dir, program := t.TempDir(), binary+"d"
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	conf := filepath.Join(dir, "emanagement.yml")
	if m.user != 0 { // to whom the other one is out of reach
		built, err := os.ReadFile(program)
		require.NoError(t, err)
		program = filepath.Join(dir, "emanagementd")
		require.NoError(t, os.WriteFile(program, built, 0o755))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte(testserver.Secret+"\n"), 0o600))
	if m.user != 0 {
		require.NoError(t, os.Chown(filepath.Join(dir, "secret"), int(m.user), int(m.user)))
	}
	require.NoError(t, os.WriteFile(conf, []byte(m.text(dir, s)), 0o644))
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
			break // it has ended, or says no more
		}
		if !stopped && !m.ends && m.said(log.String(), dir) {
			stopped = true
			require.NoError(t, c.Process.Signal(syscall.SIGTERM))
		}
	}
	if !stopped {
		_ = c.Process.Kill() // it has ended, or is to
	}
	_ = c.Wait()
	return outcome{dir, log.String(), c.ProcessState.ExitCode()}
}

func (m mistake) said(log, dir string) bool {
	for _, want := range m.says {
		if !strings.Contains(log, strings.ReplaceAll(want, "DIR", dir)) {
			return false
		}
	}
	return true
}

// text is the configuration.
func (m mistake) text(dir string, s *testserver.Server) string {
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

// stateOfRoot is what a run as root leaves behind where the folder is another
// user's.
func stateOfRoot(t *testing.T, dir string) {
	state := filepath.Join(dir, "state")
	require.NoError(t, os.Mkdir(state, 0o700))
	for _, name := range []string{"users.db", "emanagement.lock"} {
		require.NoError(t, os.WriteFile(filepath.Join(state, name), nil, 0o600))
	}
	require.NoError(t, os.Chown(state, nobody, nobody))
}

// freePort is a port that nothing listens on.
func freePort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// TestSecondCopy: a second program of the same name ends with the first one's pid
// and does not disturb it, whichever of its places is the same.
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
		m.ends = true
		got := m.make(t, s)
		assert.Equal(t, 1, got.status, got.log)
		assert.Contains(t, got.log, fmt.Sprint(first.PID()), name)
		done(t, admin, "addBuddyToRoster", "userJid", "a@localhost", "buddyJid", "b@localhost", "subscription_type", "both")
	}
	assert.NotContains(t, first.Log(), "stream ended")
	assert.NotContains(t, first.Log(), "not connected")
	assert.Equal(t, 1, strings.Count(serverLog(t, s), "component handshake authentication"), "nobody else has connected")
}
