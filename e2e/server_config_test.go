package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"emanagement/internal/testserver"
)

// withModule returns an edit of the server's configuration that sets the
// options of one module.
func withModule(name string, options map[string]any) func(map[string]any) {
	return func(config map[string]any) { config["modules"].(map[string]any)[name] = options }
}

// withoutModule returns an edit that removes a module.
func withoutModule(name string) func(map[string]any) {
	return func(config map[string]any) { delete(config["modules"].(map[string]any), name) }
}

// TestDefaultVersions checks every verb that uses API commands, for each
// default version of the API that an ejabberd may be configured to offer.
func TestDefaultVersions(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]any{"0": 0, "1": 1, "2": 2, "23.01": "23.01"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t, testserver.AdHoc, withModule("mod_adhoc_api", map[string]any{"default_version": version}))
			admin := d.login(t, "admin@localhost")
			for _, groups := range [][]string{nil, {"one"}, {"semi;colon"}, {"a;b", "c"}, {"1", "2", "3"}} {
				pairs := []string{"userJid", "u@localhost", "buddyJid", "b@localhost", "buddyNick", "B", "subscription_type", "both"}
				for _, g := range groups {
					pairs = append(pairs, "buddyGroup", g)
				}
				requireDone(t, admin, "addBuddyToRoster", pairs...)
				assert.Equal(t, []storedItem{{"b@localhost", "B", "both", append([]string{}, groups...)}}, d.storedRoster(t, "u@localhost"))
				requireDone(t, admin, "removeRoster", "userJid", "u@localhost")
			}
			requireDone(t, admin, "createPersistentRoom", "roomName", "lobby", "domain", "localhost")
			requireDone(t, admin, "setJidAffiliationOfRoom", "roomName", "lobby", "domain", "localhost", "jid", "u@localhost", "affiliation", "member")
			assert.Equal(t, []string{"u@localhost\tmember"}, runVerb(t, admin, "getAffiliationsOfRoom", "roomName", "lobby", "domain", "localhost").lines)
			assert.Equal(t, "1 room", runVerb(t, admin, "printAllRoomsByDomain", "domain", "localhost").text)
			requireDone(t, admin, "destroyRoom", "roomName", "lobby", "domain", "localhost")
			requireDone(t, admin, "sendPresence", "userJid", "admin@localhost", "show", "away", "priority", "5")
		})
	}
}

// TestWhatIsMissing checks that the log and the error name the missing part of
// an ejabberd.yml, and nothing else.
func TestWhatIsMissing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edit  func(map[string]any)
		says  string
		until string
	}{
		"mod_adhoc_api":   {withoutModule("mod_adhoc_api"), "mod_adhoc_api must be loaded", "subscriptions cannot be written"},
		"mod_admin_extra": {withoutModule("mod_admin_extra"), "mod_admin_extra must be loaded", "subscriptions cannot be written"},
		"api_permissions": {func(c map[string]any) { delete(c["api_permissions"].(map[string]any), "emanagement") }, "api_permissions must let this component run add_rosteritem", "subscriptions cannot be written"},
		"configure": {func(c map[string]any) {
			c["access_rules"].(map[string]any)["configure"] = map[string]any{"allow": "admin"}
		}, "the access rule configure must allow this component", "subscriptions cannot be written"},
		"mod_roster": {withModule("mod_roster", map[string]any{"access": "none"}), "mod_roster: {access: …}", "rosters cannot be changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newIncompleteDeployment(t, test.edit, test.until)
			why := requireFailure(t, d.login(t, "admin@localhost"), "addBuddyToRoster", "userJid", "u@localhost", "buddyJid", "b@localhost", "subscription_type", "both")
			assert.Contains(t, why, test.says)
			assert.NotContains(t, why, "mod_privilege must say")
			assert.Contains(t, d.program.Log(), test.says)
		})
	}
}
