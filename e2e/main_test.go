// Package e2e_test tests the component from the outside, on a real ejabberd.
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

// The deployments that tests share, if they do not stop the server and do not
// depend on its other users.
var (
	server      *testserver.Server // the server of the first deployment, of the kind AdHoc
	deployments []*deployment
	binary      string // the path of emanagement, with emanagementd beside it
)

// access is the section access of the configuration in most tests.
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
	// The tests name files, such as README.md, from the project's root.
	if err := os.Chdir(".."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Without this, a program with the race detector sleeps a second before it exits.
	err := os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	code := 1
	if err == nil {
		code, err = withDeployments(m.Run)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// withDeployments builds the program and runs the tests with the shared
// deployments.
func withDeployments(run func() int) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	deployments = []*deployment{{kind: testserver.AdHoc}, {kind: testserver.HTTP}, {kind: testserver.Debian13}}
	defer func() {
		for _, d := range deployments {
			err = errors.Join(err, d.close())
		}
	}()
	if err := forAll(deployments, func(d *deployment) error { return d.startServer(ctx) }); err != nil {
		return 1, err
	}
	dir, err := deployments[0].TempDir()
	if err != nil {
		return 1, err
	}
	if binary, err = build(ctx, dir); err != nil {
		return 1, err
	}
	if err := forAll(deployments, func(d *deployment) error { return d.startProgram(ctx) }); err != nil {
		return 1, err
	}
	server = deployments[0].Server
	return run(), nil
}

// forAll runs a function for all deployments at once.
func forAll(deployments []*deployment, do func(*deployment) error) error {
	var doing errgroup.Group
	for _, d := range deployments {
		doing.Go(func() error { return do(d) })
	}
	return doing.Wait()
}

// build builds emanagement and emanagementd into dir and returns the path of
// emanagement. The programs have the race detector if the tests have it. flags
// are further flags for go build.
func build(ctx context.Context, dir string, flags ...string) (string, error) {
	args := append([]string{"build", "-o", dir + "/"}, flags...)
	env := os.Environ()
	if raceEnabled {
		args = append(args, "-race")
	} else {
		env = append(env, "CGO_ENABLED=0") // as in make build, so that the benchmarks measure the installed program
	}
	c := exec.CommandContext(ctx, "go", append(args, "emanagement/cmd/emanagement", "emanagement/cmd/emanagement-client", "emanagement/cmd/emanagementd")...)
	c.Env = env
	out, err := c.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return filepath.Join(dir, "emanagement"), nil
}

// login connects a client of an account to the shared server.
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

// runProgram creates the accounts admin and reader on a server of the test's
// own, and runs the program there until the test ends.
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
