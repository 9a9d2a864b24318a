package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"mellium.im/xmpp/jid"

	"emanagement/rostersync/plan"
)

// ChangeState is what became of a change.
type ChangeState string

// The states.
const (
	Planned ChangeState = "planned"
	Writing ChangeState = "writing" // about to be written, or written
	Done    ChangeState = "done"
	Differs ChangeState = "conflict" // the item was not as planned any more
	Failed  ChangeState = "failed"
)

// SyncChange is a change of a run.
type SyncChange struct {
	plan.Change
	State ChangeState
	Why   string // of a conflict or a failure
}

// Phase is a part of a run. Phases are carried out in their order.
type Phase int

// The phases.
const (
	Additions Phase = iota
	Alterations
	Endings   // of ties: removals, and items that lose their subscription
	Records   // changes of the ledger alone
	Conflicts // nothing is done
)

// phaseOf returns the phase of a change.
func phaseOf(c plan.Change) Phase {
	switch {
	case c.Action == plan.Record:
		return Records
	case c.Action == plan.Leave:
		return Conflicts
	case c.Ends || c.Action == plan.Remove:
		return Endings
	case c.Action == plan.Add:
		return Additions
	}
	return Alterations
}

// AddChanges stores changes of a run that are planned. A second change of one item takes the
// place of the first one.
func (s *Syncs) AddChanges(ctx context.Context, run int64, changes []plan.Change) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		for _, c := range changes {
			text, err := json.Marshal(c)
			if err != nil {
				return err
			}
			state := Planned
			if c.Action == plan.Leave {
				state = Differs
			}
			if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO sync_changes (run, user, contact, phase, change, state, why) VALUES (?, ?, ?, ?, ?, ?, '')",
				run, plan.Key(c.User), plan.Key(c.Contact), phaseOf(c), string(text), string(state)); err != nil {
				return err
			}
		}
		return nil
	})
}

const changeColumns = "change, state, why"

func scanChange(scan func(...any) error) (c SyncChange, err error) {
	var text string
	if err := scan(&text, &c.State, &c.Why); err != nil {
		return c, err
	}
	return c, json.Unmarshal([]byte(text), &c.Change)
}

// ChangesAfter returns changes of a run in the order of users and contacts, those of users
// after the given one: all changes of each user, and in all at least limit ones if there are.
func (s *Syncs) ChangesAfter(ctx context.Context, run int64, user string, limit int) ([]SyncChange, error) {
	return s.changes(ctx, `SELECT `+changeColumns+` FROM sync_changes WHERE run = ?1 AND user > ?2 AND user <= coalesce(
		(SELECT user FROM sync_changes WHERE run = ?1 AND user > ?2 ORDER BY user LIMIT 1 OFFSET ?3), char(0x10ffff)) ORDER BY user, contact`, run, user, limit)
}

// Examples returns the first changes of a phase of a run.
func (s *Syncs) Examples(ctx context.Context, run int64, phase Phase, limit int) ([]SyncChange, error) {
	return s.changes(ctx, "SELECT "+changeColumns+" FROM sync_changes WHERE run = ? AND phase = ? ORDER BY user, contact LIMIT ?", run, phase, limit)
}

// Unfinished returns the changes of a host's earlier runs that may have been written although
// the run was interrupted, with the number of the run.
func (s *Syncs) Unfinished(ctx context.Context, host string) (byRun map[int64][]SyncChange, err error) {
	byRun = make(map[int64][]SyncChange)
	err = s.query(ctx, func(rows *sql.Rows) error {
		var run int64
		c, err := scanChange(func(into ...any) error { return rows.Scan(append([]any{&run}, into...)...) })
		byRun[run] = append(byRun[run], c)
		return err
	}, "SELECT run, "+changeColumns+" FROM sync_changes WHERE state = 'writing' AND run IN (SELECT number FROM sync_runs WHERE host = ?)", host)
	return byRun, err
}

func (s *Syncs) changes(ctx context.Context, query string, arguments ...any) (changes []SyncChange, err error) {
	err = s.query(ctx, func(rows *sql.Rows) error {
		c, err := scanChange(rows.Scan)
		changes = append(changes, c)
		return err
	}, query, arguments...)
	return changes, err
}

// CountChanges counts the changes of the first three phases of a run by their states.
func (s *Syncs) CountChanges(ctx context.Context, run int64) (counts map[ChangeState]int, err error) {
	counts = make(map[ChangeState]int)
	err = s.query(ctx, func(rows *sql.Rows) error {
		var n int
		var state ChangeState
		err := rows.Scan(&state, &n)
		counts[state] += n
		return err
	}, "SELECT state, count(*) FROM sync_changes WHERE run = ? AND phase <= ? GROUP BY state", run, Endings)
	return counts, err
}

// Leaders returns the users whose rosters have planned changes of a phase, those with the most
// ones first.
func (s *Syncs) Leaders(ctx context.Context, run int64, phase Phase) ([]jid.JID, error) {
	return s.jids(ctx, "SELECT user FROM sync_changes WHERE run = ? AND phase = ? AND state = 'planned' GROUP BY user ORDER BY count(*) DESC, user", run, phase)
}

// Take returns the planned changes of a phase of a user's items, and of the items that others
// have of the user, and marks them as being written.
func (s *Syncs) Take(ctx context.Context, run int64, phase Phase, user jid.JID) (changes []plan.Change, err error) {
	err = s.transact(ctx, func(tx *sql.Tx) error {
		key := plan.Key(user)
		for _, side := range []string{"user = ?", "contact = ?"} {
			rows, err := tx.QueryContext(ctx, "UPDATE sync_changes SET state = 'writing' WHERE run = ? AND phase = ? AND state = 'planned' AND "+side+" RETURNING "+changeColumns, run, phase, key)
			if err != nil {
				return err
			}
			for rows.Next() {
				c, err := scanChange(rows.Scan)
				if err != nil {
					return errors.Join(err, rows.Close())
				}
				changes = append(changes, c.Change)
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				return err
			}
		}
		return nil
	})
	return changes, err
}

// Settle stores what became of changes, and records those that are done in the ledger, in one
// transaction.
func (s *Syncs) Settle(ctx context.Context, run int64, changes []SyncChange) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		for _, c := range changes {
			text, err := json.Marshal(c.Change)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE sync_changes SET change = ?, state = ?, why = ? WHERE run = ? AND user = ? AND contact = ?", string(text), string(c.State), c.Why, run, plan.Key(c.User), plan.Key(c.Contact)); err != nil {
				return err
			}
			if c.State != Done {
				continue
			}
			if err := record(ctx, tx, run, c.User, c.Contact, c.Record); err != nil {
				return err
			}
		}
		return nil
	})
}

// RecordAll records in the ledger what a plan found to stand as it must.
func (s *Syncs) RecordAll(ctx context.Context, run int64) error {
	for {
		found, err := s.changes(ctx, "SELECT "+changeColumns+" FROM sync_changes WHERE run = ? AND phase = ? AND state = 'planned' LIMIT ?", run, Records, deletePart)
		if err != nil || len(found) == 0 {
			return err
		}
		for n := range found {
			found[n].State = Done
		}
		if err := s.Settle(ctx, run, found); err != nil {
			return err
		}
	}
}

// maxTroubles limits how many changes Troubles returns.
const maxTroubles = 1000

// Troubles returns the changes of a run that were not made: at most a thousand.
func (s *Syncs) Troubles(ctx context.Context, run int64) ([]SyncChange, error) {
	return s.changes(ctx, "SELECT "+changeColumns+" FROM sync_changes WHERE run = ? AND phase <= ? AND state IN ('conflict', 'failed', 'writing') ORDER BY user, contact LIMIT ?", run, Endings, maxTroubles)
}
