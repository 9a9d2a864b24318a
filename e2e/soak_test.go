//go:build soak

package e2e_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the database driver

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// soakContacts is the number of contacts of each user: the ten users before it
// and the ten after it in a ring. So a crawl from any user reaches all.
const soakContacts = 20

// soakMemory is the program's memory limit in MiB. The server's roster listing
// of 200,000 items alone takes ten.
const soakMemory = 96

// TestSoak measures the verbs about whole hosts, with an eighth of 200,000
// items and with all of them.
func TestSoak(t *testing.T) {
	for _, backend := range []struct {
		name string
		edit func(map[string]any)
		fill func(t *testing.T, s *testserver.Server, users int)
	}{
		{"Mnesia", nil, fillMnesia},
		{"SQLite", func(c map[string]any) { c["sql_type"], c["default_db"], c["auth_method"] = "sqlite", "sql", "internal" }, fillSQLite},
	} {
		t.Run(backend.name, func(t *testing.T) {
			part := soak(t, backend.edit, backend.fill, 1_250)
			whole := soak(t, backend.edit, backend.fill, 10_000)
			for verb, worked := range whole {
				// Quadratic work would be 64 times as much.
				assert.Less(t, worked, 16*part[verb]+time.Second, "%s: eight times the items, more than sixteen times the work", verb)
			}
		})
	}
}

// soak fills a server, runs the verbs on it and returns the program's CPU time
// for each. (The elapsed time depends on other load on the machine.)
func soak(t *testing.T, edit func(map[string]any), fill func(*testing.T, *testserver.Server, int), users int) map[string]time.Duration {
	s := &domainServer{Server: testserver.Run(t, edit), state: t.TempDir()}
	require.NoError(t, s.Register(t.Context(), "admin", "localhost", "pw"))
	fill(t, s.Server, users)
	s.start(t)
	defer func() { assert.NoError(t, s.program.Stop()) }()
	// On a server that cannot list rosters, one user leads to all the others.
	_, _, err := s.importUsers(t, testserver.RingUser(0)+"@localhost\n")
	require.NoError(t, err)
	admin := loginTo(t, s.Server, "admin@localhost")

	worked := make(map[string]time.Duration)
	items := users * soakContacts
	measure := func(name, outcome, verb string, pairs ...string) {
		t.Helper()
		resetPeak(t, s.program.PID())
		began, before := time.Now(), cpuTime(t, s.program.PID())
		text := runToEnd(t, admin, verb, pairs...)
		took := time.Since(began)
		worked[name] = cpuTime(t, s.program.PID()) - before
		require.Regexp(t, outcome, text)
		memory := peakMemory(t, s.program.PID())
		t.Logf("%6d items  %-38s %8.2f s, %6.2f s of CPU, at most %3d MiB", items, name, took.Seconds(), worked[name].Seconds(), memory)
		assert.LessOrEqual(t, memory, soakMemory, name)
	}
	measure("getAllUserJidsWithRosterByDomain", "^1000 users; there are more", "getAllUserJidsWithRosterByDomain", "domain", "localhost")
	measure("getAllUserJidsWithRosterByDomain, all", fmt.Sprintf("^%d users; found by", users), "getAllUserJidsWithRosterByDomain", "domain", "localhost", "limit", "10000")
	measure("printAllRostersByDomain", "^[0-9]+ rosters; there are more", "printAllRostersByDomain", "domain", "localhost")
	measure("printAllBidirecctionalBuddysByDomain", "^10[0-9][0-9] pairs; there are more", "printAllBidirecctionalBuddysByDomain", "domain", "localhost")
	measure("removeAllRostersByDomain, counted", "^this removes (at least )?[0-9]+ items of", "removeAllRostersByDomain", "domain", "localhost")
	measure("removeAllRostersByDomain", fmt.Sprintf("Done; %d items of %d rosters removed", items, users), "removeAllRostersByDomain", "domain", "localhost", "confirm", "localhost")
	for _, u := range []int{0, 1, users / 2, users - 1} {
		require.Empty(t, storedRoster(t, s.Server, testserver.RingUser(u)+"@localhost"))
	}
	return worked
}

// runToEnd runs a verb and returns its outcome, which arrives in a message if
// the verb becomes a job.
func runToEnd(t *testing.T, c *xmppclient.Client, verb string, pairs ...string) string {
	t.Helper()
	r, err := c.Run(shortContext(t), service, verb, formValues(pairs...))
	require.NoError(t, err, r.Raw.String())
	if !regexp.MustCompile(`^job \d+: `).MatchString(r.Title) {
		return r.Title
	}
	end, err := c.Next(t.Context(), func(e xmppclient.Element) bool {
		return e.Name.Local == "message" && !strings.Contains(bodyOf(e), " goes on: ")
	})
	require.NoError(t, err)
	text := bodyOf(end)
	_, text, _ = strings.Cut(text, verb+": ")
	return text
}

// cpuTime returns the CPU time of a process.
func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	_, fields, _ := strings.Cut(string(stat), ") ")
	var ticks time.Duration // of 10 ms
	for _, f := range strings.Fields(fields)[11:13] {
		n, err := strconv.Atoi(f)
		require.NoError(t, err)
		ticks += time.Duration(n)
	}
	return ticks * 10 * time.Millisecond
}

// fillMnesia fills a server on Mnesia.
func fillMnesia(t *testing.T, s *testserver.Server, users int) {
	t.Helper()
	require.NoError(t, s.FillRosters(t.Context(), users, soakContacts))
}

// fillSQLite writes the items into the server's database.
func fillSQLite(t *testing.T, s *testserver.Server, users int) {
	t.Helper()
	_, spool := s.Path("spool")
	files, err := filepath.Glob(spool + "/sqlite/localhost.sqlite")
	require.NoError(t, err)
	require.Len(t, files, 1)
	db, err := sql.Open("sqlite", files[0]+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	defer db.Close()
	tx, err := db.Begin()
	require.NoError(t, err)
	item, err := tx.Prepare("INSERT INTO rosterusers (username, jid, nick, subscription, approved, ask, askmessage, server, subscribe, type) VALUES (?, ?, ?, 'B', false, 'N', '', 'N', '', 'item')")
	require.NoError(t, err)
	group, err := tx.Prepare("INSERT INTO rostergroups (username, jid, grp) VALUES (?, ?, 'SocialStream')")
	require.NoError(t, err)
	for user, contact := range testserver.Ring(users, soakContacts) {
		_, err := item.Exec(user, contact+"@localhost", contact)
		require.NoError(t, err)
		_, err = group.Exec(user, contact+"@localhost")
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())
}
