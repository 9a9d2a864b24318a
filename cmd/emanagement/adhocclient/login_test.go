package adhocclient

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/verb/wire"
	"emanagement/xmpp/client"
)

// remoteConn is a connection to this machine that seems to lead to another one. It records
// the bytes that the client sends.
type remoteConn struct {
	net.Conn
	mu   sync.Mutex
	sent bytes.Buffer
}

func (c *remoteConn) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5222}
}

func (c *remoteConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent.Write(p)
	return c.Conn.Write(p)
}

func (c *remoteConn) written() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent.String()
}

// remoteDialer dials as if every address were on another machine. It records the
// connections.
type remoteDialer struct {
	client.Dialer
	conns []*remoteConn
}

func newRemoteDialer(authorities []byte) *remoteDialer {
	f := &remoteDialer{Dialer: client.Dialer{LookUp: net.DefaultResolver.LookupSRV, Roots: certPool(authorities)}}
	f.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		f.conns = append(f.conns, &remoteConn{Conn: conn})
		return f.conns[len(f.conns)-1], nil
	}
	return f
}

func (f *remoteDialer) written() string {
	var all strings.Builder
	for _, c := range f.conns {
		all.WriteString(c.written())
	}
	return all.String()
}

// requireWorking checks that a client can send requests, and closes it.
func requireWorking(t *testing.T, c *Client, err error) {
	t.Helper()
	require.NoError(t, err)
	reply, err := c.ask(shortContext(t), "get", c.domain, itemList{})
	require.NoError(t, err)
	assert.NotNil(t, reply.Items)
	require.NoError(t, c.Close())
	require.NoError(t, c.Close(), "once more")
}

func TestLoginOnLoopback(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]Account{
		"without TLS":                      account(plainServer, "admin@localhost"),
		"a resource":                       account(plainServer, "admin@localhost/here"),
		"with TLS, if the server wants it": account(tlsServer, "admin@example.org"), // not in the certificate
		"a name to be escaped, a password to be composed": {
			JID: jid.MustParse("odd=,name@localhost"), Password: "\ufb01n e\u0301", Server: plainServer.ClientAddr(),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := Dial(shortContext(t), a)
			require.NoError(t, err)
			if resource := a.JID.Resourcepart(); resource != "" {
				assert.Equal(t, a.JID, c.stream.JID())
			}
			requireWorking(t, c, err)
		})
	}
}

// TestLoginSendsNoPresence checks that the client's session stays unavailable, so that no
// contact sees it and it receives no messages.
func TestLoginSendsNoPresence(t *testing.T) {
	t.Parallel()
	c := login(t, account(plainServer, "admin@localhost/unseen"))
	_, err := c.Run(shortContext(t), service, verbByName(t, "checkUserJid"), values("userJid", "nobody@localhost"), false)
	require.NoError(t, err)
	var sessions []struct{ Resource, Status string }
	require.NoError(t, plainServer.API(t.Context(), "user_sessions_info", map[string]string{"user": "admin", "host": "localhost"}, &sessions))
	assert.Contains(t, sessions, struct{ Resource, Status string }{"unseen", "unavailable"})
}

func TestLoginFromAnotherMachine(t *testing.T) {
	t.Parallel()
	f := newRemoteDialer(authority)
	c, err := dial(shortContext(t), &f.Dialer, account(tlsServer, "admin@localhost"))
	requireWorking(t, c, err)
	assert.Contains(t, f.written(), "<starttls")
	assert.NotContains(t, f.written(), "<auth")
	assert.Eventually(t, func() bool {
		return strings.Contains(tlsServer.Log(), "SCRAM-SHA-256-PLUS authentication for admin@localhost")
	}, time.Minute, 10*time.Millisecond)
}

// TestLoginByPassword checks that the client sends the password itself if the server offers
// nothing better, but only after TLS has verified the server.
func TestLoginByPassword(t *testing.T) {
	t.Parallel()
	a := account(tlsServer, "admin@"+plainHost)
	c, err := dial(shortContext(t), &newRemoteDialer(authority).Dialer, a)
	requireWorking(t, c, err)

	_, err = Dial(shortContext(t), a)
	e := requireKind(t, wire.Away, err)
	assert.Contains(t, e.Text, "no way to log in that is safe here (the server offers: PLAIN)")
}

// TestLoginDirectTLS finds the server by DNS and uses TLS from the first byte (XEP-0368).
// The first address in DNS cannot be reached.
func TestLoginDirectTLS(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	unreachable := l.Addr().String()
	require.NoError(t, l.Close())

	f := newRemoteDialer(authority)
	f.LookUp = func(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
		assert.Equal(t, "tcp", proto)
		assert.Equal(t, "localhost", name)
		if service == "xmpps-client" {
			return "", []*net.SRV{record(t, tlsProxy(t, plainServer.ClientAddr(), authority), 2)}, nil
		}
		return "", []*net.SRV{record(t, unreachable, 1), record(t, plainServer.ClientAddr(), 3)}, nil
	}
	c, err := dial(shortContext(t), &f.Dialer, Account{JID: jid.MustParse("admin@localhost"), Password: "pw"})
	requireWorking(t, c, err)
	assert.Len(t, f.conns, 1)
	assert.NotContains(t, f.written(), "<stream")
}

func record(t *testing.T, addr string, priority uint16) *net.SRV {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	n, err := strconv.ParseUint(port, 10, 16)
	require.NoError(t, err)
	return &net.SRV{Target: host + ".", Port: uint16(n), Priority: priority}
}

// TestLoginNotTrusted checks that no authentication is sent to a server that is not
// verified.
func TestLoginNotTrusted(t *testing.T) {
	t.Parallel()
	otherAuthority, err := certificate("localhost")
	require.NoError(t, err)
	direct := func(t *testing.T, a Account, f *remoteDialer) Account {
		behind := tlsProxy(t, plainServer.ClientAddr(), authority)
		f.LookUp = func(_ context.Context, service, _, _ string) (string, []*net.SRV, error) {
			if service == "xmpps-client" {
				return "", []*net.SRV{record(t, behind, 1)}, nil
			}
			return "", nil, errors.New("no such host")
		}
		a.Server = ""
		return a
	}
	for name, test := range map[string]struct {
		s           *testserver.Server
		account     string
		authorities []byte
		change      func(*testing.T, Account, *remoteDialer) Account
		text        string // in the error
	}{
		"no STARTTLS":                {s: plainServer, account: "admin@localhost", authorities: authority, text: "offers no encryption (STARTTLS); no password was sent"},
		"unknown authority":          {s: tlsServer, account: "admin@localhost", authorities: otherAuthority, text: "does not prove its identity: tls: failed to verify certificate: x509: certificate signed by unknown authority"},
		"another's name":             {s: tlsServer, account: "admin@example.org", authorities: authority, text: "x509: certificate is valid for localhost, plain.example, not example.org; no password was sent"},
		"another's name, direct TLS": {s: plainServer, account: "stranger@example.org", authorities: authority, change: direct, text: "x509: certificate is valid for localhost, plain.example, not example.org"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, a := newRemoteDialer(test.authorities), account(test.s, test.account)
			if test.change != nil {
				a = test.change(t, a, f)
			}
			_, err := dial(shortContext(t), &f.Dialer, a)
			e := requireKind(t, wire.Away, err)
			assert.Contains(t, e.Text, test.text)
			assert.NotContains(t, f.written(), "<auth")
			assert.NotEmpty(t, f.written())
		})
	}
}

func TestLoginRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Account){
		"a wrong password": func(a *Account) { a.Password = "PW" },
		"no password":      func(a *Account) { a.Password = "" },
		"no such account":  func(a *Account) { a.JID = jid.MustParse("nobody@localhost") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := account(plainServer, "admin@localhost")
			change(&a)
			_, err := Dial(shortContext(t), a)
			e := requireKind(t, wire.Forbidden, err)
			assert.Contains(t, e.Text, a.JID.String()+" cannot log in at "+a.Server+": wrong password, or no such account (not-authorized")
		})
	}
}

func TestLoginAway(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	unreachable := l.Addr().String()
	require.NoError(t, l.Close())
	for name, test := range map[string]struct {
		change func(*Account)
		text   string // in the error
	}{
		"nobody there":       {func(a *Account) { a.Server = unreachable }, "the XMPP server of localhost cannot be reached: dial tcp " + unreachable + ": connect: connection refused"},
		"another's host":     {func(a *Account) { a.JID = jid.MustParse("admin@elsewhere.example") }, "the server at " + plainServer.ClientAddr() + " does not serve elsewhere.example"},
		"a components' port": {func(a *Account) { a.Server = plainServer.ComponentAddr() }, "the server at " + plainServer.ComponentAddr() + " speaks another protocol (unsupported-version); is that its port for XMPP clients?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := account(plainServer, "admin@localhost")
			test.change(&a)
			_, err := Dial(shortContext(t), a)
			e := requireKind(t, wire.Away, err)
			assert.Contains(t, e.Text, test.text)
		})
	}
}

// TestLoginSilence checks that a login at a silent peer ends with the context.
func TestLoginSilence(t *testing.T) {
	t.Parallel()
	conn, peer := net.Pipe()
	defer peer.Close()
	d := client.Dialer{Dial: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = peer.Read(make([]byte, 1000))
		cancel()
	}()
	_, err := dial(ctx, &d, Account{JID: jid.MustParse("admin@silent.example"), Server: "silent.example"})
	e := requireKind(t, wire.Away, err)
	assert.Equal(t, "no answer in time from silent.example:5222; is that an XMPP server's port for clients?", e.Text)
	<-read
}

// TestLoginEndsBeforeItBegins logs in with a context that has ended.
func TestLoginEndsBeforeItBegins(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	_, err := Dial(ctx, account(plainServer, "admin@localhost"))
	requireKind(t, wire.Away, err)
}
