package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

// domainServer is a server of a test's own, with the program beside it. Verbs
// about whole hosts would otherwise find the users of other tests.
type domainServer struct {
	*testserver.Server
	program *testserver.Program
	state   string   // the program's folder for the index of users
	hosts   []string // further hosts that the program serves
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
	settings := testserver.Settings{Access: access, Hosts: s.hosts, Env: []string{"EMANAGEMENT_STATE=" + s.state}}
	if s.Kind() != testserver.AdHoc {
		settings.More = "api: {url: " + s.APIURL() + "}\n"
	}
	var err error
	s.program, err = testserver.StartProgram(t.Context(), binary, s.Server, settings)
	require.NoError(t, err)
}

// importUsers runs "emanagement users import" beside the running program, with
// text as its standard input.
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

// storePair puts two users into each other's rosters by the server's own API
// command.
func (s *domainServer) storePair(t *testing.T, a, b string) {
	t.Helper()
	storeItems(t, s.Server, a, storedItem{b, "", "both", nil})
	storeItems(t, s.Server, b, storedItem{a, "", "both", nil})
}

// onEveryKind runs a test for each kind of server that a shared deployment has.
func onEveryKind(t *testing.T, test func(t *testing.T, kind testserver.Kind)) {
	for _, d := range deployments {
		t.Run(d.kind.String(), func(t *testing.T) {
			t.Parallel()
			test(t, d.kind)
		})
	}
}

const rosterRule = "-------------------------------------"

// TestRostersOfADomain finds users that the server never registered, on both
// hosts: as contacts of a registered user, and in the imported list.
func TestRostersOfADomain(t *testing.T) {
	t.Parallel()
	onEveryKind(t, rostersOfADomain)
}

func rostersOfADomain(t *testing.T, kind testserver.Kind) {
	s := newDomainServer(t, kind, nil, "registered")
	admin := loginTo(t, s.Server, "admin@localhost")
	s.storePair(t, "registered@localhost", "met@localhost")
	s.storePair(t, "met@localhost", "next@localhost")
	s.storePair(t, "next@localhost", "there@example.org")
	storeItems(t, s.Server, "met@localhost", storedItem{"far@far.example", "Far  away", "none", []string{"G1", "G 2"}})
	storeItems(t, s.Server, "met@localhost", storedItem{"oneway@localhost", "", "to", nil})
	storeItems(t, s.Server, "lonely@localhost", storedItem{"far@far.example", "", "none", nil})
	lines := func(verb string, pairs ...string) []string {
		t.Helper()
		a := runVerb(t, admin, verb, pairs...)
		require.Equal(t, "info", a.note)
		return a.lines
	}
	const getAll, printAll, pairs = "getAllUserJidsWithRosterByDomain", "printAllRostersByDomain", "printAllBidirecctionalBuddysByDomain"

	a := runVerb(t, admin, getAll, "domain", "localhost")
	assert.Equal(t, []string{"met@localhost", "next@localhost", "registered@localhost"}, a.lines)
	assert.Equal(t, "3 users; found by index of users: 0 on localhost; registered users: 5 on localhost; connected users: 1 on localhost; the server's list of rosters: not available on localhost", a.text)

	assert.Equal(t, a.lines, lines(getAll, "domain", "localhost"), "again, which waits until the index has what the first one found")
	out, diag, err := s.importUsers(t, "lonely@localhost\nnonsense\nmet@localhost\tnext@localhost\n")
	assert.Error(t, err)
	assert.Equal(t, "users: 3 read, 1 new\n", out, "the crawl above found the others")
	assert.Equal(t, "emanagement: -: line 2: \"nonsense\" is not a user's JID (user@host)\nemanagement: -: lines left out: 1\n", diag)
	assert.Equal(t, []string{"lonely@localhost", "met@localhost", "next@localhost", "registered@localhost"}, lines(getAll, "domain", "localhost"))

	t.Run("both hosts", func(t *testing.T) {
		assert.Equal(t, []string{"there@example.org"}, lines(getAll, "domain", "example.org"))
		everyUser := []string{"lonely@localhost", "met@localhost", "next@localhost", "registered@localhost", "there@example.org"}
		assert.Equal(t, everyUser, lines(getAll, "domain", "all"))
		assert.Equal(t, []string{"[met@localhost,next@localhost]", "[met@localhost,registered@localhost]", "Done"}, lines(pairs, "domain", "localhost"))
		assert.Equal(t, []string{"[met@localhost,next@localhost]", "[met@localhost,registered@localhost]", "[next@localhost,there@example.org]", "Done"}, lines(pairs, "domain", "all"))
		assert.Equal(t, []string{"Done"}, lines(pairs, "domain", "example.org"))
	})
	t.Run("rosters", func(t *testing.T) {
		lonely := []string{rosterRule, "lonely Roster", rosterRule, "far@far.example\t\tnone\tnone\t", rosterRule}
		met := []string{
			rosterRule, "met Roster", rosterRule, "far@far.example\tFar  away\tnone\tnone\tG 2;G1", "next@localhost\t\tboth\tnone\t",
			"oneway@localhost\t\tto\tnone\t", "registered@localhost\t\tboth\tnone\t", rosterRule,
		}
		there := []string{rosterRule, "there Roster", rosterRule, "next@localhost\t\tboth\tnone\t", rosterRule, "Done"}
		assert.Equal(t, there, lines(printAll, "domain", "example.org"))
		assert.Equal(t, append(append(lonely[:5:5], met...), "there are more: go on with from = met@localhost"), lines(printAll, "domain", "localhost", "limit", "2"))
		assert.Equal(t, lines("printAllRosters"), lines(printAll, "domain", "all"))
		assert.Equal(t, there, lines("printAllRosters", "from", "registered@localhost"))
	})
	t.Run("limits", func(t *testing.T) {
		a := runVerb(t, admin, getAll, "domain", "all", "limit", "2", "from", "lonely@localhost")
		assert.Equal(t, []string{"met@localhost", "next@localhost"}, a.lines)
		assert.Contains(t, a.text, "2 users; there are more: go on with from = next@localhost; found by ")
	})
	t.Run("the index is kept", func(t *testing.T) {
		require.NoError(t, s.program.Stop())
		s.start(t)
		assert.Contains(t, lines(getAll, "domain", "localhost"), "lonely@localhost")
	})
}

// TestNobodyIsKnown checks that a component that knows no user does not answer
// Done.
func TestNobodyIsKnown(t *testing.T) {
	t.Parallel()
	s := newDomainServer(t, testserver.AdHoc, nil)
	storeItems(t, s.Server, "ghost@localhost", storedItem{"second@localhost", "", "none", nil})
	admin := loginTo(t, s.Server, "admin@localhost")
	for _, confirm := range []string{"", "all"} {
		_, err := admin.Run(shortContext(t), service, "removeAllRosters", formValues("confirm", confirm))
		assert.ErrorContains(t, err, "nobody with a roster was found, and nothing says that there is nobody: index of users: 0 on example.org, 0 on localhost; registered users: 0 on example.org, 4 on localhost;")
	}
	assert.NotEmpty(t, storedRoster(t, s.Server, "ghost@localhost"))
}
