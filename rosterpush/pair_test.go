package rosterpush_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/memory"
	"emanagement/rosterpush"
)

// TestPairRefusals: a pair of a user with itself and the like are refused before
// anything is sent.
func TestPairRefusals(t *testing.T) {
	half := func(user jid.JID, name string) rosterpush.Half {
		return rosterpush.Half{User: user, Name: name, Fields: rosterpush.Fields{JID: "jid of " + user.String(), Name: "name"}}
	}
	phone, err := alice.WithResource("phone")
	require.NoError(t, err)
	for name, test := range map[string]struct {
		a, b  rosterpush.Half
		field string
	}{
		"with oneself":                   {half(alice, ""), half(phone, ""), "jid of alice@localhost/phone"},
		"an illegal name":                {half(alice, "\x00"), half(bob, ""), "name"},
		"an illegal name, the other one": {half(alice, ""), half(bob, "\x00"), "name"},
	} {
		t.Run(name, func(t *testing.T) {
			server := memory.New()
			server.ReadError = errors.New("nothing may be asked")
			_, err := rosterpush.New(server).SetPair(t.Context(), test.a, test.b)
			var invalid *rosterpush.InvalidError
			require.ErrorAs(t, err, &invalid)
			assert.Equal(t, test.field, invalid.Field)
		})
	}
}

// oneWrite lets one write of a user's roster succeed.
type oneWrite struct {
	*memory.Server
	user  jid.JID
	mu    sync.Mutex
	wrote bool
	cause error
}

func (o *oneWrite) may(user jid.JID) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	may := user.Equal(o.user) && !o.wrote
	o.wrote = o.wrote || may
	return may
}

func (o *oneWrite) Put(ctx context.Context, user jid.JID, item rosterpush.Item, was *rosterpush.Item) error {
	if !o.may(user) {
		return o.cause
	}
	return o.Server.Put(ctx, user, item, was)
}

// TestChangeErrorSaysWhatStands: every write but one fails, so that the change can be neither
// completed nor undone.
func TestChangeErrorSaysWhatStands(t *testing.T) {
	cause := errors.New("made to fail")
	server := &oneWrite{Server: memory.New(), user: alice, cause: cause}
	server.Store("bob@localhost", rosterpush.Item{JID: alice, Subscription: rosterpush.From})
	_, err := rosterpush.New(server).SetPair(t.Context(), rosterpush.Half{User: alice}, rosterpush.Half{User: bob})
	var failure *rosterpush.ChangeError
	require.ErrorAs(t, err, &failure)
	assert.ErrorIs(t, err, cause)
	assert.False(t, failure.Sides[0].Restored)
	assert.True(t, failure.Sides[1].Restored)
	assert.Equal(t, "made to fail (alice@localhost: unknown (made to fail); bob@localhost: as before)", err.Error())
}
