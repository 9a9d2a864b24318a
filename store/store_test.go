package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/store"
)

func open(t *testing.T, folder string) *store.Index {
	t.Helper()
	x, err := store.Open(t.Context(), folder, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return x
}

func list(t *testing.T, x *store.Index, host string) (names []string) {
	t.Helper()
	found, err := x.Users(t.Context(), host)
	require.NoError(t, err)
	for _, u := range found {
		names = append(names, u.String())
	}
	return names
}

func j(s string) jid.JID { return jid.MustParse(s) }

// TestIndexIsKept: what was noted is there at once, for the next one who opens
// the index, and meanwhile for another process.
func TestIndexIsKept(t *testing.T) {
	folder := t.TempDir()
	x := open(t, folder)
	x.Note(j("b@localhost"), j("a@localhost/phone"), j("b@localhost"), j("gateway.localhost"), j("c@example.org"))
	assert.Equal(t, []string{"a@localhost", "b@localhost"}, list(t, x, "localhost"))
	assert.Empty(t, list(t, x, "gateway.localhost"))

	other := open(t, folder)
	added, err := other.Add(t.Context(), j("a@localhost"), j("d@localhost"))
	require.NoError(t, err)
	assert.Equal(t, 1, added)
	assert.Equal(t, []string{"a@localhost", "b@localhost", "d@localhost"}, list(t, x, "localhost"))
	require.NoError(t, other.Close())

	x.Note(j("e@localhost"))
	require.NoError(t, x.Close())
	again := open(t, folder)
	assert.Equal(t, []string{"a@localhost", "b@localhost", "d@localhost", "e@localhost"}, list(t, again, "localhost"))
	assert.Equal(t, []string{"c@example.org"}, list(t, again, "example.org"))
	require.NoError(t, again.Close())
}

func TestIndexInMemory(t *testing.T) {
	x, y := open(t, ""), open(t, "")
	x.Note(j("a@localhost"))
	assert.Equal(t, []string{"a@localhost"}, list(t, x, "localhost"))
	assert.Empty(t, list(t, y, "localhost"))
	require.NoError(t, x.Close())
	require.NoError(t, y.Close())
}

// TestTwoWriters has two open indexes write the same file at once, as an import
// does beside the component.
func TestTwoWriters(t *testing.T) {
	folder := t.TempDir()
	const each = 500
	var all sync.WaitGroup
	for w := range 2 {
		x := open(t, folder)
		defer func() { assert.NoError(t, x.Close()) }()
		all.Go(func() {
			for i := range each {
				if i%2 == 0 {
					x.Note(j(fmt.Sprintf("n%d-%d@localhost", w, i)))
					continue
				}
				_, err := x.Add(context.Background(), j(fmt.Sprintf("a%d-%d@localhost", w, i)))
				assert.NoError(t, err)
			}
			_, err := x.Users(context.Background(), "localhost")
			assert.NoError(t, err)
		})
	}
	all.Wait()
	x := open(t, folder)
	assert.Len(t, list(t, x, "localhost"), 2*each)
	require.NoError(t, x.Close())
}

func TestBrokenIndex(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, folder string) string{
		"no folder": func(_ *testing.T, folder string) string { return filepath.Join(folder, "missing") },
		"no database": func(t *testing.T, folder string) string {
			require.NoError(t, os.WriteFile(filepath.Join(folder, store.File), bytes.Repeat([]byte("no database "), 1000), 0o600))
			return folder
		},
		"a folder": func(t *testing.T, folder string) string {
			require.NoError(t, os.Mkdir(filepath.Join(folder, store.File), 0o700))
			return folder
		},
		"damaged": func(t *testing.T, folder string) string {
			x := open(t, folder)
			require.NoError(t, x.Close())
			f, err := os.OpenFile(filepath.Join(folder, store.File), os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = f.WriteAt(bytes.Repeat([]byte{0xff}, 4000), 90)
			require.NoError(t, errors.Join(err, f.Close()))
			return folder
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := prepare(t, t.TempDir())
			_, err := store.Open(t.Context(), folder, slog.New(slog.DiscardHandler))
			assert.ErrorContains(t, err, filepath.Join(folder, store.File)+": ")
		})
	}
}

// server answers as it is told.
type server struct {
	items []rosterpush.Item
	err   error
}

func (s server) Roster(context.Context, jid.JID) ([]rosterpush.Item, error) { return s.items, s.err }
func (s server) Put(context.Context, jid.JID, rosterpush.Item, *rosterpush.Item) error {
	return s.err
}
func (s server) Remove(context.Context, jid.JID, rosterpush.Item) error { return s.err }

// TestWhoIsNoted reads and writes rosters and looks who is in the index then.
func TestWhoIsNoted(t *testing.T) {
	user := j("user@localhost")
	items := []rosterpush.Item{{JID: j("friend@localhost")}, {JID: j("far@far.example")}, {JID: j("gateway.localhost")}}
	read := func(s rosterpush.Server) error { _, err := s.Roster(context.Background(), user); return err }
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
			x := open(t, "")
			assert.ErrorIs(t, test.act(x.Rosters(test.server)), test.server.err)
			assert.Equal(t, test.want, list(t, x, "localhost"))
			found, conclusive, err := x.Source().Users(t.Context(), "localhost")
			require.NoError(t, err)
			assert.Len(t, found, len(test.want))
			assert.Equal(t, len(test.want) > 0, conclusive)
			require.NoError(t, x.Close())
		})
	}
}

// TestKeep: what was kept is there when the program does not end well, and that
// it cannot be is an error.
func TestKeep(t *testing.T) {
	folder := t.TempDir()
	x := open(t, folder)
	keep := x.Source().Keep
	require.NoError(t, keep(t.Context(), []jid.JID{j("a@localhost"), j("gateway.localhost"), j("b@localhost")}))
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
	assert.ErrorContains(t, keep(t.Context(), []jid.JID{j("a@localhost")}), store.File+": cannot be written")
	require.NoError(t, x.Close())
}

func TestImport(t *testing.T) {
	type bad struct {
		line int
		why  string
	}
	for name, test := range map[string]struct {
		text        string
		read, added int
		bad         []bad
		want        []string
	}{
		"nothing": {"", 0, 0, nil, []string{"known@localhost"}},
		"users":   {"b@localhost\n\n  a@LOCALHOST \r\nknown@localhost\nb@localhost", 3, 2, nil, []string{"a@localhost", "b@localhost", "known@localhost"}},
		"what ejabberdctl prints": {
			"There are 3 roster items in total.\nMatches: x@localhost y@localhost\nProgress 33% - visited 1 - deleted 1\n" +
				"a@localhost\tb@localhost\na@localhost\tb@far.example\na@localhost\tgateway.localhost\n",
			3, 3, nil, []string{"a@localhost", "b@localhost", "known@localhost"},
		},
		"from Windows":   {"\ufeffa@localhost\r\nb@localhost\r\n", 2, 2, nil, []string{"a@localhost", "b@localhost", "known@localhost"}},
		"a long line":    {"a@localhost\n" + strings.Repeat("x", 1<<20) + "\nb@localhost\n", 2, 2, []bad{{2, "the line is too long"}}, []string{"a@localhost", "b@localhost", "known@localhost"}},
		"long, the last": {"a@localhost\n" + strings.Repeat("x", 1<<20), 1, 1, []bad{{2, "the line is too long"}}, []string{"a@localhost", "known@localhost"}},
		"bad lines": {
			"a@localhost\nlocalhost\na b@c d\nc@localhost/phone\nd\te@localhost\nf@localhost\t@\nb@localhost\n", 3, 3,
			[]bad{
				{2, `"localhost" is not a user's JID (user@host)`},
				{3, `"a b@c d" is not a JID`},
				{4, `"c@localhost/phone" has a resource`},
				{5, `"d" is not a user's JID (user@host)`},
				{6, `"@" is not a JID`},
			},
			[]string{"a@localhost", "b@localhost", "f@localhost", "known@localhost"},
		},
		"from before today's rules": {
			"♥x@localhost\ta@my_host.local\nb@localhost\t☃@localhost\n", 4, 4, nil,
			[]string{"b@localhost", "known@localhost", "☃@localhost", "♥x@localhost"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := open(t, "")
			x.Note(j("known@localhost"))
			require.Len(t, list(t, x, "localhost"), 1)
			var lines []bad
			read, added, err := x.Import(t.Context(), strings.NewReader(test.text), func(line int, why error) { lines = append(lines, bad{line, why.Error()}) })
			require.NoError(t, err)
			assert.Equal(t, [2]int{test.read, test.added}, [2]int{read, added})
			assert.Equal(t, test.bad, lines)
			assert.Equal(t, test.want, list(t, x, "localhost"))
			require.NoError(t, x.Close())
		})
	}
}

// TestImportOfMany goes past a batch, and ends where it cannot be read.
func TestImportOfMany(t *testing.T) {
	var text strings.Builder
	const many = 12_345
	for i := range many {
		fmt.Fprintf(&text, "u%d@localhost\tu%d@localhost\n", i, i+1)
	}
	x := open(t, t.TempDir())
	read, added, err := x.Import(t.Context(), io.MultiReader(strings.NewReader(text.String()), iotest.ErrReader(io.ErrClosedPipe)), func(int, error) {})
	assert.ErrorIs(t, err, io.ErrClosedPipe)
	assert.ErrorContains(t, err, fmt.Sprintf("line %d: cannot be read", many+1))
	assert.Equal(t, [2]int{many + 1, many + 1}, [2]int{read, added})
	assert.Len(t, list(t, x, "localhost"), many+1)
	require.NoError(t, x.Close())
}

func (server) Spelling(host string) string { return host }
