package e2e_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the database driver

	"emanagement/internal/testserver"
)

// TestSQL uses a server that stores rosters in SQLite. The program reaches it
// over HTTP.
func TestSQL(t *testing.T) {
	t.Parallel()
	s := newDomainServer(t, testserver.Debian13, func(c map[string]any) {
		c["sql_type"], c["default_db"], c["auth_method"] = "sqlite", "sql", "internal"
	})
	t.Run("the server's list", func(t *testing.T) { rostersListedByServer(t, s) })
	t.Run("the database fails", func(t *testing.T) { databaseFails(t, s) })
	t.Run("nicks that are not UTF-8", func(t *testing.T) { invalidUTF8Nicks(t, s) })
}

// database opens the server's database of localhost.
func (s *domainServer) database(t *testing.T) *sql.DB {
	t.Helper()
	_, spool := s.Path("spool")
	files, err := filepath.Glob(spool + "/sqlite/*/localhost/ejabberd.db")
	require.NoError(t, err)
	require.Len(t, files, 1)
	db, err := sql.Open("sqlite", files[0]+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	return db
}

// invalidUTF8Nicks stores nicks that are not valid UTF-8. Only requests for
// that roster fail, and a write or a removal of the item repairs the roster.
func invalidUTF8Nicks(t *testing.T, s *domainServer) {
	admin := loginTo(t, s.Server, "admin@localhost")
	db := s.database(t)
	defer func() { assert.NoError(t, db.Close()) }()
	for i, nick := range []string{"x'D09A61D0'", "x'FF'", "x'EDA080'"} {
		user := fmt.Sprintf("bytes%d@localhost", i)
		storeItems(t, s.Server, user, storedItem{"ben@localhost", "Ben", "both", nil}, storedItem{"eva@localhost", "Eva", "both", nil})
		spoil := func() {
			t.Helper()
			_, err := db.ExecContext(t.Context(), "UPDATE rosterusers SET nick = "+nick+" WHERE username = ? AND jid = ?", fmt.Sprintf("bytes%d", i), "ben@localhost")
			require.NoError(t, err)
		}
		spoil()
		why := requireFailure(t, admin, "getRoster", "userJid", user)
		assert.Contains(t, why, user)
		// This server ends the stream of a component that reads such a roster. The
		// component must not read it again.
		ended := strings.Count(s.program.Log(), "stream ended")
		assert.LessOrEqual(t, ended, 2*(i+1))
		for range 3 {
			assert.Equal(t, why, requireFailure(t, admin, "getRoster", "userJid", user))
			runVerb(t, admin, "checkUserJid", "userJid", "a@localhost")
		}
		assert.Equal(t, ended, strings.Count(s.program.Log(), "stream ended"))
		requireDone(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "ben@localhost", "buddyNick", "Ben", "subscription_type", "both")
		assert.Len(t, runVerb(t, admin, "getRoster", "userJid", user).lines, 2)
		spoil()
		requireDone(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", "ben@localhost")
		assert.Equal(t, []string{"eva@localhost\tEva\tboth\tnone\t"}, runVerb(t, admin, "getRoster", "userJid", user).lines)
		requireDone(t, admin, "removeRoster", "userJid", user)
	}
}

// rostersListedByServer checks that the server's roster listing
// (process_rosteritems) finds users that nothing else knows, and proves that no
// roster is left.
func rostersListedByServer(t *testing.T, s *domainServer) {
	admin := loginTo(t, s.Server, "admin@localhost")
	s.storePair(t, "a@localhost", "b@localhost")
	storeItems(t, s.Server, "lonely@localhost", storedItem{"far@far.example", "", "none", []string{"G"}})
	storeItems(t, s.Server, "there@example.org", storedItem{"far@far.example", "", "none", nil})
	a := runVerb(t, admin, "getAllUserJidsWithRosterByDomain", "domain", "localhost")
	assert.Equal(t, []string{"a@localhost", "b@localhost", "lonely@localhost"}, a.lines)
	assert.Contains(t, a.text, "registered users: 4 on localhost; connected users: 1 on localhost; the server's list of rosters: 3 on localhost")
	assert.Contains(t, runVerb(t, admin, "removeAllRosters", "confirm", "all").text, "Done; 4 items of 4 rosters removed")

	require.NoError(t, s.program.Stop())
	s.state = filepath.Join(s.state, "new") // a new index, without users
	require.NoError(t, os.Mkdir(s.state, 0o700))
	s.start(t)
	assert.Contains(t, runVerb(t, admin, "removeAllRosters", "confirm", "all").text, "Done; 0 items of 0 rosters removed", "the listing proves that there is no roster")
}

// databaseFails checks that the component does not mistake a server whose write
// fails once for an older one, which does not support roster stanzas.
func databaseFails(t *testing.T, s *domainServer) {
	admin := loginTo(t, s.Server, "admin@localhost")
	storeItems(t, s.Server, "a@localhost", storedItem{"b@localhost", "", "both", nil})
	// From now on the server caches the roster. (It shows a roster as empty if it
	// cannot read the database.)
	assert.Equal(t, "true", runVerb(t, admin, "checkUserJid", "userJid", "a@localhost").text)
	db := s.database(t)
	defer db.Close()
	locker, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer locker.Close()
	_, err = locker.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
	require.NoError(t, err)
	_, err = admin.Run(shortContext(t), service, "removeBuddyFromRoster", formValues("userJid", "a@localhost", "buddyJid", "b@localhost"))
	assert.ErrorContains(t, err, "the server refuses: internal-server-error")
	_, err = locker.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)

	requireDone(t, admin, "removeBuddyFromRoster", "userJid", "a@localhost", "buddyJid", "b@localhost")
	assert.Empty(t, storedRoster(t, s.Server, "a@localhost"))
	assert.Zero(t, strings.Count(serverLog(t, s.Server), "delete_rosteritem"), "the item is still removed by stanza")
}
