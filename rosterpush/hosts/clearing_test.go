package hosts_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/memory"
	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
)

// TestBusyWhileAHostIsCleared: a search would miss the users to whom no roster leads
// any more. Other hosts can be searched.
func TestBusyWhileAHostIsCleared(t *testing.T) {
	server := memory.New()
	server.Store("alice@localhost", item("bob@localhost", rosterpush.Both))
	server.Store("carol@example.org", item("alice@localhost", rosterpush.None))
	rosters := newRosters(server, listing("all", true, "alice@localhost", "carol@example.org"))
	searches := 0
	search := func(hosts ...string) error {
		searches++
		_, _, err := rosters.Owners(t.Context(), hosts, noCensus)
		return err
	}
	_, err := rosters.ClearAll(t.Context(), oneHost, func(hosts.Removal) {
		busy := &hosts.BusyError{Host: "localhost"}
		assert.Equal(t, busy, search("example.org", "localhost"))
		assert.NoError(t, search("example.org"))
		_, err := rosters.ClearAll(t.Context(), oneHost, noRemoval)
		assert.Equal(t, busy, err)
	})
	require.NoError(t, err)
	assert.NotZero(t, searches)
	assert.NoError(t, search("localhost"))
}
