package testserver

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// starterEnv turns the test binary into a program that starts a server, prints
// its folder and waits. TestNothingIsLeft kills it.
const starterEnv = "TESTSERVER_STARTER"

func TestMain(m *testing.M) {
	if os.Getenv(starterEnv) == "" {
		os.Exit(m.Run())
	}
	s, err := New(nil)
	if err == nil {
		err = s.Start(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.outside)
	select {}
}

// TestNothingIsLeft ends a program that runs a server, in every way that
// programs end. The server and its folder must disappear too.
func TestNothingIsLeft(t *testing.T) {
	for name, end := range map[string]func(pid int) error{
		"killed":                 func(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) },
		"terminated, as a group": func(pid int) error { return syscall.Kill(-pid, syscall.SIGTERM) },
		"Ctrl-C, as a group":     func(pid int) error { return syscall.Kill(-pid, syscall.SIGINT) },
		"killed, as a group":     func(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), starterEnv+"=1")
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			line, err := bufio.NewReader(out).ReadString('\n')
			require.NoError(t, err)
			dir := strings.TrimSpace(line)
			require.NotEmpty(t, processesOf(t, dir))
			require.NoError(t, end(cmd.Process.Pid))
			require.Error(t, cmd.Wait())

			assert.Eventually(t, func() bool {
				_, err := os.Stat(dir)
				return os.IsNotExist(err) && len(processesOf(t, dir)) == 0
			}, 20*time.Second, 50*time.Millisecond)
		})
	}
}

// processesOf returns the processes that name the folder in their arguments.
func processesOf(t *testing.T, dir string) (pids []string) {
	_, name, ok := strings.Cut(dir, "/tmp/")
	require.True(t, ok, dir)
	procs, err := os.ReadDir("/proc")
	require.NoError(t, err)
	for _, p := range procs {
		args, err := os.ReadFile("/proc/" + p.Name() + "/cmdline")
		if err == nil && strings.Contains(string(args), name) {
			pids = append(pids, p.Name())
		}
	}
	return pids
}

// TestConfigurationIsMerged checks that the merged configuration contains the
// administrator's part and the documented one.
func TestConfigurationIsMerged(t *testing.T) {
	text, err := configuration("/dir", AdHoc, ports{c2s: 1, component: 2, tls: 3, other: 4, http: 5}, nil, nil)
	require.NoError(t, err)
	var c struct {
		Listen []struct {
			Port   int
			Module string
			Hosts  map[string]struct{ Password string }
		}
		AccessRules map[string]any `yaml:"access_rules"`
		Modules     map[string]any
	}
	require.NoError(t, yaml.Unmarshal(text, &c))
	require.Len(t, c.Listen, 5)
	documented := c.Listen[4]
	assert.Equal(t, 2, documented.Port)
	assert.Equal(t, Secret, documented.Hosts[Component].Password)
	assert.Equal(t, []any{map[string]any{"allow": "admin"}, map[string]any{"allow": "emanagement"}}, c.AccessRules["configure"])
	assert.Contains(t, c.AccessRules, "c2s")
	assert.Contains(t, c.Modules, "mod_offline")
	assert.Equal(t, map[string]any{"message": map[string]any{"outgoing": "emanagement"}, "roster": map[string]any{"both": "emanagement"}}, c.Modules["mod_privilege"])
	assert.Equal(t, map[string]any{"versioning": true, "store_current_id": true}, c.Modules["mod_roster"])
	assert.NotContains(t, string(text), documentedComponent)
}

// TestSameCommands checks that ConfigHTTP permits every API command that Config
// permits, and that a comment explains each further one.
func TestSameCommands(t *testing.T) {
	commands := func(text, permission string) []string {
		var c struct {
			Permissions map[string]struct{ What any } `yaml:"api_permissions"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(text), &c))
		var names []string
		for _, name := range c.Permissions[permission].What.([]any) {
			names = append(names, name.(string))
		}
		return names
	}
	adhoc := commands(Config, "emanagement")
	assert.Contains(t, adhoc, "add_rosteritem")
	for _, name := range commands(ConfigHTTP, "emanagement over HTTP") {
		if !slices.Contains(adhoc, name) {
			assert.Regexp(t, "- "+name+" # .", ConfigHTTP)
		}
	}
	assert.Subset(t, commands(ConfigHTTP, "emanagement over HTTP"), adhoc)
}

// TestMissing checks that the error names scripts/setup if there is no
// ejabberd.
func TestMissing(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("PATH", "")
	for kind, want := range map[Kind]string{
		AdHoc:    "ejabberd 25.03 or newer: missing: run scripts/setup (as root on Debian), or install it so that ejabberdctl is on the PATH",
		HTTP:     "ejabberd 25.03 or newer: missing: run scripts/setup (as root on Debian), or install it so that ejabberdctl is on the PATH",
		Debian13: "ejabberd 24.12: missing: run scripts/setup (as root on Debian)",
		Debian12: "ejabberd 23.01: missing: run scripts/setup (as root on Debian)",
	} {
		_, err := kind.New(nil)
		assert.ErrorIs(t, err, ErrMissing)
		assert.EqualError(t, err, want)
	}
}

func TestNewEnough(t *testing.T) {
	for version, want := range map[string]bool{
		"": false, "23.01": false, "24.12": false, "25.02": false, "25.3.0": true, "25.03": true, "26.07-1": true, "100.1": true, "devel": false,
	} {
		assert.Equal(t, want, newEnough(version), version)
	}
}

// TestPortTaken takes a port after New has found it free. Start must choose
// another one.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	s, err := New(nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	taken := s.other
	l, err := net.Listen("tcp", addr(taken))
	require.NoError(t, err)
	defer l.Close()
	require.NoError(t, s.Start(t.Context()))
	assert.NotEqual(t, taken, s.other)
}
