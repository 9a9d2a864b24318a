// Package store keeps an index of users: the bare JIDs whose rosters were
// written, or read and found not empty, and the contacts in these. The server
// need not know them: a web application may be the one that does, and ejabberd
// on Mnesia cannot list whose rosters it keeps once they are many.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"mellium.im/xmpp/jid"
	_ "modernc.org/sqlite" // the driver

	"emanagement/oserror"
	"emanagement/rosterpush"
)

// File is the index's name in the folder that it is kept in.
const File = "users.db"

// maxKnown bounds how many users are remembered as noted, which saves the
// database most of the work.
const maxKnown = 100_000

const schema = `CREATE TABLE IF NOT EXISTS users (
	host  TEXT NOT NULL,
	local TEXT NOT NULL,
	PRIMARY KEY (host, local)
) STRICT, WITHOUT ROWID`

// options make every commit quick and let another process write meanwhile.
const options = "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_txlock=immediate"

// Index is an index of users. Make it with Open. Its methods may be used by
// many goroutines at once, Close once, after all the others.
type Index struct {
	db   *sql.DB
	path string // for errors
	log  *slog.Logger

	wake     chan struct{} // holds one while there is something to write; closed in the end
	writing  sync.WaitGroup
	flushing sync.Mutex // held until what was noted is written
	// complained is when it was last said that it cannot be.
	complained time.Time

	mu    sync.Mutex
	known map[string]struct{} // need not be noted again
	most  int                 // see maxKnown
	noted []jid.JID           // not written yet
}

// Open opens the index in a folder, and makes it where there is none. Without
// a folder it is kept in memory only. The error names the file.
func Open(ctx context.Context, folder string, log *slog.Logger) (*Index, error) {
	path, source := "index of users", ":memory:"
	if folder != "" {
		folder, err := filepath.Abs(folder)
		if err != nil {
			return nil, fmt.Errorf("index of users: %w", err)
		}
		path = filepath.Join(folder, File)
		// SQLite would make it for everybody to read, and what it puts beside it has
		// the same mode.
		if err := makePrivate(path); err != nil {
			return nil, err
		}
		source = (&url.URL{Scheme: "file", Path: path, RawQuery: options}).String()
	}
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	db.SetMaxOpenConns(1) // in memory, each would have a database of its own
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: the index of users cannot be opened: %w; where it is damaged, move it away, and a new one is begun", path, err), db.Close())
	}
	x := &Index{db: db, path: path, log: log, wake: make(chan struct{}, 1), known: make(map[string]struct{}), most: maxKnown}
	x.writing.Go(x.write)
	return x, nil
}

// makePrivate makes a file that only its owner may read, or makes one so.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return oserror.Within(filepath.Dir(path), path, err)
	}
	info, err := f.Stat()
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = f.Chmod(0o600)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return oserror.Within(filepath.Dir(path), path, err)
	}
	return nil
}

// Close writes what has been noted and closes the index.
func (x *Index) Close() error {
	close(x.wake)
	x.writing.Wait()
	return x.db.Close()
}

// Note takes users into the index. It does not wait until they are written.
// JIDs without a local part are none of users.
func (x *Index) Note(users ...jid.JID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, u := range users {
		if isNone(u) {
			continue
		}
		u = u.Bare()
		name := u.String()
		if _, ok := x.known[name]; ok {
			continue
		}
		if len(x.known) >= x.most {
			clear(x.known)
		}
		x.known[name] = struct{}{}
		x.noted = append(x.noted, u)
	}
	if len(x.noted) > 0 {
		select {
		case x.wake <- struct{}{}:
		default:
		}
	}
}

// write writes what is noted, all that has come meanwhile at once, until the
// index is closed.
func (x *Index) write() {
	for range x.wake {
		x.flush()
	}
	x.flush()
}

// flush writes what is noted and returns when it and all noted before is
// written.
func (x *Index) flush() {
	x.flushing.Lock()
	defer x.flushing.Unlock()
	x.mu.Lock()
	noted := x.noted
	x.noted = nil
	x.mu.Unlock()
	if _, err := x.Add(context.Background(), noted...); err != nil {
		x.complain("users that were seen are missing from the index until they are seen again", "users", len(noted), "why", err)
		x.mu.Lock()
		clear(x.known)
		x.mu.Unlock()
	}
}

// complaints is how often it is said that the index cannot be written.
const complaints = time.Minute

// complain logs an error, unless it has done so a moment ago: thousands of
// users may be seen in a second. Who calls it holds flushing.
func (x *Index) complain(msg string, args ...any) {
	if time.Since(x.complained) >= complaints {
		x.complained = time.Now()
		x.log.Error(msg, args...)
	}
}

// Add takes users into the index, waits until they are written, and says how
// many of them it had not known. The error names the file.
func (x *Index) Add(ctx context.Context, users ...jid.JID) (added int, err error) {
	if len(users) == 0 {
		return 0, nil
	}
	err = x.transact(ctx, func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, "INSERT OR IGNORE INTO users (host, local) VALUES (?, ?)")
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, u := range users {
			r, err := insert.ExecContext(ctx, u.Domainpart(), u.Localpart())
			if err != nil {
				return err
			}
			n, err := r.RowsAffected()
			if err != nil {
				return err
			}
			added += int(n)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("%s: cannot be written: %w", x.path, err)
	}
	return added, nil
}

func (x *Index) transact(ctx context.Context, work func(*sql.Tx) error) error {
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := work(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Users lists the users of a host, sorted. The error names the file.
func (x *Index) Users(ctx context.Context, host string) ([]jid.JID, error) {
	x.flush() // what has been noted only just now counts as well
	rows, err := x.db.QueryContext(ctx, "SELECT local FROM users WHERE host = ? ORDER BY local", host)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read: %w", x.path, err)
	}
	defer rows.Close()
	var users []jid.JID
	for rows.Next() {
		var local string
		if err := rows.Scan(&local); err != nil {
			return nil, fmt.Errorf("%s: cannot be read: %w", x.path, err)
		}
		// As it came: a server may keep what today's rules do not allow.
		users = append(users, jid.NewUnsafe(local, host, "").JID)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: cannot be read: %w", x.path, err)
	}
	return users, nil
}

// Source is the index as one of the ways to learn of users. It is conclusive
// where it knows anybody at all: then it has seen the host's rosters.
func (x *Index) Source() rosterpush.Source {
	return rosterpush.Source{
		Name: "index of users",
		Users: func(ctx context.Context, host string) (users []jid.JID, conclusive bool, err error) {
			users, err = x.Users(ctx, host)
			return users, len(users) > 0, err
		},
		Keep: func(ctx context.Context, users []jid.JID) error {
			_, err := x.Add(ctx, slices.DeleteFunc(slices.Clone(users), isNone)...)
			return err
		},
	}
}

// isNone says whether a JID is none of a user's.
func isNone(j jid.JID) bool { return j.Localpart() == "" }
