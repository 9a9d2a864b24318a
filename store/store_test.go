package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/store"
)

func open(t *testing.T, folder string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), folder, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return s
}

func list(t *testing.T, s *store.Store, host string) (names []string) {
	t.Helper()
	found, err := s.Users().List(t.Context(), host)
	require.NoError(t, err)
	for _, u := range found {
		names = append(names, u.String())
	}
	return names
}

func j(s string) jid.JID { return jid.MustParse(s) }

// TestUsersAreKept: queued users are there at once, after the next Open, and meanwhile
// for another process.
func TestUsersAreKept(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	s.Users().Queue(j("b@localhost"), j("a@localhost/phone"), j("b@localhost"), j("gateway.localhost"), j("c@example.org"))
	assert.Equal(t, []string{"a@localhost", "b@localhost"}, list(t, s, "localhost"))
	assert.Empty(t, list(t, s, "gateway.localhost"))

	other := open(t, folder)
	added, err := other.Users().Add(t.Context(), j("a@localhost"), j("d@localhost"))
	require.NoError(t, err)
	assert.Equal(t, 1, added)
	assert.Equal(t, []string{"a@localhost", "b@localhost", "d@localhost"}, list(t, s, "localhost"))
	require.NoError(t, other.Close())

	s.Users().Queue(j("e@localhost"))
	require.NoError(t, s.Close())
	again := open(t, folder)
	assert.Equal(t, []string{"a@localhost", "b@localhost", "d@localhost", "e@localhost"}, list(t, again, "localhost"))
	assert.Equal(t, []string{"c@example.org"}, list(t, again, "example.org"))
	require.NoError(t, again.Close())
}

func TestStoreInMemory(t *testing.T) {
	a, b := open(t, ""), open(t, "")
	a.Users().Queue(j("a@localhost"))
	assert.Equal(t, []string{"a@localhost"}, list(t, a, "localhost"))
	assert.Empty(t, list(t, b, "localhost"))
	require.NoError(t, a.Close())
	require.NoError(t, b.Close())
}

// TestTwoWriters has two open stores write the same file at once, as an import does
// beside the component.
func TestTwoWriters(t *testing.T) {
	folder := t.TempDir()
	const each = 500
	var all sync.WaitGroup
	for w := range 2 {
		s := open(t, folder)
		defer func() { assert.NoError(t, s.Close()) }()
		all.Go(func() {
			for i := range each {
				if i%2 == 0 {
					s.Users().Queue(j(fmt.Sprintf("n%d-%d@localhost", w, i)))
					continue
				}
				_, err := s.Users().Add(context.Background(), j(fmt.Sprintf("a%d-%d@localhost", w, i)))
				assert.NoError(t, err)
			}
			_, err := s.Users().List(context.Background(), "localhost")
			assert.NoError(t, err)
		})
	}
	all.Wait()
	s := open(t, folder)
	assert.Len(t, list(t, s, "localhost"), 2*each)
	require.NoError(t, s.Close())
}

// TestBrokenFile: each error names the file.
func TestBrokenFile(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(t *testing.T, folder string) string
		says    string
	}{
		"no folder": {func(_ *testing.T, folder string) string { return filepath.Join(folder, "missing") }, "no such file"},
		"no database": {func(t *testing.T, folder string) string {
			require.NoError(t, os.WriteFile(filepath.Join(folder, store.File), bytes.Repeat([]byte("no database "), 1000), 0o600))
			return folder
		}, "cannot be opened: file is not a database (26); if it is damaged, move it away: then a new one is created"},
		"a folder": {func(t *testing.T, folder string) string {
			require.NoError(t, os.Mkdir(filepath.Join(folder, store.File), 0o700))
			return folder
		}, "is a directory"},
		"damaged": {func(t *testing.T, folder string) string {
			s := open(t, folder)
			require.NoError(t, s.Close())
			f, err := os.OpenFile(filepath.Join(folder, store.File), os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = f.WriteAt(bytes.Repeat([]byte{0xff}, 4000), 90)
			require.NoError(t, errors.Join(err, f.Close()))
			return folder
		}, "cannot be opened: database disk image is malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := test.prepare(t, t.TempDir())
			_, err := store.Open(t.Context(), folder, slog.New(slog.DiscardHandler))
			assert.ErrorContains(t, err, filepath.Join(folder, store.File)+": "+test.says)
		})
	}
}
