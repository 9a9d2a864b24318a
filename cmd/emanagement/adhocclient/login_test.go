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

// remoteConn is a connection to this machine that looks like one to another.
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

func (c *remoteConn) said() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent.String()
}

// far dials as if all addresses were of otherService machines, which it remembers.
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

func (f *remoteDialer) said() string {
	var said strings.Builder
	for _, c := range f.conns {
		said.WriteString(c.said())
	}
	return said.String()
}

// works checks that a client is there for its server, and closes it.
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
		"without TLS":                         account(plainServer, "admin@localhost"),
		"a resource":                          account(plainServer, "admin@localhost/here"),
		"with TLS, where the server wants it": account(tlsServer, "admin@example.org"), // not the certificate's
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

// TestLoginSendsNoPresence: nobody sees it, and it gets no messages.
func TestLoginSendsNoPresence(t *testing.T) {
	t.Parallel()
	c := login(t, account(plainServer, "admin@localhost/unseen"))
	_, err := c.Run(shortContext(t), service, verbByName(t, "checkUserJid"), values("userJid", "nobody@localhost"), false)
	require.NoError(t, err)
	var sessions []struct{ Resource, Status string }
	require.NoError(t, plainServer.API(t.Context(), "user_sessions_info", map[string]string{"user": "admin", "host": "localhost"}, &sessions))
	assert.Contains(t, sessions, struct{ Resource, Status string }{"unseen", "unavailable"})
}

func TestLoginFromAfar(t *testing.T) {
	t.Parallel()
	f := newRemoteDialer(authority)
	c, err := dial(shortContext(t), &f.Dialer, account(tlsServer, "admin@localhost"))
	requireWorking(t, c, err)
	assert.Contains(t, f.said(), "<starttls")
	assert.NotContains(t, f.said(), "<auth")
	assert.Eventually(t, func() bool {
		return strings.Contains(tlsServer.Log(), "SCRAM-SHA-256-PLUS authentication for admin@localhost")
	}, time.Minute, 10*time.Millisecond)
}

// TestLoginByPassword: where a server takes nothing better, the password goes
// to it, but only where a certificate tells whose it is.
func TestLoginByPassword(t *testing.T) {
	t.Parallel()
	a := account(tlsServer, "admin@"+plainHost)
	c, err := dial(shortContext(t), &newRemoteDialer(authority).Dialer, a)
	requireWorking(t, c, err)

	_, err = Dial(shortContext(t), a)
	e := requireKind(t, wire.Away, err)
	assert.Contains(t, e.Text, "no way to log in that is safe here (the server offers: PLAIN)")
}

// TestLoginDirectTLS: DNS says where, and TLS is there from the first byte. The
// address that is named first cannot be reached.
func TestLoginDirectTLS(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := l.Addr().String()
	require.NoError(t, l.Close())

	f := newRemoteDialer(authority)
	f.LookUp = func(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
		assert.Equal(t, "tcp", proto)
		assert.Equal(t, "localhost", name)
		if service == "xmpps-client" {
			return "", []*net.SRV{record(t, tlsProxy(t, plainServer.ClientAddr(), authority), 2)}, nil
		}
		return "", []*net.SRV{record(t, nobody, 1), record(t, plainServer.ClientAddr(), 3)}, nil
	}
	c, err := dial(shortContext(t), &f.Dialer, Account{JID: jid.MustParse("admin@localhost"), Password: "pw"})
	requireWorking(t, c, err)
	assert.Len(t, f.conns, 1)
	assert.NotContains(t, f.said(), "<stream")
}

func record(t *testing.T, addr string, priority uint16) *net.SRV {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	n, err := strconv.ParseUint(port, 10, 16)
	require.NoError(t, err)
	return &net.SRV{Target: host + ".", Port: uint16(n), Priority: priority}
}

// TestLoginNotTrusted: nothing that depends on a password leaves this machine.
func TestLoginNotTrusted(t *testing.T) {
	t.Parallel()
	strangers, err := certificate("localhost")
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
		who         string
		authorities []byte
		change      func(*testing.T, Account, *remoteDialer) Account
		why         string
	}{
		"no STARTTLS":                {s: plainServer, who: "admin@localhost", authorities: authority, why: "offers no encryption (STARTTLS); no password was sent"},
		"unknown authority":          {s: tlsServer, who: "admin@localhost", authorities: strangers, why: "does not prove whose it is: tls: failed to verify certificate: x509: certificate signed by unknown authority"},
		"another's name":             {s: tlsServer, who: "admin@example.org", authorities: authority, why: "x509: certificate is valid for localhost, plain.example, not example.org; no password was sent"},
		"another's name, direct TLS": {s: plainServer, who: "stranger@example.org", authorities: authority, change: direct, why: "x509: certificate is valid for localhost, plain.example, not example.org"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, a := newRemoteDialer(test.authorities), account(test.s, test.who)
			if test.change != nil {
				a = test.change(t, a, f)
			}
			_, err := dial(shortContext(t), &f.Dialer, a)
			e := requireKind(t, wire.Away, err)
			assert.Contains(t, e.Text, test.why)
			assert.NotContains(t, f.said(), "<auth")
			assert.NotEmpty(t, f.said())
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
	nobody := l.Addr().String()
	require.NoError(t, l.Close())
	for name, test := range map[string]struct {
		change func(*Account)
		why    string
	}{
		"nobody there":       {func(a *Account) { a.Server = nobody }, "the XMPP server of localhost cannot be reached: dial tcp " + nobody + ": connect: connection refused"},
		"another's host":     {func(a *Account) { a.JID = jid.MustParse("admin@elsewhere.example") }, "the server at " + plainServer.ClientAddr() + " is not that of elsewhere.example"},
		"a components' port": {func(a *Account) { a.Server = plainServer.ComponentAddr() }, "the server at " + plainServer.ComponentAddr() + " speaks something else (unsupported-version); is that its port for XMPP clients?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := account(plainServer, "admin@localhost")
			test.change(&a)
			_, err := Dial(shortContext(t), a)
			e := requireKind(t, wire.Away, err)
			assert.Contains(t, e.Text, test.why)
		})
	}
}

// TestLoginSilence: a peer that says nothing does not outlast the context.
func TestLoginSilence(t *testing.T) {
	t.Parallel()
	near, peer := net.Pipe()
	defer peer.Close()
	d := client.Dialer{Dial: func(context.Context, string, string) (net.Conn, error) { return near, nil }}
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

// TestLoginEndsBeforeItBegins: a context that has ended is not dialled with.
func TestLoginEndsBeforeItBegins(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	_, err := Dial(ctx, account(plainServer, "admin@localhost"))
	requireKind(t, wire.Away, err)
}
