package e2e_test

import (
	"bytes"
	"database/sql"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
	_ "modernc.org/sqlite" // the driver

	"emanagement/component"
	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
	"emanagement/store"
)

// domainServer is a server of a test's own, with the program beside it: verbs
// about whole hosts would meet the users of other tests.
type domainServer struct {
	*testserver.Server
	program *testserver.Program
	state   string
}

func newDomainServer(t *testing.T, kind testserver.Kind, edit func(map[string]any), accounts ...string) *domainServer {
	t.Helper()
	s := &domainServer{Server: kind.Run(t, edit), state: t.TempDir()}
	for _, name := range append([]string{"admin", "reader", "writer", "stranger"}, accounts...) {
		require.NoError(t, s.Register(t.Context(), name, "localhost", "pw"))
	}
	s.start(t)
	t.Cleanup(func() {
		assert.NoError(t, s.program.Stop())
		if t.Failed() {
			t.Log(s.program.Log())
		}
	})
	return s
}

func (s *domainServer) start(t *testing.T) {
	t.Helper()
	settings := testserver.Settings{Access: access, Env: []string{"EMANAGEMENT_STATE=" + s.state}}
	if s.Kind() != testserver.AdHoc {
		settings.More = "api: {url: " + s.APIURL() + "}\n"
	}
	var err error
	s.program, err = testserver.StartProgram(t.Context(), binary, s.Server, settings)
	require.NoError(t, err)
}

// importUsers runs emanagement users import beside the running program.
func (s *domainServer) importUsers(t *testing.T, text string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, "users", "import", "-", "--config", s.program.Config())
	cmd.Env = append(os.Environ(), "EMANAGEMENT_STATE="+s.state)
	cmd.Stdin = strings.NewReader(text)
	var out, diag bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diag
	err = cmd.Run()
	return out.String(), diag.String(), err
}

// pair puts two users in each other's rosters by the server's own command.
func (s *domainServer) pair(t *testing.T, a, b string) {
	t.Helper()
	put(t, s.Server, a, entry{b, "", "both", nil})
	put(t, s.Server, b, entry{a, "", "both", nil})
}

// onEveryKind runs a test on each kind of server that has a shared place.
func onEveryKind(t *testing.T, test func(t *testing.T, kind testserver.Kind)) {
	for _, p := range places {
		t.Run(p.kind.String(), func(t *testing.T) {
			t.Parallel()
			test(t, p.kind)
		})
	}
}

const rule = "-------------------------------------"

// TestRostersOfADomain finds users that the server never registered, on both
// hosts: on the way from one that it did, and from those who were imported.
func TestRostersOfADomain(t *testing.T) {
	t.Parallel()
	onEveryKind(t, rostersOfADomain)
}

func rostersOfADomain(t *testing.T, kind testserver.Kind) {
	s := newDomainServer(t, kind, nil, "registered")
	admin := loginTo(t, s.Server, "admin@localhost")
	s.pair(t, "registered@localhost", "met@localhost")
	s.pair(t, "met@localhost", "next@localhost")
	s.pair(t, "next@localhost", "there@example.org")
	put(t, s.Server, "met@localhost", entry{"far@far.example", "Far  away", "none", []string{"G1", "G 2"}})
	put(t, s.Server, "met@localhost", entry{"oneway@localhost", "", "to", nil})
	put(t, s.Server, "lonely@localhost", entry{"far@far.example", "", "none", nil})
	lines := func(verb string, pairs ...string) []string {
		t.Helper()
		a := run(t, admin, verb, pairs...)
		require.Equal(t, "info", a.note)
		return a.lines
	}
	const getAll, printAll, pairs = "getAllUserJidsWithRosterByDomain", "printAllRostersByDomain", "printAllBidirecctionalBuddysByDomain"

	a := run(t, admin, getAll, "domain", "localhost")
	assert.Equal(t, []string{"met@localhost", "next@localhost", "registered@localhost"}, a.lines)
	assert.Equal(t, "3 users; found by index of users: 0 on localhost; registered users: 5 on localhost; connected users: 1 on localhost; the server's list of rosters: not available on localhost", a.text)

	out, diag, err := s.importUsers(t, "lonely@localhost\nnonsense\nmet@localhost\tnext@localhost\n")
	assert.Error(t, err)
	assert.Equal(t, "users: 3 read, 1 new\n", out, "the others were met above")
	assert.Equal(t, "emanagement: -: line 2: \"nonsense\" is not a user's JID (user@host)\nemanagement: -: lines left out: 1\n", diag)
	assert.Equal(t, []string{"lonely@localhost", "met@localhost", "next@localhost", "registered@localhost"}, lines(getAll, "domain", "localhost"))

	t.Run("both hosts", func(t *testing.T) {
		assert.Equal(t, []string{"there@example.org"}, lines(getAll, "domain", "example.org"))
		everybody := []string{"lonely@localhost", "met@localhost", "next@localhost", "registered@localhost", "there@example.org"}
		assert.Equal(t, everybody, lines(getAll, "domain", "all"))
		assert.Equal(t, []string{"[met@localhost,next@localhost]", "[met@localhost,registered@localhost]", "Done"}, lines(pairs, "domain", "localhost"))
		assert.Equal(t, []string{"[met@localhost,next@localhost]", "[met@localhost,registered@localhost]", "[next@localhost,there@example.org]", "Done"}, lines(pairs, "domain", "all"))
		assert.Equal(t, []string{"Done"}, lines(pairs, "domain", "example.org"))
	})
	t.Run("rosters", func(t *testing.T) {
		lonely := []string{rule, "lonely Roster", rule, "far@far.example\t\tnone\tnone\t", rule}
		met := []string{
			rule, "met Roster", rule, "far@far.example\tFar  away\tnone\tnone\tG 2;G1", "next@localhost\t\tboth\tnone\t",
			"oneway@localhost\t\tto\tnone\t", "registered@localhost\t\tboth\tnone\t", rule,
		}
		there := []string{rule, "there Roster", rule, "next@localhost\t\tboth\tnone\t", rule, "Done"}
		assert.Equal(t, there, lines(printAll, "domain", "example.org"))
		assert.Equal(t, append(append(lonely[:5:5], met...), "there are more: go on with from = met@localhost"), lines(printAll, "domain", "localhost", "limit", "2"))
		assert.Equal(t, lines("printAllRosters"), lines(printAll, "domain", "all"))
		assert.Equal(t, there, lines("printAllRosters", "from", "registered@localhost"))
	})
	t.Run("limits", func(t *testing.T) {
		a := run(t, admin, getAll, "domain", "all", "limit", "2", "from", "lonely@localhost")
		assert.Equal(t, []string{"met@localhost", "next@localhost"}, a.lines)
		assert.Contains(t, a.text, "2 users; there are more: go on with from = next@localhost; found by ")
	})
	t.Run("the index is kept", func(t *testing.T) {
		require.NoError(t, s.program.Stop())
		s.start(t)
		assert.Contains(t, lines(getAll, "domain", "localhost"), "lonely@localhost")
	})
}

// confirm submits a verb's form with confirm left empty, wrong and right, and
// returns the answer. what is said to be at stake stands in the title.
func confirm(t *testing.T, c *xmppclient.Client, verb, what, word string, pairs ...string) answer {
	t.Helper()
	first, err := c.Run(patience(t), service, verb, args(pairs...))
	require.NoError(t, err)
	require.Equal(t, "executing", first.Status, first.Raw.String())
	want := fmt.Sprintf("%s; to do it, type %s in the field confirm", what, word)
	require.Equal(t, want, first.Title)
	require.Equal(t, []xmppclient.Note{{Type: "warn", Text: want}}, first.Notes)
	for i := 0; i < len(pairs); i += 2 {
		f, _ := first.Field(pairs[i])
		require.Equal(t, []string{pairs[i+1]}, f.Values, "what was filled in is kept")
	}

	wrong, err := c.Submit(patience(t), service, first, "complete", args(append(pairs, "confirm", "yes")...))
	require.NoError(t, err)
	require.Equal(t, "executing", wrong.Status)
	require.Contains(t, wrong.Title, fmt.Sprintf("(confirm): \"yes\" is not %q", word))

	last, err := c.Submit(patience(t), service, wrong, "complete", args(append(pairs, "confirm", word)...))
	require.NoError(t, err)
	require.Equal(t, "completed", last.Status, last.Raw.String())
	require.False(t, last.HasForm, last.Raw.String())
	return answer{note: last.Notes[0].Type, text: last.Notes[0].Text}
}

// TestRemoveAllRosters removes what the clients of those who are online see
// go, of registered and other users, one host and then all.
func TestRemoveAllRosters(t *testing.T) {
	t.Parallel()
	onEveryKind(t, removeAllRosters)
}

func removeAllRosters(t *testing.T, kind testserver.Kind) {
	s := newDomainServer(t, kind, nil, "watcher", "friend")
	admin, watcher := loginTo(t, s.Server, "admin@localhost"), loginTo(t, s.Server, "watcher@localhost")
	contacts := []string{"friend@localhost", "ghost@localhost", "there@example.org"}
	for _, c := range contacts {
		s.pair(t, "watcher@localhost", c)
	}
	put(t, s.Server, "watcher@localhost", entry{"far@far.example", "", "none", nil})
	s.pair(t, "ghost@localhost", "second@localhost")
	roster, err := watcher.Roster(t.Context())
	require.NoError(t, err)
	require.Len(t, roster, 4)

	for name, who := range map[string]string{"stranger": "may not run commands here", "reader": "takes the role admin", "writer": "takes the role admin"} {
		c := loginTo(t, s.Server, name+"@localhost")
		for _, verb := range []string{"removeAllRostersByDomain", "removeAllRosters"} {
			_, err := c.Run(patience(t), service, verb, args("domain", "localhost", "confirm", "localhost"))
			assert.ErrorContains(t, err, who, name)
		}
	}
	// The writer's grant is for localhost only.
	writer := loginTo(t, s.Server, "writer@localhost")
	for _, verb := range []string{"printAllRosters", "printAllRostersByDomain"} {
		_, err := writer.Run(patience(t), service, verb, args("domain", "all", "from", "a@localhost"))
		assert.ErrorContains(t, err, "writer@localhost may not run "+verb)
	}
	assert.Len(t, stored(t, s.Server, "watcher@localhost"), 4, "nothing was removed until here")

	a := confirm(t, admin, "removeAllRostersByDomain", "this removes 8 items of 4 rosters on localhost", "localhost", "domain", "localhost")
	assert.Contains(t, a.text, "Done; 8 items of 4 rosters removed; found by ")
	for _, u := range []string{"watcher@localhost", "friend@localhost", "ghost@localhost", "second@localhost"} {
		assert.Empty(t, stored(t, s.Server, u), u)
	}
	assert.Len(t, stored(t, s.Server, "there@example.org"), 1, "another host")
	gone := make(map[string]bool)
	for len(gone) < 4 {
		push, err := watcher.Next(patience(t), func(e xmppclient.Element) bool {
			return e.Name.Local == "iq" && strings.Contains(e.String(), `subscription="remove"`)
		})
		require.NoError(t, err)
		query, _ := push.Child("jabber:iq:roster", "query")
		item, _ := query.Child("jabber:iq:roster", "item")
		gone[item.Attr("jid")] = true
	}
	for _, c := range append(contacts, "far@far.example") {
		assert.True(t, gone[c], "the client was told of %s", c)
	}

	assert.Contains(t, run(t, admin, "removeAllRostersByDomain", "domain", "localhost", "confirm", "localhost").text, "Done; 0 items of 0 rosters removed")
	a = confirm(t, admin, "removeAllRosters", "this removes 1 item of 1 roster on every host", "all")
	assert.Contains(t, a.text, "Done; 1 item of 1 roster removed")
	assert.Empty(t, stored(t, s.Server, "there@example.org"))
	assert.Equal(t, 9, strings.Count(s.program.Log(), "outcome=done"), "every item leaves its line")
}

// TestSQL has a server that keeps rosters in SQLite, which goes over HTTP.
func TestSQL(t *testing.T) {
	t.Parallel()
	s := newDomainServer(t, testserver.Debian13, func(c map[string]any) {
		c["sql_type"], c["default_db"], c["auth_method"] = "sqlite", "sql", "internal"
	})
	t.Run("the server's list", func(t *testing.T) { listOfRosters(t, s) })
	t.Run("the database fails", func(t *testing.T) { databaseFails(t, s) })
	t.Run("bytes that are no text", func(t *testing.T) { bytesThatAreNoText(t, s) })
}

// database opens that of the server's for localhost.
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

// bytesThatAreNoText: a nick that is no UTF-8 costs only the request for its roster,
// and is mended by a write and by a removal.
func bytesThatAreNoText(t *testing.T, s *domainServer) {
	admin := loginTo(t, s.Server, "admin@localhost")
	db := s.database(t)
	defer func() { assert.NoError(t, db.Close()) }()
	for i, nick := range []string{"x'D09A61D0'", "x'FF'", "x'EDA080'"} {
		user := fmt.Sprintf("bytes%d@localhost", i)
		put(t, s.Server, user, entry{"ben@localhost", "Ben", "both", nil}, entry{"eva@localhost", "Eva", "both", nil})
		spoil := func() {
			t.Helper()
			_, err := db.ExecContext(t.Context(), "UPDATE rosterusers SET nick = "+nick+" WHERE username = ? AND jid = ?", fmt.Sprintf("bytes%d", i), "ben@localhost")
			require.NoError(t, err)
		}
		spoil()
		why := failed(t, admin, "getRoster", "userJid", user)
		assert.Contains(t, why, user)
		// This server ends the stream of whoever reads it. It is not read again.
		ended := strings.Count(s.program.Log(), "stream ended")
		assert.LessOrEqual(t, ended, 2*(i+1))
		for range 3 {
			assert.Equal(t, why, failed(t, admin, "getRoster", "userJid", user))
			run(t, admin, "checkUserJid", "userJid", "a@localhost")
		}
		assert.Equal(t, ended, strings.Count(s.program.Log(), "stream ended"))
		done(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", "ben@localhost", "buddyNick", "Ben", "subscription_type", "both")
		assert.Len(t, run(t, admin, "getRoster", "userJid", user).lines, 2)
		spoil()
		done(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", "ben@localhost")
		assert.Equal(t, []string{"eva@localhost\tEva\tboth\tnone\t"}, run(t, admin, "getRoster", "userJid", user).lines)
		done(t, admin, "removeRoster", "userJid", user)
	}
}

// listOfRosters: the server's own list finds users of whom nothing else knows,
// and that there is nobody left.
func listOfRosters(t *testing.T, s *domainServer) {
	admin := loginTo(t, s.Server, "admin@localhost")
	s.pair(t, "a@localhost", "b@localhost")
	put(t, s.Server, "lonely@localhost", entry{"far@far.example", "", "none", []string{"G"}})
	put(t, s.Server, "there@example.org", entry{"far@far.example", "", "none", nil})
	a := run(t, admin, "getAllUserJidsWithRosterByDomain", "domain", "localhost")
	assert.Equal(t, []string{"a@localhost", "b@localhost", "lonely@localhost"}, a.lines)
	assert.Contains(t, a.text, "registered users: 4 on localhost; connected users: 1 on localhost; the server's list of rosters: 3 on localhost")
	assert.Contains(t, run(t, admin, "removeAllRosters", "confirm", "all").text, "Done; 4 items of 4 rosters removed")

	require.NoError(t, s.program.Stop())
	s.state = filepath.Join(s.state, "new") // an index that knows nobody
	require.NoError(t, os.Mkdir(s.state, 0o700))
	s.start(t)
	assert.Contains(t, run(t, admin, "removeAllRosters", "confirm", "all").text, "Done; 0 items of 0 rosters removed", "that there is nobody is known")
}

// databaseFails: a server that cannot write for once is not taken for one
// that takes no roster stanzas, as older ones.
func databaseFails(t *testing.T, s *domainServer) {
	admin := loginTo(t, s.Server, "admin@localhost")
	put(t, s.Server, "a@localhost", entry{"b@localhost", "", "both", nil})
	// From now on the server has the roster in memory. (It shows one that its
	// database cannot read as empty.)
	assert.Equal(t, "true", run(t, admin, "checkUserJid", "userJid", "a@localhost").text)
	db := s.database(t)
	defer db.Close()
	locker, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer locker.Close()
	_, err = locker.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
	require.NoError(t, err)
	_, err = admin.Run(patience(t), service, "removeBuddyFromRoster", args("userJid", "a@localhost", "buddyJid", "b@localhost"))
	assert.ErrorContains(t, err, "the server refuses: internal-server-error")
	_, err = locker.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)

	done(t, admin, "removeBuddyFromRoster", "userJid", "a@localhost", "buddyJid", "b@localhost")
	assert.Empty(t, stored(t, s.Server, "a@localhost"))
	assert.Zero(t, strings.Count(serverLog(t, s.Server), "delete_rosteritem"), "by stanza, as before")
}

// TestNobodyIsKnown: a component that has seen nobody does not say Done.
func TestNobodyIsKnown(t *testing.T) {
	t.Parallel()
	s := newDomainServer(t, testserver.AdHoc, nil)
	put(t, s.Server, "ghost@localhost", entry{"second@localhost", "", "none", nil})
	admin := loginTo(t, s.Server, "admin@localhost")
	for _, confirm := range []string{"", "all"} {
		_, err := admin.Run(patience(t), service, "removeAllRosters", args("confirm", confirm))
		assert.ErrorContains(t, err, "nobody with a roster was found, and nothing says that there is nobody: index of users: 0 on example.org, 0 on localhost; registered users: 0 on example.org, 4 on localhost;")
	}
	assert.NotEmpty(t, stored(t, s.Server, "ghost@localhost"))
}

// TestSharedRosters: what a shared roster group shows is shown and stays, and
// is not said to be removed.
func TestSharedRosters(t *testing.T) {
	t.Parallel()
	s := newDomainServer(t, testserver.AdHoc, func(c map[string]any) {
		c["modules"].(map[string]any)["mod_shared_roster"] = map[string]any{}
	}, "alice", "carol")
	admin := loginTo(t, s.Server, "admin@localhost")
	for _, ctl := range [][]string{
		{"srg_create", "team", "localhost", "Team", "d", "team"},
		{"srg_user_add", "alice", "localhost", "team", "localhost"},
		{"srg_user_add", "carol", "localhost", "team", "localhost"},
	} {
		_, err := s.Ctl(t.Context(), ctl...)
		require.NoError(t, err)
	}
	put(t, s.Server, "alice@localhost", entry{"bob@localhost", "Bob", "both", nil})
	const shown = "carol@localhost\t\tboth\tnone\tTeam"
	assert.Equal(t, []string{
		rule, "alice Roster", rule, "bob@localhost\tBob\tboth\tnone\t", shown, rule,
		rule, "carol Roster", rule, "alice@localhost\t\tboth\tnone\tTeam", rule, "Done",
	}, run(t, admin, "printAllRostersByDomain", "domain", "localhost").lines)

	text := run(t, admin, "removeAllRostersByDomain", "domain", "localhost", "confirm", "localhost").text
	assert.Contains(t, text, "Done; 1 item of 1 roster removed, 2 items of shared roster groups left; ")
	got := run(t, admin, "getRoster", "userJid", "alice@localhost").lines
	require.Len(t, got, 1)
	assert.Contains(t, got[0], shown)
	assert.Equal(t, "error", run(t, admin, "removeRoster", "userJid", "alice@localhost").note)
	stays := "carol@localhost: the item is of a shared roster group, which only the server's administrator can change"
	assert.Equal(t, refusal(stays), run(t, admin, "removeBuddyFromRoster", "userJid", "alice@localhost", "buddyJid", "carol@localhost"))
	_, err := admin.Run(patience(t), service, "unsetBidireccionalBuddys", args("userJid", "alice@localhost", "oldFriendJid", "carol@localhost"))
	assert.ErrorContains(t, err, "the item is of a shared roster group")

	written := run(t, admin, "addBuddyToRoster", "userJid", "alice@localhost", "buddyJid", "carol@localhost", "buddyGroup", "Mine", "subscription_type", "to")
	seen := answer{"info", "Done; carol@localhost in the roster of alice@localhost: the item is of a shared roster group, which only the server's administrator can change; what was written is seen where that does not count", []string{"Done"}}
	assert.Equal(t, seen, written)
	assert.Equal(t, seen, run(t, admin, "setBidireccionalBuddys", "userAJid", "alice@localhost", "userBJid", "carol@localhost", "userBNick", "C", "groupForB", "Mine"))

	put(t, s.Server, "alice@localhost", entry{"bob@localhost", "Bob", "both", nil})
	assert.Equal(t, "Done; 1 item of shared roster groups left", run(t, admin, "removeRoster", "userJid", "alice@localhost").text)
}

// TestStopARemoval has a host that says it grants access and then answers
// nothing keep a removal longer than its asker waits.
func TestStopARemoval(t *testing.T) {
	t.Parallel()
	s := newDomainServer(t, testserver.AdHoc, nil)
	admin, reader := loginTo(t, s.Server, "admin@localhost"), loginTo(t, s.Server, "reader@localhost")
	s.pair(t, "ghost@localhost", "second@localhost")
	_, _, err := s.importUsers(t, "ghost@localhost\n")
	require.NoError(t, err)
	silent := testserver.NewComponent(t, s.Server, func(c *component.Config) {
		c.JID, c.Address, c.Secret = jid.MustParse(testserver.OtherComponent), s.OtherAddr(), []byte(testserver.OtherSecret)
	})
	testserver.RunComponent(t, silent)
	message, privilege := grantTo(service)
	require.NoError(t, silent.Send(patience(t), message, privilege))

	a := run(t, admin, "removeAllRosters", "confirm", "all")
	assert.Regexp(t, `^job 1: removeAllRosters goes on; `, a.text)
	assert.Empty(t, stored(t, s.Server, "second@localhost"), "the others are done")
	jobs := run(t, admin, "listJobs").lines
	require.Len(t, jobs, 1)
	assert.Regexp(t, `^1\tremoveAllRosters\tadmin@localhost\t\S+\t\d+ rosters looked at, 2 items of 2 rosters removed$`, jobs[0])

	assert.Equal(t, answer{"error", "job 1 is not yours", []string{"job 1 is not yours"}}, run(t, reader, "stopJob", "job", "1"))
	done(t, admin, "stopJob", "job", "1")
	end, err := admin.Next(patience(t), func(e xmppclient.Element) bool { return e.Name.Local == "message" })
	require.NoError(t, err)
	assert.Regexp(t, `^job 1: removeAllRosters: stopped; what was done until then stays done: \d+ rosters looked at, 2 items of 2 rosters removed$`, body(end))
	assert.Empty(t, run(t, admin, "listJobs").lines)
	assert.Contains(t, s.program.Log(), "job ended")
}

// grantTo is the message by which a host grants a component access.
func grantTo(to jid.JID) (xml.StartElement, xml.TokenReader) {
	element := func(space, local string, attrs ...xml.Attr) xml.StartElement {
		return xml.StartElement{Name: xml.Name{Space: space, Local: local}, Attr: attrs}
	}
	attr := func(name, value string) xml.Attr { return xml.Attr{Name: xml.Name{Local: name}, Value: value} }
	perm := xmlstream.Wrap(nil, element("", "perm", attr("access", "roster"), attr("type", "both")))
	return element("", "message", attr("to", to.String())), xmlstream.Wrap(perm, element("urn:xmpp:privilege:2", "privilege"))
}

// body is the text of a message.
func body(e xmppclient.Element) string {
	b, _ := e.Child(stanza.NSClient, "body")
	return b.Text
}

// TestBrokenIndex: the program says which file it is, and ends.
func TestBrokenIndex(t *testing.T) {
	folder := t.TempDir()
	file, conf := filepath.Join(folder, store.File), filepath.Join(folder, "emanagement.yml")
	require.NoError(t, os.WriteFile(file, []byte(strings.Repeat("no database ", 500)), 0o600))
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, "jid: %s\nserver: 127.0.0.1:1\nstate: %s\n", service, folder), 0o600))
	for _, arguments := range [][]string{{"serve"}, {"users", "import", "-"}} {
		cmd := exec.CommandContext(t.Context(), binary, append(arguments, "--config", conf)...)
		cmd.Env = append(os.Environ(), "EMANAGEMENT_SECRET=secret")
		out, err := cmd.CombinedOutput()
		assert.Error(t, err)
		assert.Equal(t, fmt.Sprintf("emanagement: %s: the index of users cannot be opened: file is not a database (26); where it is damaged, move it away, and a new one is begun\n", file), string(out))
	}
}
