// Package store keeps the program's state in one SQLite file with a numbered
// schema. Open creates the file, or brings it to the schema that this program
// knows (migrations/*.sql).
//
// Users is an index of the bare JIDs whose rosters were written, or read and found not
// empty, and of the contacts in these rosters. The server need not know these users: a
// web application may be the one that does, and ejabberd on Mnesia cannot list the
// rosters that it keeps once they are many.
//
// Journal keeps the intents of changes of rosters, and for a minute the changes that
// were confirmed, so that neither the end of the process nor the server's loses a part.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"emanagement/oserror"
)

// File is the name of the store's file in its folder.
const File = "users.db"

// busyTimeout is how long SQLite waits for another process that writes to the file.
const busyTimeout = 10 * time.Second

// dsnQuery sets up each connection. WAL with synchronous=NORMAL makes a commit quick,
// and lets other processes read meanwhile. With _txlock=immediate, a transaction takes
// the write lock when it begins.
var dsnQuery = fmt.Sprintf("_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_txlock=immediate", busyTimeout.Milliseconds())

// Store is an open store. Get it from Open or Lock.Open. Its methods may be called
// concurrently, except Close.
type Store struct {
	db   *sql.DB
	name string // the file's path, for errors
	file string // the file's path; "" in memory
	lock *Lock  // nil if the store was opened without one

	users   *Users
	journal *Journal
}

// Open opens the store in an existing folder, and creates its file if it is missing.
// With folder "" the store is kept in memory.
//
// Open needs no Lock: a second program may use the file while the first one serves. If
// the file has an older version, Open takes the folder's lock and migrates the file. It
// waits up to 10 s for another process that holds the lock, and refuses a file that
// still has the older version then. A file of a newer version is a *VersionError. Each
// error names the file.
func Open(ctx context.Context, folder string, log *slog.Logger) (*Store, error) {
	return open(ctx, settings{folder: folder, migrations: embedded, lockWait: busyTimeout}, log)
}

// Open opens the store in the locked folder, with the errors of the function Open, and
// migrates an older file under this lock. The store takes over the lock: a failed Open,
// or Store.Close, releases it.
func (l *Lock) Open(ctx context.Context, log *slog.Logger) (*Store, error) {
	s, err := open(ctx, settings{folder: l.folder, held: true, migrations: embedded}, log)
	if err != nil {
		return nil, errors.Join(err, l.Release())
	}
	s.lock = l
	return s, nil
}

// settings are what open needs besides the log. Tests replace the migrations.
type settings struct {
	folder     string // "": in memory
	held       bool   // the caller holds the folder's lock
	migrations fs.FS
	lockWait   time.Duration // for the folder's lock, if it is not held
}

func open(ctx context.Context, set settings, log *slog.Logger) (*Store, error) {
	steps, err := readMigrations(set.migrations)
	if err != nil {
		return nil, err
	}
	name, file, source := "store in memory", "", ":memory:"
	if set.folder != "" {
		if name, err = filepath.Abs(filepath.Join(set.folder, File)); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		file = name
		// SQLite would create a file that everyone can read. It gives the files that it
		// puts beside this one the same mode.
		if err := makePrivate(name); err != nil {
			return nil, err
		}
		source = (&url.URL{Scheme: "file", Path: name, RawQuery: dsnQuery}).String()
	}
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	db.SetMaxOpenConns(1) // in memory, each connection has a database of its own
	s := &Store{db: db, name: name, file: file}
	if err := s.migrate(ctx, steps, set); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.users, s.journal = newUsers(s, log), newJournal(s, log)
	return s, nil
}

// makePrivate creates a file that only its owner may read, or restricts an existing
// one to its owner.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return oserror.FileIn(filepath.Dir(path), path, err)
	}
	info, err := f.Stat()
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = f.Chmod(0o600)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return oserror.FileIn(filepath.Dir(path), path, err)
	}
	return nil
}

// Users returns the index of users. It is usable until Close.
func (s *Store) Users() *Users { return s.users }

// Journal returns the journal of intents. It is usable until Close.
func (s *Store) Journal() *Journal { return s.journal }

// Close writes the users and intents that are still queued, closes the file, and releases
// the lock that has opened it. Call it once, after all other calls have returned.
func (s *Store) Close() error {
	s.users.stop()
	s.journal.stop()
	err := s.db.Close()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Release())
	}
	return err
}

// transact runs work in one transaction, which holds the file's write lock from its
// beginning. It commits if work returns nil, and otherwise rolls back.
func (s *Store) transact(ctx context.Context, work func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := work(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
