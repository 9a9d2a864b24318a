package adhocclient

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/verb/wire"
)

// TestComponent: it is found beside a service that does not say what it is.
func TestComponent(t *testing.T) {
	t.Parallel()
	c := login(t, account(open, "reader@localhost"))
	found, err := c.Component(soon(t))
	require.NoError(t, err)
	assert.Equal(t, service, found)
	_, err = c.Run(soon(t), found, named(t, "listJobs"), nil, false)
	assert.NoError(t, err)
}

func TestComponentNotFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		a    Account
		kind wire.Kind
		text string
	}{
		"none": {account(open, "stranger@example.org"), wire.Away,
			"example.org lists no component emanagement: is it running, and connected? --component JID names one that is listed elsewhere"},
		"several": {account(closed, "admin@localhost"), wire.Usage,
			"localhost has several components emanagement: emanagement.localhost, rails.localhost; --component JID says which"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := login(t, test.a).Component(soon(t))
			assert.Equal(t, test.text, refusedAs(t, test.kind, err).Text)
		})
	}
}

func TestComponentNoAnswer(t *testing.T) {
	t.Parallel()
	c := login(t, account(open, "reader@localhost"))
	c.domain = jid.MustParse("nobody.localhost")
	_, err := c.Component(soon(t))
	assert.Contains(t, refusedAs(t, wire.Away, err).Text, "nobody.localhost does not say which services it has: ")
}
