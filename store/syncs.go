package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rostersync/plan"
	"emanagement/xmpp/address"
)

// Syncs are the synchronisations of rosters with an application's graph, and the ledger of
// what they wrote. Its methods may be called concurrently; each waits for the file. Their
// errors name the file.
type Syncs struct{ store *Store }

// Syncs returns the synchronisations. They are usable until Close.
func (s *Store) Syncs() *Syncs { return &Syncs{s} }

// Run is one synchronisation.
type Run struct {
	Number       int64
	Host         string
	Kind         string
	Requester    string
	Began, Ended time.Time // Ended is zero while it lasts, and if it was interrupted
	State        string
	Options      json.RawMessage
	Summary      json.RawMessage
}

// keptRuns is how many runs of a host are kept.
const keptRuns = 20

// Begin stores a new run and returns its number. Older runs are forgotten when there are more
// than 20 of a host.
func (s *Syncs) Begin(ctx context.Context, r Run) (number int64, err error) {
	err = s.transact(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, "INSERT INTO sync_runs (host, kind, requester, began, state, options, summary) VALUES (?, ?, ?, ?, ?, ?, '{}')",
			r.Host, r.Kind, r.Requester, r.Began.UnixMilli(), r.State, string(r.Options))
		if err != nil {
			return err
		}
		number, err = result.LastInsertId()
		return err
	})
	if err == nil {
		err = s.forget(ctx, r.Host)
	}
	return number, err
}

// forget removes the runs of a host that are too many, with all that belongs to them, in small
// transactions.
func (s *Syncs) forget(ctx context.Context, host string) error {
	const old = "SELECT number FROM sync_runs WHERE host = ? ORDER BY number DESC LIMIT -1 OFFSET ?"
	for _, table := range []string{"sync_changes", "sync_declared"} {
		if err := s.deleteInParts(ctx, table, "run IN ("+old+")", host, keptRuns); err != nil {
			return err
		}
	}
	return s.exec(ctx, "DELETE FROM sync_runs WHERE number IN ("+old+")", host, keptRuns)
}

// deletePart is how many rows one transaction deletes, so that the journal does not wait long.
const deletePart = 2000

func (s *Syncs) deleteInParts(ctx context.Context, table, where string, arguments ...any) error {
	query := fmt.Sprintf("DELETE FROM %[1]s WHERE (run, user, contact) IN (SELECT run, user, contact FROM %[1]s WHERE %[2]s LIMIT %[3]d)", table, where, deletePart)
	for {
		result, err := s.store.db.ExecContext(ctx, query, arguments...)
		if err != nil {
			return s.fail(err)
		}
		if n, err := result.RowsAffected(); err != nil || n < deletePart {
			return s.fail(err)
		}
	}
}

// End stores how a run ended, and forgets what its input declared.
func (s *Syncs) End(ctx context.Context, number int64, state string, summary json.RawMessage) error {
	if err := s.deleteInParts(ctx, "sync_declared", "run = ?", number); err != nil {
		return err
	}
	return s.exec(ctx, "UPDATE sync_runs SET ended = ?, state = ?, summary = ? WHERE number = ?", time.Now().UnixMilli(), state, string(summary), number)
}

// Note stores the state and the options of a run that lasts.
func (s *Syncs) Note(ctx context.Context, number int64, state string, options json.RawMessage) error {
	return s.exec(ctx, "UPDATE sync_runs SET state = ?, options = ?, ended = NULL WHERE number = ?", state, string(options), number)
}

const runColumns = "number, host, kind, requester, began, ended, state, options, summary"

// Runs returns the runs of a host that are kept, the latest first.
func (s *Syncs) Runs(ctx context.Context, host string) (runs []Run, err error) {
	err = s.query(ctx, func(rows *sql.Rows) error {
		r, err := scanRun(rows.Scan)
		runs = append(runs, r)
		return err
	}, "SELECT "+runColumns+" FROM sync_runs WHERE host = ? ORDER BY number DESC", host)
	return runs, err
}

// ErrNoRun says that there is no run of that number, or none any more. Its fault code is
// Declined.
var ErrNoRun = &fault.Error{Code: fault.Declined, Text: "there is no run of that number, or none any more"}

// Run returns a run. The error wraps ErrNoRun if there is none.
func (s *Syncs) Run(ctx context.Context, number int64) (Run, error) {
	r, err := scanRun(s.store.db.QueryRowContext(ctx, "SELECT "+runColumns+" FROM sync_runs WHERE number = ?", number).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Run{}, fmt.Errorf("run %d: %w", number, ErrNoRun)
	}
	return r, s.fail(err)
}

func scanRun(scan func(...any) error) (r Run, err error) {
	var began int64
	var ended sql.NullInt64
	var options, summary string
	err = scan(&r.Number, &r.Host, &r.Kind, &r.Requester, &began, &ended, &r.State, &options, &summary)
	r.Began = time.UnixMilli(began)
	if ended.Valid {
		r.Ended = time.UnixMilli(ended.Int64)
	}
	r.Options, r.Summary = json.RawMessage(options), json.RawMessage(summary)
	return r, err
}

// Ledger returns what is recorded of a user's items.
func (s *Syncs) Ledger(ctx context.Context, user jid.JID) (entries []plan.Recorded, err error) {
	err = s.query(ctx, func(rows *sql.Rows) error {
		var contact, text string
		if err := rows.Scan(&contact, &text); err != nil {
			return err
		}
		r := plan.Recorded{Contact: stored(contact)}
		entries = append(entries, r)
		return json.Unmarshal([]byte(text), &entries[len(entries)-1].Entry)
	}, "SELECT contact, entry FROM sync_ledger WHERE host = ? AND user = ? ORDER BY contact", user.Domainpart(), plan.Key(user))
	return entries, err
}

// LedgerUsers returns the users of a host of whom anything is recorded.
func (s *Syncs) LedgerUsers(ctx context.Context, host string) ([]jid.JID, error) {
	return s.jids(ctx, "SELECT DISTINCT user FROM sync_ledger WHERE host = ?", host)
}

// record changes what is recorded of an item.
func record(ctx context.Context, tx *sql.Tx, run int64, user, contact jid.JID, e *plan.Entry) error {
	if e == nil {
		_, err := tx.ExecContext(ctx, "DELETE FROM sync_ledger WHERE host = ? AND user = ? AND contact = ?", user.Domainpart(), plan.Key(user), plan.Key(contact))
		return err
	}
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO sync_ledger (host, user, contact, run, entry) VALUES (?, ?, ?, ?, ?)",
		user.Domainpart(), plan.Key(user), plan.Key(contact), run, string(text))
	return err
}

// Groups returns the groups that the application manages on a host.
func (s *Syncs) Groups(ctx context.Context, host string) (names []string, err error) {
	err = s.query(ctx, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	}, "SELECT name FROM sync_groups WHERE host = ? ORDER BY name", host)
	return names, err
}

// AddGroups adds groups to those that the application manages on a host.
func (s *Syncs) AddGroups(ctx context.Context, host string, names ...string) error {
	return s.forEachGroup(ctx, "INSERT OR IGNORE INTO sync_groups (host, name) VALUES (?, ?)", host, names)
}

// RemoveGroups removes groups from those that the application manages on a host.
func (s *Syncs) RemoveGroups(ctx context.Context, host string, names ...string) error {
	return s.forEachGroup(ctx, "DELETE FROM sync_groups WHERE host = ? AND name = ?", host, names)
}

// forEachGroup executes a statement for each group, in one transaction.
func (s *Syncs) forEachGroup(ctx context.Context, statement, host string, names []string) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		for _, name := range names {
			if _, err := tx.ExecContext(ctx, statement, host, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// jids returns the JIDs that a query lists.
func (s *Syncs) jids(ctx context.Context, query string, arguments ...any) (list []jid.JID, err error) {
	err = s.query(ctx, func(rows *sql.Rows) error {
		var text string
		err := rows.Scan(&text)
		list = append(list, stored(text))
		return err
	}, query, arguments...)
	return list, err
}

// stored returns a JID that this store has written.
func stored(text string) jid.JID {
	j, _ := address.ParseVerbatim(text) // it was a JID
	return j
}

// query calls each with every row.
func (s *Syncs) query(ctx context.Context, each func(*sql.Rows) error, query string, arguments ...any) (err error) {
	rows, err := s.store.db.QueryContext(ctx, query, arguments...)
	if err != nil {
		return s.fail(err)
	}
	defer func() { err = s.fail(errors.Join(err, rows.Close())) }()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *Syncs) exec(ctx context.Context, query string, arguments ...any) error {
	_, err := s.store.db.ExecContext(ctx, query, arguments...)
	return s.fail(err)
}

func (s *Syncs) transact(ctx context.Context, work func(*sql.Tx) error) error {
	return s.fail(s.store.transact(ctx, work))
}

// SyncError says that the store cannot be read or written.
type SyncError struct {
	File string
	Err  error
}

func (e *SyncError) Error() string { return fmt.Sprintf("%s: %v", e.File, e.Err) }

// Unwrap returns the cause.
func (e *SyncError) Unwrap() error { return e.Err }

// Fault classifies the error as Failed: the same request may succeed later. Only the log has
// the cause.
func (e *SyncError) Fault() *fault.Error {
	return &fault.Error{Code: fault.Failed, Temporary: true, Text: "the state of the component cannot be read or written (its log says why)"}
}

func (s *Syncs) fail(err error) error {
	if err == nil {
		return nil
	}
	return &SyncError{s.store.name, err}
}
