package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/store"
)

// server is a roster server with fixed answers.
type server struct {
	items []rosterpush.Item
	err   error
}

func (s server) Roster(context.Context, jid.JID, *rosterpush.Roster) (*rosterpush.Roster, error) {
	return rosterpush.NewRoster("", s.items), s.err
}
func (server) MayShare(context.Context, string) bool { return false }
func (s server) Put(context.Context, jid.JID, rosterpush.Item, *rosterpush.Item) error {
	return s.err
}
func (s server) Remove(context.Context, jid.JID, rosterpush.Item) error { return s.err }
func (server) Spelling(host string) string                              { return host }

// TestRostersAreObserved reads and writes rosters, and compares the index.
func TestRostersAreObserved(t *testing.T) {
	user := j("user@localhost")
	items := []rosterpush.Item{{JID: j("friend@localhost")}, {JID: j("far@far.example")}, {JID: j("gateway.localhost")}}
	read := func(s rosterpush.Server) error { _, err := s.Roster(context.Background(), user, nil); return err }
	put := func(s rosterpush.Server) error { return s.Put(context.Background(), user, items[0], nil) }
	remove := func(s rosterpush.Server) error { return s.Remove(context.Background(), user, items[0]) }
	for name, test := range map[string]struct {
		server server
		act    func(rosterpush.Server) error
		want   []string
	}{
		"a roster":            {server{items: items}, read, []string{"friend@localhost", "user@localhost"}},
		"an empty roster":     {server{}, read, nil},
		"a failed read":       {server{err: errors.New("made to fail")}, read, nil},
		"a write":             {server{}, put, []string{"user@localhost"}},
		"a removal":           {server{}, remove, []string{"user@localhost"}},
		"a refused write":     {server{err: errors.New("made to fail")}, put, nil},
		"an unanswered write": {server{err: fmt.Errorf("user: %w", fault.ErrNoAnswer)}, put, []string{"user@localhost"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, "")
			assert.ErrorIs(t, test.act(s.Users().Rosters(test.server)), test.server.err)
			assert.Equal(t, test.want, list(t, s, "localhost"))
			found, conclusive, err := s.Users().Source().Users(t.Context(), "localhost")
			require.NoError(t, err)
			assert.Len(t, found, len(test.want))
			assert.Equal(t, len(test.want) > 0, conclusive)
			require.NoError(t, s.Close())
		})
	}
}

// TestIndexCannotBeWritten: users that cannot be written are listed all the same, and are
// written as soon as that is possible.
func TestIndexCannotBeWritten(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	db := database(t, folder)
	_, err := db.ExecContext(t.Context(), "CREATE TRIGGER full BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, 'no space'); END")
	require.NoError(t, err)
	s.Users().Queue(j("b@localhost"), j("far@far.example"))
	assert.Equal(t, []string{"b@localhost"}, list(t, s, "localhost"))
	s.Users().Queue(j("a@localhost"), j("b@localhost"))
	assert.Equal(t, []string{"a@localhost", "b@localhost"}, list(t, s, "localhost"))
	_, err = db.ExecContext(t.Context(), "DROP TRIGGER full")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		var n int
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM users").Scan(&n))
		return n == 3
	}, time.Minute, 10*time.Millisecond, "without another call")
	require.NoError(t, s.Close())
}

// TestSave: saved users are in the file before it is closed, and a failed write is an
// error.
func TestSave(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	save := s.Users().Source().Save
	require.NoError(t, save(t.Context(), []jid.JID{j("a@localhost"), j("gateway.localhost"), j("b@localhost")}))
	db, err := sql.Open("sqlite", filepath.Join(folder, store.File))
	require.NoError(t, err)
	var names []string
	rows, err := db.Query("SELECT local || '@' || host FROM users")
	require.NoError(t, err)
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, rows.Err())
	assert.Equal(t, []string{"a@localhost", "b@localhost"}, names)

	_, err = db.Exec("ALTER TABLE users RENAME TO others")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	assert.ErrorContains(t, save(t.Context(), []jid.JID{j("a@localhost")}), store.File+": cannot be written")
	require.NoError(t, s.Close())
}
