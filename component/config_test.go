package component

import (
	"encoding/xml"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/ping"
	"mellium.im/xmpp/stanza"
)

func TestCheckAddress(t *testing.T) {
	type target struct {
		network, target string
		secure          bool
	}
	for addr, want := range map[string]target{
		"localhost:5347":          {"tcp", "localhost:5347", false},
		"[::1]:5347":              {"tcp", "[::1]:5347", false},
		"tls://example.org:5347":  {"tcp", "example.org:5347", true},
		"unix:/run/ejabberd.sock": {"unix", "/run/ejabberd.sock", false},
		"unix:relative":           {"unix", "relative", false},
	} {
		t.Run(addr, func(t *testing.T) {
			require.NoError(t, CheckAddress(addr))
			network, to, secure, err := splitAddress(addr)
			require.NoError(t, err)
			assert.Equal(t, want, target{network, to, secure})
		})
	}
	for _, addr := range []string{"", "localhost", ":5347", "localhost:", "::1:5347", "tls://localhost", "tls://", "unix:", "http://localhost:5347"} {
		t.Run("not "+addr, func(t *testing.T) {
			require.Error(t, CheckAddress(addr))
			_, err := dial(t.Context(), addr)
			var permanent *permanentError
			require.ErrorAs(t, err, &permanent)
		})
	}
}

func TestNew(t *testing.T) {
	right := func() Config {
		return Config{JID: jid.MustParse("emanagement.localhost"), Address: "localhost:5347", Secret: []byte("s"), Hosts: []string{"localhost"}, Probe: probe}
	}
	for name, test := range map[string]struct {
		change func(*Config)
		want   string // part of the error
	}{
		"right":             {func(*Config) {}, ""},
		"no JID":            {func(c *Config) { c.JID = jid.JID{} }, "jid:"},
		"JID of an account": {func(c *Config) { c.JID = jid.MustParse("a@emanagement.localhost") }, "jid:"},
		"full JID":          {func(c *Config) { c.JID = jid.MustParse("emanagement.localhost/r") }, "jid:"},
		"no address":        {func(c *Config) { c.Address = "" }, "server:"},
		"no secret":         {func(c *Config) { c.Secret = nil }, "secret:"},
		"no hosts":          {func(c *Config) { c.Hosts = nil }, "hosts:"},
		"no probe":          {func(c *Config) { c.Probe = nil }, "probe:"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := right()
			test.change(&cfg)
			c, err := New(cfg)
			if test.want == "" {
				require.NoError(t, err)
				assert.Equal(t, cfg.JID, c.JID())
				assert.Empty(t, c.Served())
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
	t.Run("two handlers", func(t *testing.T) {
		c, err := New(right())
		require.NoError(t, err)
		assert.Panics(t, func() { c.Handle(stanza.GetIQ, xml.Name{Space: ping.NS, Local: "ping"}, nil) })
		assert.NotPanics(t, func() { c.Handle(stanza.SetIQ, xml.Name{Space: ping.NS, Local: "ping"}, nil) })
	})
}
