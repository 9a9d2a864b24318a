// Package emanagement_test tests the handshake of a component with a real server
// (XEP-0114 §3). The other tests with real servers are in e2e.
package emanagement_test

import (
	"context"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/component"
	"emanagement/internal/testserver"
)

func TestHandshake(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	for name, address := range map[string]string{"tcp": s.ComponentAddr(), "unix": socketTo(t, s.ComponentAddr())} {
		t.Run(name, func(t *testing.T) {
			c := testserver.NewComponent(t, s, func(c *component.Config) { c.Address = address })
			testserver.RunComponent(t, c)
			for _, h := range testserver.Hosts() {
				require.NoError(t, c.Ready(shortContext(t), h))
			}
			assert.Equal(t, testserver.Hosts(), c.Served())
		})
	}
	refused := map[string]struct {
		change func(*component.Config)
		want   error
	}{
		"wrong secret":        {func(c *component.Config) { c.Secret = []byte("wrong") }, component.ErrNotAuthorized},
		"unknown domain":      {func(c *component.Config) { c.JID = jid.MustParse("unknown.localhost") }, component.ErrNotAuthorized},
		"unknown certificate": {func(c *component.Config) { c.Address = s.TLSAddr() }, x509.UnknownAuthorityError{}},
		"a host's name":       {func(c *component.Config) { c.JID = jid.MustParse("localhost") }, component.ErrConflict},
	}
	for name, test := range refused {
		t.Run(name, func(t *testing.T) {
			err := testserver.NewComponent(t, s, test.change).Run(shortContext(t))
			if _, ok := test.want.(x509.UnknownAuthorityError); ok {
				assert.ErrorAs(t, err, new(x509.UnknownAuthorityError))
				return
			}
			assert.ErrorIs(t, err, test.want)
		})
	}
}

// socketTo returns the address of a Unix socket that forwards to the server's port.
// The server could listen on a Unix socket itself, but ejabberd 26.07 crashes at
// about every tenth start with one.
func socketTo(t *testing.T, address string) string {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	var served sync.WaitGroup
	t.Cleanup(served.Wait)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	served.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", address)
			if !assert.NoError(t, err) {
				return
			}
			for _, direction := range [][2]net.Conn{{near, far}, {far, near}} {
				served.Go(func() {
					io.Copy(direction[0], direction[1])
					direction[0].Close()
				})
			}
		}
	})
	return "unix:" + path
}

func TestConfiguredHosts(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	c := testserver.NewComponent(t, s, func(c *component.Config) { c.Hosts = []string{"localhost"} })
	testserver.RunComponent(t, c)
	require.NoError(t, c.Ready(shortContext(t), "localhost"))
	var refusal *component.NotGrantedError
	require.ErrorAs(t, c.Ready(shortContext(t), "example.org"), &refusal)
	assert.Equal(t, "example.org: not a host served here (served: localhost)", refusal.Error())
}

func TestServerNotUpYet(t *testing.T) {
	t.Parallel()
	for range 3 {
		s, err := testserver.New(nil)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, s.Close()) })
		address := s.ComponentAddr()
		c := testserver.NewComponent(t, s, func(c *component.Config) { c.Log = slog.New(slog.NewTextHandler(t.Output(), nil)) })
		testserver.RunComponent(t, c)
		require.NoError(t, s.Start(t.Context()))
		if s.ComponentAddr() == address {
			assert.NoError(t, c.Ready(shortContext(t), "localhost"))
			return
		}
		// Another program has taken one of the ports meanwhile.
	}
	t.Error("the server has found other ports each time")
}

// shortContext returns a context that ends after a minute or with the test.
func shortContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
