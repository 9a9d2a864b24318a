package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

// httpCalls returns how often the program has run an API command over HTTP,
// according to the server's log. The program connects from 127.0.0.1, the tests
// from 127.0.0.2.
func (d *deployment) httpCalls(t *testing.T, command string) (n int) {
	t.Helper()
	call := regexp.MustCompile(`(?s)API call ` + command + ` .*?\] from ([0-9.]+):`)
	for _, from := range call.FindAllStringSubmatch(serverLog(t, d.Server), -1) {
		if from[1] == "127.0.0.1" {
			n++
		}
	}
	return n
}

// TestNoWay checks that, without a way to write, the log and the answer name
// the version that has one, and the remedy.
func TestNoWay(t *testing.T) {
	t.Parallel()
	const add = "write api: {url: …} into the configuration here"
	for name, test := range map[string]struct {
		kind           testserver.Kind
		more           string
		log, why, todo string
		everyVerb      string // part of the error of each verb that needs the API
	}{
		"Debian-13":              {testserver.Debian13, "", "subscriptions cannot be written on this host", "since 25.03", add, "since 25.03"},
		"Debian-12":              {testserver.Debian12, "", "rosters cannot be changed on this host", "before 23.10", add, "since 25.03"},
		"nothing listens, 24.12": {testserver.Debian13, "api: {url: 'http://127.0.0.1:1/api'}", "subscriptions cannot be written on this host", "cannot be reached", "http://127.0.0.1:1/api", "cannot be reached"},
		"nothing listens, 23.01": {testserver.Debian12, "api: {url: 'http://127.0.0.1:1/api'}", "rosters cannot be changed on this host", "cannot be reached", "http://127.0.0.1:1/api", "cannot be reached"},
		"no API at that path":    {testserver.Debian13, "api: {url: 'http://API/nowhere'}", "subscriptions cannot be written on this host", "mod_http_api must listen where api: says here", "add_rosteritem", "mod_http_api must listen where api: says here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := test.kind.Run(t, nil)
			registerOn(t, s, "admin@localhost")
			program, err := testserver.StartProgram(t.Context(), binary, s, testserver.Settings{
				Access: access, Until: test.log,
				More: strings.Replace(test.more, "http://API/nowhere", strings.TrimSuffix(s.APIURL(), "/api/v3")+"/nowhere", 1),
			})
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, program.Stop()) })
			assert.Contains(t, program.Log(), test.why)
			assert.Contains(t, program.Log(), test.todo)

			admin := loginTo(t, s, "admin@localhost")
			why := requireFailure(t, admin, "addBuddyToRoster", "userJid", "a@localhost", "buddyJid", "b@localhost", "subscription_type", "both")
			assert.Contains(t, why, test.why)
			assert.Empty(t, storedRoster(t, s, "a@localhost"))

			for verb, pairs := range map[string][]string{
				"isEjabberdNodeStarted": nil,
				"createRoom":            {"roomName", "lobby", "domain", "localhost"},
			} {
				why := requireFailure(t, admin, verb, pairs...)
				assert.Contains(t, why, test.everyVerb, verb)
				assert.NotContains(t, why, "unknown", verb)
			}
		})
	}
}

// TestEachItsWay checks that a component with both routes uses ad-hoc commands,
// and HTTP only for the commands that ad-hoc refuses.
func TestEachItsWay(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, testserver.AdHocAndHTTP, nil)
	admin := d.login(t, "admin@localhost")
	add := func(contact string) {
		requireDone(t, admin, "addBuddyToRoster", "userJid", "a@localhost", "buddyJid", contact, "subscription_type", "both")
	}
	add("b@localhost")
	add("b@example.org")
	assert.Zero(t, d.httpCalls(t, "add_rosteritem"))
	add("b@remote.example")
	assert.Equal(t, 1, d.httpCalls(t, "add_rosteritem"))
	var contacts []string
	for _, e := range d.storedRoster(t, "a@localhost") {
		contacts = append(contacts, fmt.Sprintf("%s %s", e.JID, e.Subscription))
	}
	assert.Equal(t, []string{"b@example.org both", "b@localhost both", "b@remote.example both"}, contacts)
}

// TestLookedAtAgain checks that the component probes the routes again at the
// next grant.
func TestLookedAtAgain(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, testserver.AdHocAndHTTP, func(c map[string]any) {
		delete(c["api_permissions"].(map[string]any), "emanagement")
	})
	ready := func() int { return strings.Count(d.program.Log(), "msg=ready host=") }
	add := func(contact string) {
		admin := d.login(t, "admin@localhost")
		requireDone(t, admin, "addBuddyToRoster", "userJid", "a@localhost", "buddyJid", contact, "subscription_type", "both")
		require.NoError(t, admin.Close())
	}
	add("b@localhost")
	before := d.httpCalls(t, "add_rosteritem")
	assert.NotZero(t, before)

	require.NoError(t, d.Stop(t.Context()))
	require.NoError(t, d.Edit(nil))
	was := ready()
	require.NoError(t, d.Start(t.Context()))
	require.Eventually(t, func() bool { return ready() == was+len(testserver.Hosts()) }, time.Minute, 20*time.Millisecond)
	add("c@localhost")
	assert.Equal(t, before, d.httpCalls(t, "add_rosteritem"), "no longer over HTTP")
	assert.Len(t, d.storedRoster(t, "a@localhost"), 2)
}
