package e2e_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// sessionInfo is a session as the server's own API command returns it.
type sessionInfo struct {
	Priority   int    `json:"priority"`
	Status     string `json:"status"` // the show of its presence
	Resource   string `json:"resource"`
	StatusText string `json:"statustext"`
}

// sessionsOf returns a user's sessions according to the server, sorted by
// resource.
func sessionsOf(t testing.TB, s *testserver.Server, user string) []sessionInfo {
	t.Helper()
	j := jid.MustParse(user)
	var infos []sessionInfo
	require.NoError(t, s.API(t.Context(), "user_sessions_info", map[string]string{"user": j.Localpart(), "host": j.Domainpart()}, &infos))
	slices.SortFunc(infos, func(a, b sessionInfo) int { return strings.Compare(a.Resource, b.Resource) })
	return infos
}

func TestKickUserJid(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		user := uniqueJIDs(t, "localhost", "user")[0]
		registerOn(t, d.Server, user)
		ended := func(c *xmppclient.Client) {
			_, err := c.Next(shortContext(t), func(xmppclient.Element) bool { return false })
			require.ErrorIs(t, err, xmppclient.ErrClosed)
		}
		a, b, c := d.login(t, user+"/a"), d.login(t, user+"/b"), d.login(t, user+"/c")
		requireDone(t, admin, "kickUserJid", "userJid", user+"/b")
		ended(b)
		_, err := a.Roster(shortContext(t))
		require.NoError(t, err)
		requireDone(t, admin, "kickUserJid", "userJid", user)
		ended(a)
		ended(c)
		for _, s := range sessionsOf(t, d.Server, user) {
			assert.Equal(t, "offline", s.Status, "the session has ended, or is about to")
		}
	})
}

func TestConnectedJids(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		here, there := uniqueJIDs(t, "localhost", "b", "a", "offline"), uniqueJIDs(t, "example.org", "b")
		registerOn(t, d.Server, slices.Concat(here, there)...)
		d.login(t, here[0]+"/one")
		d.login(t, here[0]+"/two : c")
		d.online(t, here[1], "")
		d.login(t, there[0])

		// Other tests connect users too: ofThisTest keeps only the users of this one.
		ofThisTest := func(a answer) (jids []string) {
			assert.Equal(t, "info", a.note)
			assert.True(t, slices.IsSorted(a.lines))
			for _, line := range a.lines {
				if slices.Contains(slices.Concat(here, there), line) {
					jids = append(jids, line)
				}
			}
			return jids
		}
		assert.Equal(t, []string{here[1], there[0], here[0]}, ofThisTest(runVerb(t, admin, "getConnectedJids")))
		assert.Equal(t, []string{here[1], there[0], here[0]}, ofThisTest(runVerb(t, admin, "getConnectedJidsByDomain", "domain", "all")))
		assert.Equal(t, []string{here[1], here[0]}, ofThisTest(runVerb(t, admin, "getConnectedJidsByDomain", "domain", "localhost")))
		assert.Equal(t, there, ofThisTest(runVerb(t, admin, "getConnectedJidsByDomain", "domain", "example.org")))
	})
}

func TestNodeStarted(t *testing.T) {
	t.Parallel()
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		assert.Equal(t, answer{"info", "true", []string{"true"}}, runVerb(t, d.login(t, "reader@localhost"), "isEjabberdNodeStarted"))
	})
}
