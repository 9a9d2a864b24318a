package store

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
)

// TestMoreThanIsRemembered notes more users than are kept in mind, twice, and
// those who could not be written once more.
func TestMoreThanIsRemembered(t *testing.T) {
	x, err := Open(t.Context(), "", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	x.most = 10
	const many = 95
	note := func() {
		for i := range many {
			x.Note(jid.MustParse(fmt.Sprintf("u%d@localhost", i)))
			assert.LessOrEqual(t, len(x.known), x.most)
		}
	}
	note()
	x.flush()
	_, err = x.db.Exec("DELETE FROM users")
	require.NoError(t, err)
	note()
	found, err := x.Users(t.Context(), "localhost")
	require.NoError(t, err)
	assert.Len(t, found, many)
	require.NoError(t, x.Close())
}
