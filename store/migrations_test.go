package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
)

// unnumbered is the schema of the releases before the versions were numbered, as they
// created it. Do not change it.
const unnumbered = `CREATE TABLE IF NOT EXISTS users (
	host  TEXT NOT NULL,
	local TEXT NOT NULL,
	PRIMARY KEY (host, local)
) STRICT, WITHOUT ROWID`

const twoUsers = `INSERT INTO users (host, local) VALUES ('localhost', 'ana'), ('my_host.local', '♥x')`

var noLog = slog.New(slog.DiscardHandler)

// withNext returns the released migrations and one more.
func withNext(t *testing.T, next string) fstest.MapFS {
	t.Helper()
	steps, err := readMigrations(embedded)
	require.NoError(t, err)
	files := fstest.MapFS{fmt.Sprintf("migrations/%04d_next.sql", len(steps)+1): {Data: []byte(next)}}
	for _, m := range steps {
		files["migrations/"+m.name] = &fstest.MapFile{Data: []byte(m.sql)}
	}
	return files
}

// newest returns the number of released migrations.
func newest(t *testing.T) int {
	t.Helper()
	steps, err := readMigrations(embedded)
	require.NoError(t, err)
	return len(steps)
}

// makeFile executes statements on the store's file in a folder, with the given pragmas,
// and returns its path.
func makeFile(t *testing.T, folder, pragmas string, statements ...string) string {
	t.Helper()
	file := filepath.Join(folder, File)
	db, err := sql.Open("sqlite", "file:"+file+"?"+pragmas)
	require.NoError(t, err)
	for _, statement := range statements {
		_, err := db.Exec(statement)
		require.NoError(t, err, statement)
	}
	require.NoError(t, db.Close())
	return file
}

// content is everything in a file: its version, its schema, and the rows of each table.
type content struct {
	version      int
	schema, rows []string
}

func read(t *testing.T, file string) (c content) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.QueryRow("PRAGMA user_version").Scan(&c.version))
	texts := func(query string) (found []string) {
		rows, err := db.Query(query)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var text string
			require.NoError(t, rows.Scan(&text))
			found = append(found, text)
		}
		require.NoError(t, rows.Err())
		return found
	}
	c.schema = texts("SELECT sql FROM sqlite_schema ORDER BY name")
	for _, table := range texts("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name") {
		columns := strings.Join(texts("SELECT name FROM pragma_table_info('"+table+"')"), ", ")
		c.rows = append(c.rows, texts("SELECT concat_ws(' ', "+columns+") FROM "+table+" ORDER BY 1")...)
	}
	return c
}

// TestOldFilesAreMigrated opens the files that releases before this one left behind.
func TestOldFilesAreMigrated(t *testing.T) {
	fresh := t.TempDir()
	s, err := Open(t.Context(), fresh, noLog)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	want := read(t, filepath.Join(fresh, File))
	assert.Equal(t, newest(t), want.version)

	const wal = "_pragma=journal_mode(WAL)"
	both := []string{"localhost ana", "my_host.local ♥x"}
	for name, test := range map[string]struct {
		prepare func(t *testing.T, folder string)
		rows    []string
	}{
		"no file": {func(*testing.T, string) {}, nil},
		"empty file": {func(t *testing.T, folder string) {
			require.NoError(t, os.WriteFile(filepath.Join(folder, File), nil, 0o600))
		}, nil},
		"unnumbered, without users": {func(t *testing.T, folder string) {
			makeFile(t, folder, wal, unnumbered)
		}, nil},
		"unnumbered": {func(t *testing.T, folder string) {
			makeFile(t, folder, wal, unnumbered, twoUsers)
		}, both},
		"unnumbered, with a rollback journal": {func(t *testing.T, folder string) {
			makeFile(t, folder, "", unnumbered, twoUsers)
		}, both},
		"unnumbered, after a crash": {leaveLog, both},
		"version 1": {func(t *testing.T, folder string) {
			makeFile(t, folder, wal, unnumbered, twoUsers, "PRAGMA user_version = 1")
		}, both},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			test.prepare(t, folder)
			s, err := Open(t.Context(), folder, noLog)
			require.NoError(t, err)
			require.NoError(t, s.Close())
			file := filepath.Join(folder, File)
			assert.Equal(t, content{want.version, want.schema, test.rows}, read(t, file))

			s, err = Open(t.Context(), folder, noLog)
			require.NoError(t, err)
			added, err := s.Users().Add(t.Context(), jid.MustParse("ana@localhost"), jid.MustParse("eva@localhost"))
			require.NoError(t, err)
			assert.Equal(t, len(test.rows) == 0, added == 2)
			require.NoError(t, s.Close())
		})
	}
}

// leaveLog leaves an unnumbered file with its rows in the write-ahead log only, as a
// killed program does.
func leaveLog(t *testing.T, folder string) {
	used := t.TempDir()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(used, File)+"?_pragma=journal_mode(WAL)")
	require.NoError(t, err)
	defer db.Close()
	for _, statement := range []string{unnumbered, twoUsers} {
		_, err := db.Exec(statement)
		require.NoError(t, err)
	}
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(filepath.Join(used, File+suffix))
		require.NoError(t, err)
		require.NotEmpty(t, data)
		require.NoError(t, os.WriteFile(filepath.Join(folder, File+suffix), data, 0o600))
	}
}

// TestUnknownVersion: a file of a newer program is refused and stays as it was.
func TestUnknownVersion(t *testing.T) {
	for _, version := range []int{newest(t) + 1, 1000, -1} {
		folder := t.TempDir()
		file := makeFile(t, folder, "_pragma=journal_mode(WAL)", unnumbered, twoUsers, "CREATE TABLE later (a)", fmt.Sprintf("PRAGMA user_version = %d", version))
		before, err := os.ReadFile(file)
		require.NoError(t, err)
		_, err = Open(t.Context(), folder, noLog)
		refused, ok := errors.AsType[*VersionError](err)
		require.True(t, ok, err)
		assert.Equal(t, VersionError{file, version, newest(t)}, *refused)
		assert.EqualError(t, err, fmt.Sprintf("%s: it has version %d, and this emanagement knows versions up to %d; run the newer emanagement that wrote it, or move the file away: then a new one is created", file, version, newest(t)))
		after, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(before, after))
	}
}

// TestFailedMigration: a migration that fails leaves the file as it was, and can be
// repeated.
func TestFailedMigration(t *testing.T) {
	folder := t.TempDir()
	file := makeFile(t, folder, "", unnumbered, twoUsers, fmt.Sprintf("PRAGMA user_version = %d", newest(t)))
	before := read(t, file)
	const statements = "CREATE TABLE later (a); INSERT INTO later VALUES (1); DROP TABLE users;"
	_, err := open(t.Context(), settings{folder: folder, migrations: withNext(t, statements+"INSERT INTO missing VALUES (1);")}, noLog)
	assert.ErrorContains(t, err, fmt.Sprintf("%s: migration %04d_next.sql failed, and the file stays at version %d: ", file, newest(t)+1, newest(t)))
	assert.ErrorContains(t, err, "no such table: missing")
	assert.Equal(t, before, read(t, file))

	_, err = open(cancelled(t), settings{folder: folder, migrations: withNext(t, statements)}, noLog)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, before, read(t, file))

	s, err := Open(t.Context(), folder, noLog)
	require.NoError(t, err, "the program of that version can go on")
	require.NoError(t, s.Close())
	s, err = open(t.Context(), settings{folder: folder, migrations: withNext(t, statements)}, noLog)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	assert.Equal(t, content{newest(t) + 1, []string{"CREATE TABLE later (a)"}, []string{"1"}}, read(t, file))
}

func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// TestMigrationsAreAtomic adds a statement that fails to each released migration: none
// of them ends its transaction itself.
func TestMigrationsAreAtomic(t *testing.T) {
	steps, err := readMigrations(embedded)
	require.NoError(t, err)
	folder, files := t.TempDir(), fstest.MapFS{}
	file := makeFile(t, folder, "", unnumbered, twoUsers)
	for _, m := range steps {
		before := read(t, file)
		files["migrations/"+m.name] = &fstest.MapFile{Data: []byte(m.sql + ";\nINSERT INTO missing VALUES (1);")}
		_, err := open(t.Context(), settings{folder: folder, migrations: files}, noLog)
		assert.ErrorContains(t, err, "no such table: missing", m.name)
		assert.Equal(t, before, read(t, file), m.name)

		files["migrations/"+m.name] = &fstest.MapFile{Data: []byte(m.sql)}
		s, err := open(t.Context(), settings{folder: folder, migrations: files}, noLog)
		require.NoError(t, err, m.name)
		require.NoError(t, s.Close())
	}
}

// TestForeignFile: another program's table of users is not taken over.
func TestForeignFile(t *testing.T) {
	folder := t.TempDir()
	file := makeFile(t, folder, "", "CREATE TABLE users (id INTEGER, name TEXT)", "INSERT INTO users VALUES (1, 'ana')")
	before := read(t, file)
	_, err := Open(t.Context(), folder, noLog)
	assert.ErrorContains(t, err, file+": migration 0001_users.sql failed")
	assert.Equal(t, before, read(t, file))
}

// TestConcurrentOpens opens one file many times at once: its migrations are applied
// once, and each Open succeeds.
func TestConcurrentOpens(t *testing.T) {
	files := withNext(t, "CREATE TABLE once (a); INSERT INTO once VALUES (1);")
	for name, prepare := range map[string]func(t *testing.T, folder string) []string{
		"no file": func(*testing.T, string) []string { return []string{"1"} },
		"unnumbered": func(t *testing.T, folder string) []string {
			makeFile(t, folder, "_pragma=journal_mode(WAL)", unnumbered, twoUsers)
			return []string{"1", "localhost ana", "my_host.local ♥x"}
		},
		"unnumbered, with a rollback journal": func(t *testing.T, folder string) []string {
			makeFile(t, folder, "", unnumbered, twoUsers)
			return []string{"1", "localhost ana", "my_host.local ♥x"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			rows := prepare(t, folder)
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					s, err := open(t.Context(), settings{folder: folder, migrations: files, lockWait: time.Minute}, noLog)
					if assert.NoError(t, err) {
						assert.NoError(t, s.Close())
					}
				})
			}
			all.Wait()
			got := read(t, filepath.Join(folder, File))
			assert.Equal(t, newest(t)+1, got.version)
			assert.Equal(t, rows, got.rows)
		})
	}
}

func TestReadMigrations(t *testing.T) {
	for name, test := range map[string]struct {
		files []string
		want  string // the error
	}{
		"in order":        {[]string{"0001_a.sql", "0002_b.sql"}, ""},
		"a gap":           {[]string{"0001_a.sql", "0003_b.sql"}, "migration 0003_b.sql: its name must begin with 0002_"},
		"a number twice":  {[]string{"0001_a.sql", "0001_b.sql"}, "migration 0001_b.sql: its name must begin with 0002_"},
		"no number":       {[]string{"users.sql"}, "migration users.sql: its name must begin with 0001_"},
		"another numeral": {[]string{"1_a.sql"}, "migration 1_a.sql: its name must begin with 0001_"},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{}
			for _, name := range test.files {
				files["migrations/"+name] = &fstest.MapFile{}
			}
			steps, err := readMigrations(files)
			if test.want != "" {
				assert.EqualError(t, err, test.want)
				return
			}
			require.NoError(t, err)
			assert.Len(t, steps, len(test.files))
		})
	}
}
