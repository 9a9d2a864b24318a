package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/rostersync/plan"
)

// Standing is a roster in which nothing had to change.
type Standing struct {
	User    jid.JID
	Version string // as the server says it
	Read    time.Time
	Digest  [32]byte // of all that the comparison depended on
	Counts  plan.Counts
}

// Standing returns what was kept of a user's roster, or nil.
func (s *Syncs) Standing(ctx context.Context, user jid.JID) (*Standing, error) {
	st := Standing{User: user}
	var read int64
	var digest []byte
	var counts string
	err := s.store.db.QueryRowContext(ctx, "SELECT version, read, digest, counts FROM sync_users WHERE host = ? AND user = ?", user.Domainpart(), plan.Key(user)).Scan(&st.Version, &read, &digest, &counts)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(counts), &st.Counts)
	}
	copy(st.Digest[:], digest)
	st.Read = time.UnixMilli(read)
	return &st, s.fail(err)
}

// KeepStanding keeps what was found of users' rosters, in one transaction.
func (s *Syncs) KeepStanding(ctx context.Context, all []Standing) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		for _, st := range all {
			counts, err := json.Marshal(st.Counts)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO sync_users (host, user, version, read, digest, counts) VALUES (?, ?, ?, ?, ?, ?)",
				st.User.Domainpart(), plan.Key(st.User), st.Version, st.Read.UnixMilli(), st.Digest[:], string(counts)); err != nil {
				return err
			}
		}
		return nil
	})
}
