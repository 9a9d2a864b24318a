package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"emanagement/fault"
	"emanagement/rosterpush"
)

const (
	// keepTime is how long the changes of an intent that is over are kept. A killed
	// ejabberd on Mnesia was seen to lose the changes of its last seconds.
	keepTime = time.Minute
	// maxKept limits how many intents of this process are kept.
	maxKept = 50_000
	// purgeInterval is the shortest time between two purges.
	purgeInterval = time.Second
	// endTime is how long the end of an intent may wait for the next intent, so that one
	// transaction writes both. If the process is killed in that time, the intent is settled
	// at the next start, although it was over.
	endTime = 50 * time.Millisecond
	// busy is the number of open intents from which on an intent waits for gatherTime, so
	// that one transaction writes several.
	busy       = 8
	gatherTime = 4 * time.Millisecond
	// retryInterval is the time between two attempts to write ends that could not be
	// written.
	retryInterval = time.Second
)

// Journal is the journal of intents in a store. It implements rosterpush.Journal.
//
// One goroutine writes. One transaction writes all intents that wait for it, so that
// many requests share its cost.
type Journal struct {
	store *Store
	log   *slog.Logger

	wal    *walSync      // nil in memory
	wake   chan struct{} // contains one token while somebody waits for an operation
	ended  chan struct{} // contains one token while other operations are queued
	quit   chan struct{} // closed by stop
	writer sync.WaitGroup

	mu      sync.Mutex
	first   int64                         // a number below that of every intent of this process
	number  int64                         // of the latest intent
	open    map[int64][]rosterpush.Change // the changes of the intents that are not over
	queue   []operation
	stopped bool

	statements map[string]*sql.Stmt // prepared, by their text; used by the writer only

	purged   time.Time // when old intents were last deleted; used by the writer only
	loggedAt time.Time // when a failed write was last logged; used by the writer only
}

// operation is one change of the table.
type operation struct {
	query     string
	arguments []any
	done      chan error // has room for the outcome; nil: nobody waits
}

const (
	insertIntent = "INSERT INTO intents (number, kind, origin, changes) VALUES (?, ?, ?, ?)"
	endIntent    = "UPDATE intents SET ended = ? WHERE number = ?"
	keepIntent   = "UPDATE intents SET changes = ?, ended = ? WHERE number = ?"
	deleteIntent = "DELETE FROM intents WHERE number = ?"
	purgeIntents = "DELETE FROM intents WHERE ended < ? OR ended IS NOT NULL AND number BETWEEN ? AND ?"
)

var errClosed = errors.New("it is closed")

// JournalError says that the journal cannot be written or read.
type JournalError struct {
	File string
	Err  error
}

func (e *JournalError) Error() string { return fmt.Sprintf("%s: the journal: %v", e.File, e.Err) }

// Unwrap returns the cause.
func (e *JournalError) Unwrap() error { return e.Err }

// Fault classifies the error as Failed: the same request may succeed later. Only the log
// has the cause.
func (e *JournalError) Fault() *fault.Error {
	return &fault.Error{Code: fault.Failed, Temporary: true, Text: "nothing was changed, because the journal cannot be written (the log of the component says why)"}
}

// newJournal starts the goroutine that writes, which stop ends.
func newJournal(s *Store, log *slog.Logger) *Journal {
	j := &Journal{store: s, log: log, wake: make(chan struct{}, 1), ended: make(chan struct{}, 1), quit: make(chan struct{}), open: make(map[int64][]rosterpush.Change), statements: make(map[string]*sql.Stmt)}
	if s.file != "" {
		j.wal = newWALSync(s.file, log)
	}
	// No intent may have the number of one before the last restart.
	j.first = time.Now().UnixMicro()
	j.number = j.first
	j.writer.Go(j.write)
	return j
}

// stop writes what is queued, and waits until that is done. After it, nothing can begin.
func (j *Journal) stop() {
	j.mu.Lock()
	j.stopped = true
	j.mu.Unlock()
	close(j.quit)
	j.writer.Wait()
	if j.wal != nil {
		j.wal.stop()
	}
}

// Begin implements rosterpush.Journal. The error is a *JournalError or the context's.
func (j *Journal) Begin(ctx context.Context, i rosterpush.Intent) (number int64, err error) {
	origin, changes, err := encodeIntent(i)
	if err != nil {
		return 0, &JournalError{j.store.name, err}
	}
	done := make(chan error, 1)
	j.mu.Lock()
	j.number++
	number = j.number
	j.open[number] = i.Changes
	j.enqueue(operation{insertIntent, []any{number, string(i.Kind), origin, changes}, done})
	j.mu.Unlock()
	select {
	case err := <-done:
		if err != nil {
			j.forget(number)
		}
		return number, err
	case <-ctx.Done():
		j.End(number, nil)
		return 0, context.Cause(ctx)
	}
}

// End implements rosterpush.Journal.
func (j *Journal) End(number int64, stands []rosterpush.Change) {
	begun := j.forget(number)
	now := time.Now().UnixMilli()
	o := operation{deleteIntent, []any{number}, nil}
	switch {
	case len(stands) == 0:
	case len(stands) == len(begun) && &stands[0] == &begun[0]: // the same ones, as nearly always
		o = operation{endIntent, []any{now, number}, nil}
	default:
		if changes, err := encodeChanges(stands); err == nil {
			o = operation{keepIntent, []any{changes, now, number}, nil}
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.enqueue(o)
}

// forget returns the changes of an open intent, and forgets them.
func (j *Journal) forget(number int64) []rosterpush.Change {
	j.mu.Lock()
	defer j.mu.Unlock()
	begun := j.open[number]
	delete(j.open, number)
	return begun
}

// enqueue queues an operation for the writer. The caller holds mu.
func (j *Journal) enqueue(o operation) {
	if j.stopped {
		if o.done != nil {
			o.done <- &JournalError{j.store.name, errClosed}
		}
		return
	}
	j.queue = append(j.queue, o)
	signal := j.ended
	if o.done != nil {
		signal = j.wake
	}
	select {
	case signal <- struct{}{}:
	default:
	}
}

// isBusy reports whether many intents are open.
func (j *Journal) isBusy() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.open) >= busy
}

// Open implements rosterpush.Journal.
func (j *Journal) Open(ctx context.Context) ([]rosterpush.Intent, error) {
	return j.read(ctx, "SELECT number, kind, origin, changes FROM intents WHERE ended IS NULL ORDER BY number")
}

// Kept implements rosterpush.Journal. It returns the changes of the last minute.
func (j *Journal) Kept(ctx context.Context) ([]rosterpush.Intent, error) {
	return j.read(ctx, "SELECT number, kind, origin, changes FROM intents WHERE ended >= ? ORDER BY number", time.Now().Add(-keepTime).UnixMilli())
}

// read writes what is queued, and reads intents.
func (j *Journal) read(ctx context.Context, query string, arguments ...any) (intents []rosterpush.Intent, err error) {
	if err := j.flush(ctx); err != nil {
		return nil, err
	}
	rows, err := j.store.db.QueryContext(ctx, query, arguments...)
	if err != nil {
		return nil, &JournalError{j.store.name, err}
	}
	defer rows.Close()
	for rows.Next() {
		var number int64
		var kind, origin, changes string
		err := rows.Scan(&number, &kind, &origin, &changes)
		if err == nil {
			var i rosterpush.Intent
			i, err = decodeIntent(number, kind, origin, changes)
			intents = append(intents, i)
		}
		if err != nil {
			return nil, &JournalError{j.store.name, err}
		}
	}
	if err := rows.Err(); err != nil {
		return nil, &JournalError{j.store.name, err}
	}
	return intents, nil
}

// flush waits until all that is queued is written.
func (j *Journal) flush(ctx context.Context) error {
	done := make(chan error, 1)
	j.mu.Lock()
	j.enqueue(operation{done: done})
	j.mu.Unlock()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// write writes queued operations until stop is called.
func (j *Journal) write() {
	for {
		var later <-chan time.Time
		if !j.writeQueued() {
			later = time.After(retryInterval)
		}
		for waiting := true; waiting; {
			select {
			case <-j.ended:
				if later == nil {
					later = time.After(endTime)
				}
				continue
			case <-j.wake:
				j.gather()
			case <-later:
			case <-j.quit:
				j.writeQueued()
				return
			}
			waiting = false
		}
	}
}

// gather waits for more operations, if there are likely some soon.
func (j *Journal) gather() {
	if !j.isBusy() {
		return
	}
	select {
	case <-time.After(gatherTime):
	case <-j.quit:
	}
}

// writeQueued writes all queued operations in one transaction, and reports whether it
// succeeded. After a failure, those for which nobody waits stay queued: a later intent
// must not be written before the end of an earlier one.
func (j *Journal) writeQueued() bool {
	j.mu.Lock()
	batch := j.queue
	j.queue = nil
	j.mu.Unlock()
	if len(batch) == 0 {
		return true
	}
	err := j.commit(batch)
	var again []operation
	for _, o := range batch {
		switch {
		case o.done != nil:
			o.done <- err
		case err != nil:
			again = append(again, o)
		}
	}
	if err == nil {
		return true
	}
	if time.Since(j.loggedAt) >= errorLogInterval {
		j.loggedAt = time.Now()
		j.log.Error("the journal cannot be written, and without it no roster is changed", "why", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.queue = append(again, j.queue...)
	return false
}

func (j *Journal) commit(batch []operation) error {
	ctx := context.Background() // requests wait for the outcome, not for the writer
	if err := j.prepare(ctx, batch); err != nil {
		return &JournalError{j.store.name, err}
	}
	err := j.store.transact(ctx, func(tx *sql.Tx) error {
		for _, o := range batch {
			if o.query == "" {
				continue
			}
			if _, err := tx.StmtContext(ctx, j.statements[o.query]).ExecContext(ctx, o.arguments...); err != nil {
				return err
			}
		}
		return j.purge(ctx, tx)
	})
	if err != nil {
		return &JournalError{j.store.name, err}
	}
	if j.wal != nil {
		j.wal.note()
	}
	return nil
}

// prepare prepares the statements of operations, each once. The only connection must not be
// in a transaction.
func (j *Journal) prepare(ctx context.Context, batch []operation) error {
	for _, o := range batch {
		if o.query == "" || j.statements[o.query] != nil {
			continue
		}
		s, err := j.store.db.PrepareContext(ctx, o.query)
		if err != nil {
			return err
		}
		j.statements[o.query] = s
	}
	return nil
}

// purge deletes what is no longer kept.
func (j *Journal) purge(ctx context.Context, tx *sql.Tx) error {
	now := time.Now()
	if now.Sub(j.purged) < purgeInterval {
		return nil
	}
	j.purged = now
	j.mu.Lock()
	oldest := j.number - maxKept
	j.mu.Unlock()
	_, err := tx.ExecContext(ctx, purgeIntents, now.Add(-keepTime).UnixMilli(), j.first, oldest)
	return err
}
