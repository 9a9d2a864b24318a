package store

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
)

// TestCacheIsBounded queues more users than the cache holds, twice. The second time,
// the users that were deleted meanwhile are written again.
func TestCacheIsBounded(t *testing.T) {
	s, err := Open(t.Context(), "", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	u := s.Users()
	u.cacheLimit = 10
	const many = 95
	queue := func() {
		for i := range many {
			u.Queue(jid.MustParse(fmt.Sprintf("u%d@localhost", i)))
			assert.LessOrEqual(t, len(u.cached), u.cacheLimit)
		}
	}
	queue()
	require.NoError(t, u.flush(t.Context()))
	_, err = s.db.Exec("DELETE FROM users")
	require.NoError(t, err)
	queue()
	found, err := u.List(t.Context(), "localhost")
	require.NoError(t, err)
	assert.Len(t, found, many)
	require.NoError(t, s.Close())
}
