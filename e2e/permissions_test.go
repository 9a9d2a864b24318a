package e2e_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/front/adhoc"
	"emanagement/internal/testserver"
	"emanagement/rosterpush"
	"emanagement/server/ejabberd"
	"emanagement/server/stanzas"
	"emanagement/verb"
	"emanagement/verb/jobs"
)

// TestLeftoverOfACheck: what an earlier run left of its look at how a host
// takes subscriptions is not taken for what this one has written.
func TestLeftoverOfACheck(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	for _, h := range testserver.Hosts() {
		put(t, s, "emanagement-check@"+h, entry{"emanagement-check-contact@" + h, "", "both", nil})
	}
	program := runProgram(t, s, testserver.Settings{})
	assert.Equal(t, len(testserver.Hosts()), strings.Count(program.Log(), `subscriptions_by="API command add_rosteritem"`), program.Log())
	admin := loginTo(t, s, "admin@localhost")
	for _, h := range testserver.Hosts() {
		assert.Empty(t, stored(t, s, "emanagement-check@"+h), "it is taken out")
		done(t, admin, "addBuddyToRoster", "userJid", "user@"+h, "buddyJid", "contact@"+h, "subscription_type", "both")
		assert.Equal(t, []entry{{"contact@" + h, "", "both", []string{}}}, stored(t, s, "user@"+h))
	}
}

// TestForeignContactsAtTheStart has many ask, before there is a stream, for
// what the server cannot do. Each is told so, and nothing is left of it.
func TestForeignContactsAtTheStart(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	c := testserver.NewComponent(t, s, nil)
	const adds = 40
	asking := &counted{Server: stanzas.New(c, ejabberd.New(c), slog.New(slog.DiscardHandler))}
	asking.expected.Add(adds)
	rosters := rosterpush.New(asking)
	bob := jid.MustParse("bob@remote.example")
	user := func(n int) string { return fmt.Sprintf("user%d@localhost", n) }
	var all sync.WaitGroup
	defer all.Wait()
	for n := range adds {
		all.Go(func() {
			_, err := rosters.Put(patience(t), jid.MustParse(user(n)), rosterpush.Item{JID: bob, Subscription: rosterpush.Both}, rosterpush.Fields{})
			var foreign *rosterpush.ForeignContactError
			if assert.ErrorAs(t, err, &foreign) {
				assert.Equal(t, rosterpush.ForeignContactError{Contact: bob, Subscription: rosterpush.Both}, *foreign)
			}
		})
	}
	asking.expected.Wait()
	testserver.RunComponent(t, c)
	all.Wait()
	for n := range adds {
		assert.Empty(t, stored(t, s, user(n)))
	}
}

// counted is a real server that expects a number of readers.
type counted struct {
	rosterpush.Server
	expected sync.WaitGroup
}

func (c *counted) Roster(ctx context.Context, user jid.JID) ([]rosterpush.Item, error) {
	c.expected.Done()
	return c.Server.Roster(ctx, user)
}

// TestReadingAloneIsPermitted: where the server lets rosters only be looked
// at, who asks for a change is told what to add to its configuration.
func TestReadingAloneIsPermitted(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, func(config map[string]any) {
		config["modules"].(map[string]any)["mod_privilege"] = map[string]any{"roster": map[string]any{"get": "emanagement"}}
	})
	log := slog.New(slog.DiscardHandler)
	c := testserver.NewComponent(t, s, nil)
	rosters := rosterpush.New(stanzas.New(c, ejabberd.New(c), log))
	adhoc.Register(c, verb.New(verb.Services{Rosters: rosters, Jobs: jobs.New(t.Context())}, []verb.Grant{{JID: jid.MustParse("admin@localhost"), Role: verb.Admin}}, log, log))
	testserver.RunComponent(t, c)
	require.NoError(t, c.Ready(patience(t), "localhost"))
	registerOn(t, s, "admin@localhost")
	admin := loginTo(t, s, "admin@localhost")

	const a, b = "a@localhost", "b@localhost"
	put(t, s, a, entry{b, "B", "both", nil})
	put(t, s, b, entry{a, "A", "both", nil})
	assert.Equal(t, []string{b + "\tB\tboth\tnone\t"}, run(t, admin, "getRoster", "userJid", a).lines)
	for name, test := range map[string][]string{
		"a new contact":          {"addBuddyToRoster", "userJid", a, "buddyJid", "c@localhost", "subscription_type", "both"},
		"one without a presence": {"addBuddyToRoster", "userJid", a, "buddyJid", "c@localhost", "subscription_type", "none"},
		"another name":           {"addBuddyToRoster", "userJid", a, "buddyJid", b, "buddyNick", "C", "subscription_type", "both"},
		"another subscription":   {"addBuddyToRoster", "userJid", a, "buddyJid", b, "buddyNick", "B", "subscription_type", "to"},
		"a removal":              {"removeBuddyFromRoster", "userJid", a, "buddyJid", b},
		"all of them":            {"removeRoster", "userJid", a},
		"a pair":                 {"setBidireccionalBuddys", "userAJid", a, "userBJid", "c@localhost"},
		"no pair":                {"unsetBidireccionalBuddys", "userJid", a, "oldFriendJid", b},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := admin.Run(patience(t), service, test[0], args(test[1:]...))
			refusal := condition(t, err)
			assert.Contains(t, refusal.Text[""], "localhost: the server does not permit it: in ejabberd.yml, mod_privilege must say roster: {both: emanagement}")
			assert.Equal(t, []entry{{b, "B", "both", []string{}}}, stored(t, s, a))
			assert.Equal(t, []entry{{a, "A", "both", []string{}}}, stored(t, s, b))
			assert.Empty(t, stored(t, s, "c@localhost"))
		})
	}
}
