package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/component"
	"emanagement/internal/testserver"
)

// module returns an edit of one module's options.
func module(name string, options map[string]any) func(map[string]any) {
	return func(config map[string]any) { config["modules"].(map[string]any)[name] = options }
}

func withoutModule(name string) func(map[string]any) {
	return func(config map[string]any) { delete(config["modules"].(map[string]any), name) }
}

// TestDefaultVersions: whatever version of its commands an ejabberd is told to
// offer, every verb that uses one works.
func TestDefaultVersions(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]any{"0": 0, "1": 1, "2": 2, "23.01": "23.01"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, testserver.AdHoc, module("mod_adhoc_api", map[string]any{"default_version": version}))
			admin := p.login(t, "admin@localhost")
			for _, groups := range [][]string{nil, {"one"}, {"semi;colon"}, {"a;b", "c"}, {"1", "2", "3"}} {
				pairs := []string{"userJid", "u@localhost", "buddyJid", "b@localhost", "buddyNick", "B", "subscription_type", "both"}
				for _, g := range groups {
					pairs = append(pairs, "buddyGroup", g)
				}
				done(t, admin, "addBuddyToRoster", pairs...)
				assert.Equal(t, []entry{{"b@localhost", "B", "both", append([]string{}, groups...)}}, p.stored(t, "u@localhost"))
				done(t, admin, "removeRoster", "userJid", "u@localhost")
			}
			done(t, admin, "createPersistentRoom", "roomName", "lobby", "domain", "localhost")
			done(t, admin, "setJidAffiliationOfRoom", "roomName", "lobby", "domain", "localhost", "jid", "u@localhost", "affiliation", "member")
			assert.Equal(t, []string{"u@localhost\tmember"}, run(t, admin, "getAffiliationsOfRoom", "roomName", "lobby", "domain", "localhost").lines)
			assert.Equal(t, "1 room", run(t, admin, "printAllRoomsByDomain", "domain", "localhost").text)
			done(t, admin, "destroyRoom", "roomName", "lobby", "domain", "localhost")
			done(t, admin, "sendPresence", "userJid", "admin@localhost", "show", "away", "priority", "5")
		})
	}
}

// TestWhatIsMissing: what an ejabberd.yml lacks is named, and nothing else.
func TestWhatIsMissing(t *testing.T) {
	t.Parallel()
	const buddy, set = "subscription_type", "mod_privilege must say"
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
		"mod_roster": {module("mod_roster", map[string]any{"access": "none"}), "mod_roster: {access: …}", "rosters cannot be changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlaceUntil(t, test.edit, test.until)
			why := failed(t, p.login(t, "admin@localhost"), "addBuddyToRoster", "userJid", "u@localhost", "buddyJid", "b@localhost", buddy, "both")
			assert.Contains(t, why, test.says)
			assert.NotContains(t, why, set)
			assert.Contains(t, p.program.Log(), test.says)
		})
	}
}

// TestStockFiles: the documented texts, merged into the ejabberd.yml that Debian
// ships, make a server that comes up and serves, and take no port that is taken
// there.
func TestStockFiles(t *testing.T) {
	t.Parallel()
	for kind, text := range map[testserver.Kind]string{
		testserver.AdHoc: testserver.Config, testserver.Debian13: testserver.ConfigHTTP, testserver.Debian12: testserver.ConfigHTTP,
	} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			stock, err := kind.Stock()
			require.NoError(t, err)
			var ours map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(text), &ours))
			taken := make(map[any]bool)
			for _, l := range stock["listen"].([]any) {
				taken[l.(map[string]any)["port"]] = true
			}
			assert.NotEmpty(t, taken)
			for _, l := range ours["listen"].([]any) {
				assert.False(t, taken[l.(map[string]any)["port"]], l)
			}
			p := &place{kind: kind, stock: true}
			t.Cleanup(func() { assert.NoError(t, p.close()) })
			require.NoError(t, p.serve(t.Context()))
			require.NoError(t, p.begin(t.Context()))
			done(t, p.login(t, "admin@localhost"), "setBidireccionalBuddys", "userAJid", "a@localhost", "userBJid", "b@localhost")
			assert.Equal(t, []entry{{"b@localhost", "", "both", []string{}}}, p.stored(t, "a@localhost"))
		})
	}
}

// TestTwoComponents: another component at the same listener neither gets what is
// ours nor takes it with it when it goes.
func TestTwoComponents(t *testing.T) {
	t.Parallel()
	for _, kind := range []testserver.Kind{testserver.AdHoc, testserver.Debian13, testserver.Debian12} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			const second = "second.localhost"
			p := newPlace(t, kind, func(config map[string]any) {
				for _, l := range config["listen"].([]any) {
					listener := l.(map[string]any)
					if hosts, ok := listener["hosts"].(map[string]any); ok && listener["global_routes"] != nil {
						hosts[second] = map[string]any{"password": "other"}
					}
				}
			})
			admin := p.login(t, "admin@localhost")
			for range 2 {
				ctx, stop := context.WithCancel(t.Context())
				c, err := component.New(component.Config{JID: jid.MustParse(second), Address: p.ComponentAddr(), Secret: []byte("other")})
				require.NoError(t, err)
				ended := make(chan error, 1)
				go func() { ended <- c.Run(ctx) }()
				require.NoError(t, c.Connected(patience(t)))
				for range 20 {
					run(t, admin, "checkUserJid", "userJid", "a@localhost")
				}
				assert.Empty(t, c.Served())
				stop()
				require.NoError(t, <-ended)
				for range 20 {
					run(t, admin, "checkUserJid", "userJid", "a@localhost")
				}
			}
			assert.NotContains(t, p.program.Log(), "stream ended")
		})
	}
}

// TestStockDiffs: what docs/ shows as changes of Debian's files makes of each the
// file that the documented text does.
func TestStockDiffs(t *testing.T) {
	for diff, test := range map[string]struct {
		kind testserver.Kind
		text string
	}{
		"debian-12.diff":        {testserver.Debian12, testserver.ConfigHTTP},
		"debian-13.diff":        {testserver.Debian13, testserver.ConfigHTTP},
		"debian-backports.diff": {testserver.AdHoc, testserver.Config},
	} {
		t.Run(diff, func(t *testing.T) {
			path, err := filepath.Abs(filepath.Join("docs", diff))
			require.NoError(t, err)
			stock, err := test.kind.StockText()
			require.NoError(t, err)
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "ejabberd.yml"), stock, 0o600))
			apply := exec.CommandContext(t.Context(), "git", "apply", path)
			apply.Dir = dir
			out, err := apply.CombinedOutput()
			require.NoErrorf(t, err, "%s", out)
			changed, err := os.ReadFile(filepath.Join(dir, "ejabberd.yml"))
			require.NoError(t, err)
			var got map[string]any
			require.NoError(t, yaml.Unmarshal(changed, &got))
			want, err := test.kind.Stock()
			require.NoError(t, err)
			require.NoError(t, testserver.Merge(want, test.text))
			assert.Equal(t, want, got)
		})
	}
}
