package hosts_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/internal/memory"
	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
)

// TestNoRosterFound: that no roster was found is an answer only if a source is
// conclusive.
func TestNoRosterFound(t *testing.T) {
	cause := errors.New("made to fail")
	const inconclusive = "localhost: nobody with a roster was found, and nothing says that there is nobody: "
	for name, test := range map[string]struct {
		sources []hosts.Source
		roster  string // of this user; none if empty
		want    string // the error; none if empty
	}{
		"no source":             {nil, "", inconclusive},
		"none conclusive":       {[]hosts.Source{listing("some", false, "a@localhost"), listing("others", false)}, "", inconclusive + "some: 1 on localhost; others: 0 on localhost"},
		"one fails":             {[]hosts.Source{listing("some", false), failing("others", cause)}, "", inconclusive + "some: 0 on localhost; others: not available on localhost"},
		"one conclusive":        {[]hosts.Source{failing("some", cause), listing("others", true)}, "", ""},
		"a host without grant":  {[]hosts.Source{listing("some", true), failing("others", &fault.NotServedError{Host: "localhost"})}, "", "localhost: not a host whose rosters are managed here (these are: none at the moment)"},
		"found, not conclusive": {[]hosts.Source{failing("some", cause), listing("others", false, "b@localhost")}, "b@localhost", ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := memory.New()
			if test.roster != "" {
				server.Store(test.roster, item("alice@localhost", rosterpush.None))
			}
			rosters := newRosters(server, test.sources...)
			_, countErr := rosters.Count(t.Context(), oneHost)
			_, clearErr := rosters.ClearAll(t.Context(), oneHost, noRemoval)
			if test.want == "" {
				assert.NoError(t, countErr)
				assert.NoError(t, clearErr)
				return
			}
			assert.EqualError(t, countErr, test.want)
			assert.EqualError(t, clearErr, test.want)
		})
	}
}

// TestInconclusiveHosts: rosters on one host do not prove that another host has none. A
// search notes that in the census, and ClearAll fails.
func TestInconclusiveHosts(t *testing.T) {
	newServer := func() *memory.Server {
		server := memory.New()
		server.Store("a@localhost", item("c@far.example", rosterpush.None))
		return server
	}
	const note = "nobody was found on example.org, and nothing says that there is nobody"
	rosters := newRosters(newServer(), listing("some", false, "a@localhost"))
	owners, census, err := rosters.Owners(t.Context(), twoHosts, noCensus)
	require.NoError(t, err)
	assert.Len(t, owners, 1)
	assert.Contains(t, census.String(), note)

	removal, err := rosters.ClearAll(t.Context(), twoHosts, noRemoval)
	var inconclusive *hosts.InconclusiveError
	require.ErrorAs(t, err, &inconclusive)
	assert.Equal(t, []string{"example.org"}, inconclusive.Hosts)
	assert.Equal(t, 1, removal.Removed)

	rosters = newRosters(newServer(), listing("some", false, "a@localhost"), hosts.Source{
		Name:  "one host's list",
		Users: func(_ context.Context, host string) ([]jid.JID, bool, error) { return nil, host == "example.org", nil },
	})
	_, census, err = rosters.Owners(t.Context(), twoHosts, noCensus)
	require.NoError(t, err)
	assert.NotContains(t, census.String(), note)
	_, err = rosters.ClearAll(t.Context(), twoHosts, noRemoval)
	require.NoError(t, err)
}

// TestUnreadableIndex: a source that saves users may know some whom no other source
// knows. So nothing goes on without it.
func TestUnreadableIndex(t *testing.T) {
	broken := failing("index", errors.New("disk image is malformed"))
	broken.Save = func(context.Context, []jid.JID) error { return nil }
	rosters := newRosters(memory.New(), broken, listing("list", true, "a@localhost"))
	_, _, err := rosters.Owners(t.Context(), twoHosts, noCensus)
	var source *hosts.SourceError
	require.ErrorAs(t, err, &source)
	_, err = rosters.ClearAll(t.Context(), twoHosts, noRemoval)
	require.ErrorAs(t, err, &source)
}
