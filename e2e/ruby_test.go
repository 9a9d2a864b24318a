package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
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

	"emanagement/internal/testserver"
	"emanagement/verb"
)

// debianRuby is Debian's own Ruby, which finds Debian's libraries. The ruby on
// the PATH may be another one.
const debianRuby = "/usr/bin/ruby"

// TestRuby runs the tests of clients/ruby, with a deployment of their own: they
// stop, start and freeze its parts.
func TestRuby(t *testing.T) {
	t.Parallel()
	needsRuby(t)
	d := newRubyDeployment(t)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	ruby := exec.CommandContext(ctx, debianRuby, "-Iclients/ruby/lib", "-Iclients/ruby/test", "-e", `Dir["clients/ruby/test/{,server/}*_test.rb"].sort.each { |file| require File.expand_path(file) }`)
	ruby.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // so that it ends if the tests are killed
	ruby.Env = append(os.Environ(), "EMANAGEMENT_PLACE="+d.describe(t))
	orders := d.serveOrders(t, ctx, ruby)
	out, err := ruby.CombinedOutput()
	orders()
	require.NoErrorf(t, err, "%s\n%s\nemanagement:\n%s", out, d.Log(), d.program.Log())
	t.Logf("%s", out)
}

// needsRuby fails the test if Ruby or one of the libraries is missing.
func needsRuby(t *testing.T) {
	t.Helper()
	if err := exec.CommandContext(t.Context(), debianRuby, "-rlogger", "-rnokogiri", "-rminitest", "-rrails", "-ractive_record", "-ractive_job", "-rrake", "-rsqlite3", "-rxmpp4r", "-e", "").Run(); err != nil {
		t.Fatalf("%s lacks what the tests need (%v): run scripts/setup ruby", debianRuby, err)
	}
}

// rubyDeployment is the deployment of these tests.
type rubyDeployment struct {
	*deployment
	control string // a symbolic link to the program's control socket, the same for every program
}

func newRubyDeployment(t *testing.T) *rubyDeployment {
	t.Helper()
	d := &rubyDeployment{newDeployment(t, testserver.AdHoc, offerTLS), filepath.Join(t.TempDir(), "control.sock")}
	require.NoError(t, d.link())
	return d
}

func (d *rubyDeployment) link() error { return os.Symlink(d.program.Control(), d.control) }

// offerTLS makes the server offer TLS to clients, with its own certificate.
// Accounts of example.org can log in by PLAIN only.
func offerTLS(config map[string]any) {
	var certificate any
	for _, l := range config["listen"].([]any) {
		if file, ok := l.(map[string]any)["certfile"]; ok {
			certificate = file
		}
	}
	for _, l := range config["listen"].([]any) {
		if listener := l.(map[string]any); listener["module"] == "ejabberd_c2s" {
			listener["starttls"] = true
		}
	}
	config["certfiles"] = []any{certificate}
	config["host_config"] = map[string]any{"example.org": map[string]any{
		"disable_sasl_mechanisms": []any{"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"},
	}}
}

// describe returns the description of the deployment that
// clients/ruby/test/server/place.rb reads.
func (d *rubyDeployment) describe(t *testing.T) string {
	t.Helper()
	_, tlsPort, err := net.SplitHostPort(strings.TrimPrefix(d.TLSAddr(), "tls://"))
	require.NoError(t, err)
	description, err := json.Marshal(map[string]string{
		"service": testserver.Component,
		"server":  d.ClientAddr(), "ca": d.CertFile(),
		"without_tls":      server.ClientAddr(), // another server, without TLS
		"component_server": d.OtherAddr(), "component": testserver.OtherComponent, "secret": testserver.OtherSecret,
		"tls_port": tlsPort,
		"control":  d.control,
		"look":     d.InspectionURL(),
	})
	require.NoError(t, err)
	return string(description)
}

// serveOrders carries out the orders of the command: one per line on its file
// descriptor 3, each answered by a line on 4. The caller must call the returned
// function after the command has ended.
func (d *rubyDeployment) serveOrders(t *testing.T, ctx context.Context, command *exec.Cmd) (wait func()) {
	t.Helper()
	orders, theirOrders, err := os.Pipe()
	require.NoError(t, err)
	theirAnswers, answers, err := os.Pipe()
	require.NoError(t, err)
	command.ExtraFiles = []*os.File{theirOrders, theirAnswers}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(orders); lines.Scan(); {
			answer := "done"
			if err := d.carryOut(ctx, lines.Text()); err != nil {
				answer = strings.ReplaceAll(err.Error(), "\n", " ")
			}
			if _, err := fmt.Fprintln(answers, answer); err != nil {
				return // the command has ended
			}
		}
	}()
	return func() {
		theirOrders.Close()
		theirAnswers.Close()
		<-done
		orders.Close()
		answers.Close()
	}
}

// carryOut carries out one order.
func (d *rubyDeployment) carryOut(ctx context.Context, order string) error {
	switch order {
	case "restart the server":
		if err := d.Stop(ctx); err != nil {
			return err
		}
		return d.Start(ctx)
	case "stop the program":
		return d.program.Stop()
	case "start the program":
		return errors.Join(d.startProgram(ctx), os.Remove(d.control), d.link())
	case "freeze the program":
		return syscall.Kill(d.program.PID(), syscall.SIGSTOP)
	case "thaw the program":
		return syscall.Kill(d.program.PID(), syscall.SIGCONT)
	}
	return fmt.Errorf("no such order: %s", order)
}

// TestRubyKnowsWhatMayBeRepeated compares the Ruby library's list of repeatable
// verbs with the table of verbs.
func TestRubyKnowsWhatMayBeRepeated(t *testing.T) {
	needsRuby(t)
	out, err := exec.CommandContext(t.Context(), debianRuby, "-Iclients/ruby/lib", "-remanagement", "-e", "puts Emanagement::Client::REPEATABLE").Output()
	require.NoError(t, err)
	var want []string
	for _, v := range verb.Verbs() {
		if !v.Once {
			want = append(want, v.Name)
		}
	}
	assert.Equal(t, want, strings.Fields(string(out)))
}

// TestRubyGem builds the gem, which must contain every file of the library.
func TestRubyGem(t *testing.T) {
	needsRuby(t)
	path := filepath.Join(t.TempDir(), "emanagement.gem")
	build := exec.CommandContext(t.Context(), "/usr/bin/gem", "build", "--output", path, "emanagement.gemspec")
	build.Dir = "clients/ruby"
	out, err := build.CombinedOutput()
	require.NoErrorf(t, err, "%s", out)
	list := `puts Gem::Package.new(ARGV[0]).contents.sort`
	packed, err := exec.CommandContext(t.Context(), debianRuby, "-rrubygems/package", "-e", list, path).Output()
	require.NoError(t, err)
	want := []string{"LICENSE", "README.md"}
	require.NoError(t, filepath.WalkDir("clients/ruby/lib", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			want = append(want, strings.TrimPrefix(path, "clients/ruby/"))
		}
		return err
	}))
	slices.Sort(want)
	assert.Equal(t, want, strings.Fields(string(packed)))
}

// TestRake runs the library's own tests as its developers do, without a server.
func TestRake(t *testing.T) {
	needsRuby(t)
	rake := exec.CommandContext(t.Context(), debianRuby, "-S", "rake", "test")
	rake.Dir = "clients/ruby"
	out, err := rake.CombinedOutput()
	require.NoErrorf(t, err, "%s", out)
	assert.Contains(t, string(out), " 0 failures, 0 errors, 0 skips")
}
