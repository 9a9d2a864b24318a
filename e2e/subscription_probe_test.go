package e2e_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/rosterpush"
	"emanagement/server/ejabberd"
	"emanagement/server/stanzas"
)

// TestLeftoverOfACheck checks that the subscription probe ignores an item that
// an earlier run left behind.
func TestLeftoverOfACheck(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	for _, h := range testserver.Hosts() {
		storeItems(t, s, "emanagement-check@"+h, storedItem{"emanagement-check-contact@" + h, "", "both", nil})
	}
	program := runProgram(t, s, testserver.Settings{})
	assert.Equal(t, len(testserver.Hosts()), strings.Count(program.Log(), `subscriptions_by="API command add_rosteritem"`), program.Log())
	admin := loginTo(t, s, "admin@localhost")
	for _, h := range testserver.Hosts() {
		assert.Empty(t, storedRoster(t, s, "emanagement-check@"+h), "the probe's item is removed")
		requireDone(t, admin, "addBuddyToRoster", "userJid", "user@"+h, "buddyJid", "contact@"+h, "subscription_type", "both")
		assert.Equal(t, []storedItem{{"contact@" + h, "", "both", []string{}}}, storedRoster(t, s, "user@"+h))
	}
}

// TestForeignContactsAtTheStart sends many requests before the component is
// connected, for items that the server cannot write. Each gets an error, and no
// item is written.
func TestForeignContactsAtTheStart(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	c := testserver.NewComponent(t, s, nil)
	const adds = 40
	waiting := &countingServer{Server: stanzas.New(c, ejabberd.New(c), slog.New(slog.DiscardHandler)), read: make(chan struct{}, 3*adds)}
	rosters := rosterpush.New(waiting)
	bob := jid.MustParse("bob@remote.example")
	user := func(n int) string { return fmt.Sprintf("user%d@localhost", n) }
	var all sync.WaitGroup
	defer all.Wait()
	for n := range adds {
		all.Go(func() {
			_, err := rosters.Put(shortContext(t), jid.MustParse(user(n)), rosterpush.Item{JID: bob, Subscription: rosterpush.Both}, rosterpush.Fields{})
			var foreign *rosterpush.ForeignContactError
			if assert.ErrorAs(t, err, &foreign) {
				assert.Equal(t, rosterpush.ForeignContactError{Contact: bob, Subscription: rosterpush.Both}, *foreign)
			}
		})
	}
	for range adds {
		<-waiting.read
	}
	testserver.RunComponent(t, c)
	all.Wait()
	for n := range adds {
		assert.Empty(t, storedRoster(t, s, user(n)))
	}
}

// countingServer is a real server that tells of each read of a roster. There is a second read
// after a refused write.
type countingServer struct {
	rosterpush.Server
	read chan struct{}
}

func (c *countingServer) Roster(ctx context.Context, user jid.JID, known *rosterpush.Roster) (*rosterpush.Roster, error) {
	c.read <- struct{}{}
	return c.Server.Roster(ctx, user, known)
}
