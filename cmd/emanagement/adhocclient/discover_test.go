package adhocclient

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/verb/wire"
)

// TestComponent checks that the component is found although another service does not
// describe itself.
func TestComponent(t *testing.T) {
	t.Parallel()
	c := login(t, account(plainServer, "reader@localhost"))
	found, err := c.Component(shortContext(t))
	require.NoError(t, err)
	assert.Equal(t, service, found)
	_, err = c.Run(shortContext(t), found, verbByName(t, "listJobs"), nil, false)
	assert.NoError(t, err)
}

func TestComponentNotFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		a    Account
		kind wire.Kind
		text string
	}{
		"none": {account(plainServer, "stranger@example.org"), wire.Away,
			"example.org lists no component emanagement; is it running and connected? if another server lists it, name it by --component JID"},
		"several": {account(tlsServer, "admin@localhost"), wire.Usage,
			"localhost has several components emanagement: emanagement.localhost, rails.localhost; name one by --component JID"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := login(t, test.a).Component(shortContext(t))
			assert.Equal(t, test.text, requireKind(t, test.kind, err).Text)
		})
	}
}

func TestComponentNoAnswer(t *testing.T) {
	t.Parallel()
	c := login(t, account(plainServer, "reader@localhost"))
	c.domain = jid.MustParse("nobody.localhost")
	_, err := c.Component(shortContext(t))
	assert.Contains(t, requireKind(t, wire.Away, err).Text, "nobody.localhost does not list its services: ")
}
