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

// debianRuby is the one that sees Debian's libraries. The one on the PATH may be
// another.
const debianRuby = "/usr/bin/ruby"

// TestRuby runs the tests of clients/ruby, on a server and beside a program of
// their own: they have them stopped, started and frozen.
func TestRuby(t *testing.T) {
	t.Parallel()
	needsRuby(t)
	p := newRubyPlace(t)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	ruby := exec.CommandContext(ctx, debianRuby, "-Iclients/ruby/lib", "-Iclients/ruby/test", "-e", `Dir["clients/ruby/test/{,server/}*_test.rb"].sort.each { |file| require File.expand_path(file) }`)
	ruby.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // should the tests be killed
	ruby.Env = append(os.Environ(), "EMANAGEMENT_PLACE="+p.describe(t))
	orders := p.obey(t, ctx, ruby)
	out, err := ruby.CombinedOutput()
	orders()
	require.NoErrorf(t, err, "%s\n%s\nemanagement:\n%s", out, p.Log(), p.program.Log())
	t.Logf("%s", out)
}

// needsRuby fails a test that there is nothing to run with.
func needsRuby(t *testing.T) {
	t.Helper()
	if err := exec.CommandContext(t.Context(), debianRuby, "-rlogger", "-rnokogiri", "-rminitest", "-rrails", "-ractive_record", "-ractive_job", "-rrake", "-rsqlite3", "-rxmpp4r", "-e", "").Run(); err != nil {
		t.Fatalf("%s lacks what the tests need (%v): run scripts/setup ruby", debianRuby, err)
	}
}

// rubyPlace is the place of these tests.
type rubyPlace struct {
	*place
	control string // a path of the program's control socket that stays
}

func newRubyPlace(t *testing.T) *rubyPlace {
	t.Helper()
	p := &rubyPlace{newPlace(t, testserver.AdHoc, offerTLS), filepath.Join(t.TempDir(), "control.sock")}
	require.NoError(t, p.link())
	return p
}

func (p *rubyPlace) link() error { return os.Symlink(p.program.Control(), p.control) }

// offerTLS has clients go on with TLS, by the server's own certificate. Those of
// example.org can log in by PLAIN alone.
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

// describe is the place as clients/ruby/test/helper.rb reads it.
func (p *rubyPlace) describe(t *testing.T) string {
	t.Helper()
	_, tlsPort, err := net.SplitHostPort(strings.TrimPrefix(p.TLSAddr(), "tls://"))
	require.NoError(t, err)
	place, err := json.Marshal(map[string]string{
		"service": testserver.Component,
		"server":  p.ClientAddr(), "ca": p.CertFile(),
		"without_tls":      server.ClientAddr(), // of another server
		"component_server": p.OtherAddr(), "component": testserver.OtherComponent, "secret": testserver.OtherSecret,
		"tls_port": tlsPort,
		"control":  p.control,
		"look":     p.LookURL(),
	})
	require.NoError(t, err)
	return string(place)
}

// obey carries out what the command wants done with the place: a line each on
// its file descriptor 3, answered by a line on 4. The function that it returns
// is to be called when the command has ended.
func (p *rubyPlace) obey(t *testing.T, ctx context.Context, command *exec.Cmd) (wait func()) {
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
			if err := p.carryOut(ctx, lines.Text()); err != nil {
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

func (p *rubyPlace) carryOut(ctx context.Context, order string) error {
	switch order {
	case "restart the server":
		if err := p.Stop(ctx); err != nil {
			return err
		}
		return p.Start(ctx)
	case "stop the program":
		return p.program.Stop()
	case "start the program":
		return errors.Join(p.begin(ctx), os.Remove(p.control), p.link())
	case "freeze the program":
		return syscall.Kill(p.program.PID(), syscall.SIGSTOP)
	case "thaw the program":
		return syscall.Kill(p.program.PID(), syscall.SIGCONT)
	}
	return fmt.Errorf("no such order: %s", order)
}

// TestRubyKnowsWhatMayBeRepeated compares what the Ruby library says of the
// verbs with the table.
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

// TestRubyGem builds the gem, which has every file of the library in it.
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
