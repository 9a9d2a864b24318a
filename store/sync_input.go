package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"

	"mellium.im/xmpp/jid"

	"emanagement/rostersync/graph"
	"emanagement/rostersync/plan"
)

// Contradiction is two rows that declare one item differently.
type Contradiction struct {
	User, Contact jid.JID
	Lines         [2]int
}

// Stage stores what rows of a run's input declare, in one transaction. Rows that declare the
// same item complete each other: one may have the nick, and the other one the groups. If they
// contradict each other, the first one counts.
func (s *Syncs) Stage(ctx context.Context, run int64, items []graph.Declared) (contradictions []Contradiction, err error) {
	err = s.transact(ctx, func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, "INSERT OR IGNORE INTO sync_declared (run, user, contact, jid, subscription, nick, groups, line) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, d := range items {
			groups, err := json.Marshal(notNil(d.Groups))
			if err != nil {
				return err
			}
			result, err := insert.ExecContext(ctx, run, plan.Key(d.User), plan.Key(d.Contact), d.Contact.String(), d.Subscription, d.Nick, string(groups), d.Line)
			if err != nil {
				return err
			}
			if n, err := result.RowsAffected(); err != nil || n == 1 {
				if err != nil {
					return err
				}
				continue
			}
			line, err := complete(ctx, tx, run, d)
			if err != nil {
				return err
			}
			if line > 0 {
				contradictions = append(contradictions, Contradiction{d.User, d.Contact, [2]int{line, d.Line}})
			}
		}
		return nil
	})
	return contradictions, err
}

// complete adds what a row says to the row that declares the same item. It returns the line of
// that row if the two contradict each other, and otherwise 0.
func complete(ctx context.Context, tx *sql.Tx, run int64, d graph.Declared) (line int, err error) {
	first, err := scanDeclared(tx.QueryRowContext(ctx, "SELECT "+declaredColumns+" FROM sync_declared WHERE run = ? AND user = ? AND contact = ?", run, plan.Key(d.User), plan.Key(d.Contact)).Scan)
	if err != nil {
		return 0, err
	}
	same := first.Subscription == d.Subscription && (first.Nick == d.Nick || first.Nick == "" || d.Nick == "") &&
		(slices.Equal(first.Groups, d.Groups) || len(first.Groups) == 0 || len(d.Groups) == 0)
	if !same {
		return first.Line, nil
	}
	if d.Nick == "" {
		d.Nick = first.Nick
	}
	if len(d.Groups) == 0 {
		d.Groups = first.Groups
	}
	groups, err := json.Marshal(notNil(d.Groups))
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, "UPDATE sync_declared SET nick = ?, groups = ? WHERE run = ? AND user = ? AND contact = ?", d.Nick, string(groups), run, plan.Key(d.User), plan.Key(d.Contact))
	return 0, err
}

const declaredColumns = "user, jid, subscription, nick, groups, line"

func scanDeclared(scan func(...any) error) (d graph.Declared, err error) {
	var user, contact, groups string
	if err := scan(&user, &contact, &d.Subscription, &d.Nick, &groups, &d.Line); err != nil {
		return d, err
	}
	d.User, d.Contact = stored(user), stored(contact)
	return d, json.Unmarshal([]byte(groups), &d.Groups)
}

// Declared returns what the input of a run declares of a user's items.
func (s *Syncs) Declared(ctx context.Context, run int64, user jid.JID) (items []graph.Declared, err error) {
	err = s.query(ctx, func(rows *sql.Rows) error {
		d, err := scanDeclared(rows.Scan)
		items = append(items, d)
		return err
	}, "SELECT "+declaredColumns+" FROM sync_declared WHERE run = ? AND user = ? ORDER BY contact", run, plan.Key(user))
	return items, err
}

// DeclaredUsers returns the users of whose items the input of a run declares any.
func (s *Syncs) DeclaredUsers(ctx context.Context, run int64) ([]jid.JID, error) {
	return s.jids(ctx, "SELECT DISTINCT user FROM sync_declared WHERE run = ?", run)
}

// DeclaredGroups returns the groups that the input of a run names.
func (s *Syncs) DeclaredGroups(ctx context.Context, run int64) (names []string, err error) {
	err = s.query(ctx, func(rows *sql.Rows) error {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		var groups []string
		err := json.Unmarshal([]byte(text), &groups)
		names = append(names, groups...)
		return err
	}, "SELECT DISTINCT groups FROM sync_declared WHERE run = ?", run)
	slices.Sort(names)
	return slices.Compact(names), err
}

// ID is the key by which the application knows an account.
type ID struct {
	ID  string
	JID jid.JID
}

// StageIDs stores the keys that a run's input has. The result are those that stand for two
// accounts.
func (s *Syncs) StageIDs(ctx context.Context, run int64, host string, ids []ID) (twice []ID, err error) {
	err = s.transact(ctx, func(tx *sql.Tx) error {
		for _, id := range ids {
			if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO sync_ids (run, host, id, jid) VALUES (?, ?, ?, ?)", run, host, id.ID, plan.Key(id.JID)); err != nil {
				return err
			}
			var text string
			if err := tx.QueryRowContext(ctx, "SELECT jid FROM sync_ids WHERE run = ? AND host = ? AND id = ?", run, host, id.ID).Scan(&text); err != nil {
				return err
			}
			if text != plan.Key(id.JID) {
				twice = append(twice, id)
			}
		}
		return nil
	})
	return twice, err
}

// Moved returns the accounts that had another JID when their keys were known last, as pairs of
// the former JID and the one of the run's input.
func (s *Syncs) Moved(ctx context.Context, run int64, host string) (moved [][2]jid.JID, err error) {
	err = s.query(ctx, func(rows *sql.Rows) error {
		var former, now string
		err := rows.Scan(&former, &now)
		moved = append(moved, [2]jid.JID{stored(former), stored(now)})
		return err
	}, "SELECT old.jid, new.jid FROM sync_ids new JOIN sync_ids old ON old.run = 0 AND old.host = new.host AND old.id = new.id WHERE new.run = ? AND new.host = ? AND old.jid <> new.jid", run, host)
	return moved, err
}

// KeepIDs makes the keys of a run's input those that are known.
func (s *Syncs) KeepIDs(ctx context.Context, run int64) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO sync_ids (run, host, id, jid) SELECT 0, host, id, jid FROM sync_ids WHERE run = ?", run); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM sync_ids WHERE run = ?", run)
		return err
	})
}

func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
