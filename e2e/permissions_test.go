package e2e_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/fault"
	"emanagement/front/adhoc"
	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
	"emanagement/message"
	"emanagement/presence"
	"emanagement/rosterpush"
	"emanagement/server/ejabberd"
	"emanagement/server/stanzas"
	"emanagement/verb"
	"emanagement/verb/jobs"
)

// newServices returns the presences and messages that a component of the test's own can
// reach.
func newServices(t *testing.T, s *testserver.Server) (*presence.Presences, *message.Messages) {
	c := testserver.NewComponent(t, s, nil)
	log := slog.New(slog.DiscardHandler)
	api := ejabberd.New(c)
	server := stanzas.New(c, api, log)
	testserver.RunComponent(t, c)
	require.NoError(t, c.Ready(shortContext(t), "localhost"))
	sessions := struct {
		ejabberd.SessionServer
		*stanzas.Server
	}{api.SessionServer(), server}
	return presence.New(sessions), message.New(server)
}

// TestWithoutPermission uses a server that grants access to rosters only. The
// errors name the missing permission. In the end the server stops.
func TestWithoutPermission(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, func(c map[string]any) {
		delete(c["modules"].(map[string]any)["mod_privilege"].(map[string]any), "message")
		c["api_permissions"].(map[string]any)["emanagement"].(map[string]any)["what"] = []any{"add_rosteritem"}
	})
	require.NoError(t, s.Register(t.Context(), "user", "localhost", "pw"))
	client := loginTo(t, s, "user@localhost/r")
	p, messages := newServices(t, s)
	ctx, user := shortContext(t), client.JID()
	command := func(name string) string {
		return ": the server does not permit it: in ejabberd.yml, api_permissions must let this component run " + name + " (the server says: " + name + ": error 403: "
	}
	for want, do := range map[string]func() error{
		command("user_resources"):        func() error { return p.Kick(ctx, user, "") },
		command("connected_users_vhost"): func() error { _, err := p.Connected(ctx, "localhost"); return err },
		command("status"):                func() error { _, err := p.Started(ctx); return err },
		"localhost: the server does not permit it: in ejabberd.yml, mod_privilege needs message: {outgoing: emanagement}, where the acl emanagement names this component (the server says: forbidden)": func() error {
			return messages.Send(ctx, user, user, "hi")
		},
	} {
		var missing *fault.NotPermittedError
		err := do()
		require.ErrorAs(t, err, &missing, want)
		assert.Contains(t, err.Error(), want)
	}
	assertNoStanza(t, client, "message", "")

	require.NoError(t, s.Stop(ctx))
	started, err := p.Started(ctx)
	require.NoError(t, err)
	assert.False(t, started)
}

// TestMendedPrivilege checks that the error names the missing option of
// mod_privilege, and that a reloaded configuration takes effect without a
// restart of the component.
func TestMendedPrivilege(t *testing.T) {
	t.Parallel()
	d := newIncompleteDeployment(t, withModule("mod_privilege", map[string]any{"roster": map[string]any{"get": "emanagement"}}), "rosters of this host cannot be managed")
	admin := d.login(t, "admin@localhost")
	values := formValues("userJid", "a@localhost", "buddyJid", "b@localhost", "subscription_type", "both")
	_, err := admin.Run(shortContext(t), service, "addBuddyToRoster", values)
	assert.ErrorContains(t, err, "mod_privilege must say roster: {both: emanagement}")
	require.NoError(t, d.Edit(nil))
	_, err = d.Ctl(t.Context(), "reload_config")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		r, err := admin.Run(shortContext(t), service, "addBuddyToRoster", values)
		return err == nil && r.Title == "Done"
	}, 2*time.Minute, time.Second, d.program.Log())
}

// refusalOf runs a verb that must be refused. A server that forbids something makes the
// component begin a new stream while nothing is under way. A request in between comes back from
// the server, and is made again on the new stream.
func refusalOf(t *testing.T, c *component.Component, admin *xmppclient.Client, line []string) stanza.Error {
	t.Helper()
	ctx := shortContext(t)
	for {
		_, err := admin.Run(ctx, service, line[0], formValues(line[1:]...))
		refusal := requireStanzaError(t, err)
		if refusal.Condition != stanza.RemoteServerNotFound {
			return refusal
		}
		require.NoError(t, c.Connected(ctx))
	}
}

// TestReadingAloneIsPermitted uses a server that permits only reading rosters.
// The error of a change names the option that the server's configuration lacks.
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
	require.NoError(t, c.Ready(shortContext(t), "localhost"))
	registerOn(t, s, "admin@localhost")
	admin := loginTo(t, s, "admin@localhost")

	const a, b = "a@localhost", "b@localhost"
	storeItems(t, s, a, storedItem{b, "B", "both", nil})
	storeItems(t, s, b, storedItem{a, "A", "both", nil})
	assert.Equal(t, []string{b + "\tB\tboth\tnone\t"}, runVerb(t, admin, "getRoster", "userJid", a).lines)
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
			refusal := refusalOf(t, c, admin, test)
			assert.Contains(t, refusal.Text[""], "localhost: the server does not permit it: in ejabberd.yml, mod_privilege must say roster: {both: emanagement}")
			assert.Equal(t, []storedItem{{b, "B", "both", []string{}}}, storedRoster(t, s, a))
			assert.Equal(t, []storedItem{{a, "A", "both", []string{}}}, storedRoster(t, s, b))
			assert.Empty(t, storedRoster(t, s, "c@localhost"))
		})
	}
}
