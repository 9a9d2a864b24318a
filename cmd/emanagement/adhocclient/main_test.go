package adhocclient

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

	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/verb"
	"emanagement/verb/wire"
)

// Shared by the tests.
var (
	// plainServer is a server without TLS, with the program and fakeService beside it.
	plainServer *testserver.Server
	fakeService *fakeComponent
	// tlsServer is a server that insists on TLS for clients. It has two components that
	// call themselves emanagement. Its certificate is valid for localhost and
	// plain.example. plain.example offers only the mechanism PLAIN.
	tlsServer *testserver.Server
	authority []byte // the authority of tlsServer's certificate, as PEM
)

// plainHost is the host of tlsServer that offers only the mechanism PLAIN.
const plainHost = "plain.example"

var (
	service      = jid.MustParse(testserver.Component)
	otherService = jid.MustParse(testserver.OtherComponent)
)

const access = `
  - {jid: admin@localhost, role: admin}
  - {jid: reader@localhost, role: read}
`

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := withServers(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withServers(run func() int) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if plainServer, err = testserver.New(nil); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, plainServer.Close()) }()
	if tlsServer, err = newTLSServer(); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, tlsServer.Close()) }()
	for _, s := range []*testserver.Server{plainServer, tlsServer} {
		if err := s.Start(ctx); err != nil {
			return 1, err
		}
	}
	if err := register(ctx); err != nil {
		return 1, err
	}
	program, err := startProgram(ctx)
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, program.Stop()) }()
	fakeService, err = newFakeComponent(ctx, plainServer.OtherAddr(), otherService, testserver.OtherSecret, answerByNode)
	if err != nil {
		return 1, err
	}
	defer fakeService.close()
	for name, addr := range map[string]string{testserver.Component: tlsServer.ComponentAddr(), testserver.OtherComponent: tlsServer.OtherAddr()} {
		secret := map[string]string{testserver.Component: testserver.Secret, testserver.OtherComponent: testserver.OtherSecret}[name]
		f, err := newFakeComponent(ctx, addr, jid.MustParse(name), secret, asEmanagement)
		if err != nil {
			return 1, err
		}
		defer f.close()
	}
	return run(), nil
}

type section = map[string]any

func newTLSServer() (*testserver.Server, error) {
	s, err := testserver.New(nil)
	if err != nil {
		return nil, err
	}
	inside, outside := s.Path("clients.pem")
	if authority, err = certificate("localhost", plainHost); err == nil {
		err = os.WriteFile(outside, authority, 0o644)
	}
	if err == nil {
		err = s.Edit(func(config section) {
			config["hosts"] = append(config["hosts"].([]any), plainHost)
			config["host_config"] = section{plainHost: section{"disable_sasl_mechanisms": []string{
				"SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512", "SCRAM-SHA-512-PLUS", "DIGEST-MD5", "X-OAUTH2",
			}}}
			config["certfiles"] = []string{inside}
			clients := config["listen"].([]any)[0].(section)
			clients["starttls_required"] = true
			clients["max_stanza_size"] = 20000
		})
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func register(ctx context.Context) error {
	for _, account := range []struct {
		s                    *testserver.Server
		user, host, password string
	}{
		{plainServer, "admin", "localhost", "pw"},
		{plainServer, "reader", "localhost", "pw"},
		{plainServer, "stranger", "example.org", "pw"},
		{plainServer, "odd=,name", "localhost", "fin \u00e9"},
		{tlsServer, "admin", "localhost", "pw"},
		{tlsServer, "admin", "example.org", "pw"},
		{tlsServer, "admin", plainHost, "pw"},
	} {
		if err := account.s.Register(ctx, account.user, account.host, account.password); err != nil {
			return err
		}
	}
	return nil
}

func startProgram(ctx context.Context) (*testserver.Program, error) {
	dir, err := plainServer.TempDir()
	if err != nil {
		return nil, err
	}
	binary := filepath.Join(dir, "emanagement")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "emanagement/cmd/emanagementd").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return testserver.StartProgram(ctx, binary, plainServer, testserver.Settings{Access: access})
}

// account returns an account on one of the servers.
func account(s *testserver.Server, name string) Account {
	return Account{JID: jid.MustParse(name), Password: "pw", Server: s.ClientAddr()}
}

// login returns a client that is logged in until the test ends.
func login(t testing.TB, a Account) *Client {
	t.Helper()
	c, err := Dial(shortContext(t), a)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// shortContext returns a context that ends after a minute, which no request here needs.
func shortContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// requireKind checks the kind of an error and returns the error.
func requireKind(t testing.TB, kind wire.Kind, err error) *wire.Error {
	t.Helper()
	var e *wire.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, kind, e.Kind, e.Text)
	return e
}

// verbByName returns a verb of the table.
func verbByName(t testing.TB, name string) *verb.Verb {
	t.Helper()
	for _, v := range verb.Verbs() {
		if v.Name == name {
			return v
		}
	}
	require.Fail(t, "no such verb", name)
	return nil
}

// values returns the arguments in pairs of a parameter and a value.
func values(pairs ...string) map[string][]string {
	m := make(map[string][]string)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = append(m[pairs[i]], pairs[i+1])
	}
	return m
}
