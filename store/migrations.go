package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// embedded holds the migrations: migrations/0001_users.sql and so on, one for each
// version. A migration must not change after its release, and must contain no
// transaction statements.
//
//go:embed migrations/*.sql
var embedded embed.FS

// lockPoll is how often a wait for the folder's lock tries again.
const lockPoll = 50 * time.Millisecond

// VersionError reports a file whose version this program does not know: a newer
// program has written it.
type VersionError struct {
	File   string // its path
	Found  int    // the file's version
	Newest int    // the newest version that this program knows
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s: it has version %d, and this emanagement knows versions up to %d; run the newer emanagement that wrote it, or move the file away: then a new one is created", e.File, e.Found, e.Newest)
}

// migration brings a file from the version before its own to its own.
type migration struct {
	version int
	name    string // of its file
	sql     string
}

// readMigrations returns the migrations in order. The files must be numbered from 0001
// without a gap.
func readMigrations(files fs.FS) ([]migration, error) {
	paths, err := fs.Glob(files, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	var steps []migration
	for i, p := range paths {
		text, err := fs.ReadFile(files, p)
		if err != nil {
			return nil, err
		}
		m := migration{version: i + 1, name: path.Base(p), sql: string(text)}
		if prefix := fmt.Sprintf("%04d_", m.version); !strings.HasPrefix(m.name, prefix) {
			return nil, fmt.Errorf("migration %s: its name must begin with %s", m.name, prefix)
		}
		steps = append(steps, m)
	}
	return steps, nil
}

// migrate applies the migrations that the file lacks, each in a transaction of its own.
// A migration that fails leaves the file as the one before it did.
func (s *Store) migrate(ctx context.Context, steps []migration, set settings) (err error) {
	current, err := s.isCurrent(ctx, steps)
	if err != nil || current {
		return err
	}
	if set.folder != "" && !set.held {
		var lock *Lock
		if lock, err = s.lockToMigrate(ctx, steps, set); lock == nil {
			return err
		}
		defer func() { err = errors.Join(err, lock.Release()) }()
	}
	for _, m := range steps {
		if err := s.apply(ctx, m); err != nil {
			return err
		}
	}
	// A newer program may have migrated the file further.
	_, err = s.isCurrent(ctx, steps)
	return err
}

// isCurrent reports whether all migrations were applied to the file. The error is a
// *VersionError if the file is newer.
func (s *Store) isCurrent(ctx context.Context, steps []migration) (bool, error) {
	version, err := s.versionWhenFree(ctx)
	switch {
	case err != nil:
		return false, fmt.Errorf("%s: cannot be opened: %w; if it is damaged, move it away: then a new one is created", s.name, err)
	case version < 0 || version > len(steps):
		return false, &VersionError{s.name, version, len(steps)}
	}
	return version == len(steps), nil
}

// versionWhenFree is version, and tries again while other connections change the file's
// journal mode to WAL: SQLite does not wait for those by itself.
func (s *Store) versionWhenFree(ctx context.Context) (version int, err error) {
	deadline := time.Now().Add(busyTimeout)
	for {
		version, err = s.version(ctx)
		e, ok := errors.AsType[*sqlite.Error](err)
		if !ok || e.Code()&0xff != sqlite3.SQLITE_BUSY || time.Now().After(deadline) {
			return version, err
		}
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-time.After(lockPoll):
		}
	}
}

// version returns the file's version: 0 for an empty file, and for a file from before
// the versions were numbered. The query reads the whole schema, because user_version
// alone can be read from a damaged file as well.
func (s *Store) version(ctx context.Context) (version int, err error) {
	var tables int
	err = s.db.QueryRowContext(ctx, "SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version").Scan(&version, &tables)
	return version, err
}

// apply applies one migration, unless the file has its version already: another
// program may have migrated the file since the version was read.
func (s *Store) apply(ctx context.Context, m migration) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version >= m.version {
			return nil
		}
		if _, err := tx.ExecContext(ctx, m.sql); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", m.version))
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: migration %s failed, and the file stays at version %d: %w", s.name, m.name, m.version-1, err)
	}
	return nil
}

// lockToMigrate takes the folder's lock. If another process holds the lock, it may be
// migrating the file at this moment: lockToMigrate waits, and returns no lock and no
// error if the file needs no migration any more.
func (s *Store) lockToMigrate(ctx context.Context, steps []migration, set settings) (*Lock, error) {
	deadline := time.Now().Add(set.lockWait)
	for {
		lock, err := acquire(filepath.Dir(s.name))
		locked, ok := errors.AsType[*LockedError](err)
		if !ok {
			return lock, err
		}
		if current, err := s.isCurrent(ctx, steps); err != nil || current {
			return nil, err
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%s: it must be migrated to version %d, but an older emanagement (process %d) uses it; restart that one with this version first", s.name, len(steps), locked.PID)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: %w", s.name, context.Cause(ctx))
		case <-time.After(lockPoll):
		}
	}
}
