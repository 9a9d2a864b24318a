package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// place is a server of some kind, with accounts on it and the program beside
// it, which goes over HTTP where the server's kind offers that.
type place struct {
	*testserver.Server
	kind    testserver.Kind
	edit    func(config map[string]any) // of the server's configuration
	stock   bool                        // that is made of Debian's own
	program *testserver.Program
}

// accounts are those of every place, on localhost.
func accounts() []string {
	return []string{"admin", "reader", "writer", "stranger", "herereader", "anywriter", "thereadmin", "twofold"}
}

// serve starts the server. The place is to be closed even where this fails.
func (p *place) serve(ctx context.Context) (err error) {
	if p.stock {
		p.Server, err = p.kind.NewStock()
	} else {
		p.Server, err = p.kind.New(p.edit)
	}
	if err != nil {
		return err
	}
	if err := p.Start(ctx); err != nil {
		return err
	}
	for _, name := range accounts() {
		if err := p.Register(ctx, name, "localhost", "pw"); err != nil {
			return fmt.Errorf("%w\n%s", err, p.Log())
		}
	}
	return nil
}

// begin starts the program beside it.
func (p *place) begin(ctx context.Context) (err error) {
	settings := testserver.Settings{Access: access}
	if p.kind != testserver.AdHoc {
		settings.More = "api: {url: " + p.APIURL() + "}\n"
	}
	p.program, err = testserver.StartProgram(ctx, binary, p.Server, settings)
	return err
}

func (p *place) close() (err error) {
	if p.program != nil {
		if serr := p.program.Stop(); serr != nil {
			err = fmt.Errorf("emanagement: %w; its log:\n%s", serr, p.program.Log())
		}
	}
	if p.Server != nil {
		err = errors.Join(err, p.Close())
	}
	return err
}

// newPlace is a place of the test's own.
func newPlace(t *testing.T, kind testserver.Kind, edit func(config map[string]any)) *place {
	t.Helper()
	p := &place{kind: kind, edit: edit}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	if err := p.serve(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// newPlaceUntil is such a place whose server lacks something: its program is waited
// for until it has logged this twice.
func newPlaceUntil(t *testing.T, edit func(config map[string]any), until string) *place {
	t.Helper()
	p := &place{kind: testserver.AdHoc, edit: edit}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	err := p.serve(t.Context())
	if err == nil {
		p.program, err = testserver.StartProgram(t.Context(), binary, p.Server, testserver.Settings{Access: access, Until: until})
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// onEveryVersion runs a test in a place of its own on each ejabberd.
func onEveryVersion(t *testing.T, edit func(config map[string]any), test func(t *testing.T, p *place)) {
	for _, kind := range []testserver.Kind{testserver.AdHoc, testserver.Debian13, testserver.Debian12} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			test(t, newPlace(t, kind, edit))
		})
	}
}

// inEveryPlace runs a test in every shared place.
func inEveryPlace(t *testing.T, test func(t *testing.T, p *place)) {
	for _, p := range places {
		t.Run(p.kind.String(), func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

// login connects a client of an account.
func (p *place) login(t testing.TB, account string) *xmppclient.Client {
	t.Helper()
	return loginTo(t, p.Server, account)
}

// stored is what the server keeps as a user's roster.
func (p *place) stored(t testing.TB, user string) []entry {
	t.Helper()
	return stored(t, p.Server, user)
}

// put writes items by the server's own command.
func (p *place) put(t testing.TB, user string, entries ...entry) {
	t.Helper()
	put(t, p.Server, user, entries...)
}
