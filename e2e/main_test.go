// Package e2e_test tries the component on a real ejabberd, from the
// outside.
package e2e_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// Shared by the tests that neither stop the servers nor mind other users on
// them.
var (
	server *testserver.Server // of the kind AdHoc
	places []*place
	binary string
)

// access is who may do what in the tests.
const access = `
  - {jid: admin@localhost, role: admin}
  - {jid: reader@localhost, role: read}
  - {jid: herereader@localhost, role: read, hosts: [localhost]}
  - {jid: writer@localhost, role: write, hosts: [localhost]}
  - {jid: anywriter@localhost, role: write}
  - {jid: thereadmin@localhost, role: admin, hosts: [example.org]}
  - {jid: twofold@localhost, role: write, hosts: [localhost]}
  - {jid: twofold@localhost, role: read}
  - {jid: example.org, role: admin}
  - {jid: rails.localhost, role: write}
`

var service = jid.MustParse(testserver.Component)

func TestMain(m *testing.M) {
	flag.Parse()
	// What the tests read, README.md for one, is named from the project's root.
	if err := os.Chdir(".."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Built with the race detector, each program would sleep a second at its end.
	err := os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	code := 1
	if err == nil {
		code, err = withPlaces(m.Run)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// withPlaces builds the program and runs the tests with the shared places.
func withPlaces(run func() int) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	places = []*place{{kind: testserver.AdHoc}, {kind: testserver.HTTP}, {kind: testserver.Debian13}}
	defer func() {
		for _, p := range places {
			err = errors.Join(err, p.close())
		}
	}()
	if err := inAll(places, func(p *place) error { return p.serve(ctx) }); err != nil {
		return 1, err
	}
	dir, err := places[0].TempDir()
	if err != nil {
		return 1, err
	}
	if binary, err = build(ctx, dir); err != nil {
		return 1, err
	}
	if err := inAll(places, func(p *place) error { return p.begin(ctx) }); err != nil {
		return 1, err
	}
	server = places[0].Server
	return run(), nil
}

// inAll does something in all places at once.
func inAll(places []*place, do func(*place) error) error {
	var doing errgroup.Group
	for _, p := range places {
		doing.Go(func() error { return do(p) })
	}
	return doing.Wait()
}

// build builds the program, emanagement with emanagementd beside it, as the
// tests are built: with the race detector where they have it. flags are more of
// go build's.
func build(ctx context.Context, dir string, flags ...string) (string, error) {
	args := append([]string{"build", "-o", dir + "/"}, flags...)
	env := os.Environ()
	if raceEnabled {
		args = append(args, "-race")
	} else {
		env = append(env, "CGO_ENABLED=0") // as make build has it: benchmarks run what is installed
	}
	c := exec.CommandContext(ctx, "go", append(args, "emanagement/cmd/emanagement", "emanagement/cmd/emanagementd")...)
	c.Env = env
	out, err := c.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return filepath.Join(dir, "emanagement"), nil
}

// login connects a client of an account on the shared server.
func login(t testing.TB, account string) *xmppclient.Client {
	t.Helper()
	return loginTo(t, server, account)
}

func loginTo(t testing.TB, s *testserver.Server, account string) *xmppclient.Client {
	t.Helper()
	c, err := xmppclient.Dial(t.Context(), s.ClientAddr(), jid.MustParse(account), "pw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil && !errors.Is(err, xmppclient.ErrClosed) {
			t.Error(err)
		}
	})
	return c
}

// register creates accounts on the shared server.
func register(t testing.TB, names ...string) {
	t.Helper()
	registerOn(t, server, names...)
}

func registerOn(t testing.TB, s *testserver.Server, names ...string) {
	t.Helper()
	for _, name := range names {
		j := jid.MustParse(name)
		if err := s.Register(t.Context(), j.Localpart(), j.Domainpart(), "pw"); err != nil {
			t.Fatal(err)
		}
	}
}

// runProgram runs the program on a server of the test's own until the test
// ends, with the accounts admin and reader on it.
func runProgram(t testing.TB, s *testserver.Server, settings testserver.Settings) *testserver.Program {
	t.Helper()
	registerOn(t, s, "admin@localhost", "reader@localhost")
	settings.Access = access
	p, err := testserver.StartProgram(t.Context(), binary, s, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Errorf("emanagement: %v; its log:\n%s", err, p.Log())
		}
	})
	return p
}
