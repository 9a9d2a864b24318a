package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// deployment is an ejabberd of some kind, with accounts on it and the program
// beside it. The program uses HTTP if the kind offers that.
type deployment struct {
	*testserver.Server
	kind    testserver.Kind
	edit    func(config map[string]any) // changes the server's configuration
	stock   bool                        // the configuration is based on Debian's own ejabberd.yml
	hosts   []string                    // further hosts that the program serves
	program *testserver.Program
}

// accounts returns the accounts of every deployment, all on localhost.
func accounts() []string {
	return []string{"admin", "reader", "writer", "stranger", "herereader", "anywriter", "thereadmin", "twofold"}
}

// startServer starts the server and creates the accounts. The caller must close
// the deployment even if this fails.
func (d *deployment) startServer(ctx context.Context) (err error) {
	if d.stock {
		d.Server, err = d.kind.NewStock()
	} else {
		d.Server, err = d.kind.New(d.edit)
	}
	if err != nil {
		return err
	}
	if err := d.Start(ctx); err != nil {
		return err
	}
	for _, name := range accounts() {
		if err := d.Register(ctx, name, "localhost", "pw"); err != nil {
			return fmt.Errorf("%w\n%s", err, d.Log())
		}
	}
	return nil
}

// startProgram starts the program beside the server.
func (d *deployment) startProgram(ctx context.Context) (err error) {
	settings := testserver.Settings{Access: access, Hosts: d.hosts}
	if d.kind != testserver.AdHoc {
		settings.More = "api: {url: " + d.APIURL() + "}\n"
	}
	d.program, err = testserver.StartProgram(ctx, binary, d.Server, settings)
	return err
}

func (d *deployment) close() (err error) {
	if d.program != nil {
		if serr := d.program.Stop(); serr != nil {
			err = fmt.Errorf("emanagement: %w; its log:\n%s", serr, d.program.Log())
		}
	}
	if d.Server != nil {
		err = errors.Join(err, d.Close())
	}
	return err
}

// newDeployment starts a deployment for one test, and closes it at the end of
// the test. The program serves the usual hosts and those named.
func newDeployment(t *testing.T, kind testserver.Kind, edit func(config map[string]any), hosts ...string) *deployment {
	t.Helper()
	d := &deployment{kind: kind, edit: edit, hosts: hosts}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	if err := d.startServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.startProgram(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

// newIncompleteDeployment is newDeployment for a server that lacks something,
// so that the program never becomes ready. It waits until the program has
// logged the text until once for each host.
func newIncompleteDeployment(t *testing.T, edit func(config map[string]any), until string) *deployment {
	t.Helper()
	d := &deployment{kind: testserver.AdHoc, edit: edit}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	err := d.startServer(t.Context())
	if err == nil {
		d.program, err = testserver.StartProgram(t.Context(), binary, d.Server, testserver.Settings{Access: access, Until: until})
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// onEveryVersion runs a test on each ejabberd version, in a deployment of its
// own.
func onEveryVersion(t *testing.T, edit func(config map[string]any), test func(t *testing.T, d *deployment)) {
	for _, kind := range []testserver.Kind{testserver.AdHoc, testserver.Debian13, testserver.Debian12} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			test(t, newDeployment(t, kind, edit))
		})
	}
}

// onEveryDeployment runs a test on every shared deployment.
func onEveryDeployment(t *testing.T, test func(t *testing.T, d *deployment)) {
	for _, d := range deployments {
		t.Run(d.kind.String(), func(t *testing.T) {
			t.Parallel()
			test(t, d)
		})
	}
}

// login connects a client of an account.
func (d *deployment) login(t testing.TB, account string) *xmppclient.Client {
	t.Helper()
	return loginTo(t, d.Server, account)
}

// storedRoster returns the roster that the server stores for a user.
func (d *deployment) storedRoster(t testing.TB, user string) []storedItem {
	t.Helper()
	return storedRoster(t, d.Server, user)
}

// storeItems writes items by the server's own API command.
func (d *deployment) storeItems(t testing.TB, user string, items ...storedItem) {
	t.Helper()
	storeItems(t, d.Server, user, items...)
}
