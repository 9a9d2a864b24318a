package store_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/store"
)

// intent returns an intent in which each field has a value somewhere.
func intent(user string) rosterpush.Intent {
	before := &rosterpush.Item{JID: j("b@localhost"), Name: "B \" é", Subscription: rosterpush.To, Groups: []string{"G;", "H"}, Pending: true, Approved: true, Damaged: true}
	after := &rosterpush.Item{JID: j("b@localhost/phone"), Subscription: rosterpush.Both}
	return rosterpush.Intent{
		Kind:   rosterpush.Removal,
		Origin: rosterpush.Origin{Run: 7, Requester: "admin@localhost/r", Front: "control", Verb: "setBidireccionalBuddys"},
		Changes: []rosterpush.Change{
			{User: j(user), Contact: j("b@localhost"), Before: before, After: after},
			{User: j("b@localhost"), Contact: j(user), After: before},
			{User: j("c@localhost"), Contact: j(user), Before: after},
		},
	}
}

func begin(t *testing.T, s *store.Store, user string) rosterpush.Intent {
	t.Helper()
	i := intent(user)
	number, err := s.Journal().Begin(t.Context(), i)
	require.NoError(t, err)
	i.Number = number
	return i
}

// database opens the file of a store beside the store.
func database(t *testing.T, folder string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(folder, store.File))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

// requireJournal checks which intents are not over and which are kept.
func requireJournal(t *testing.T, s *store.Store, open, kept []rosterpush.Intent) {
	t.Helper()
	got, err := s.Journal().Open(t.Context())
	require.NoError(t, err)
	assert.Equal(t, open, got)
	got, err = s.Journal().Kept(t.Context())
	require.NoError(t, err)
	assert.Equal(t, kept, got)
}

// TestJournalSurvivesKill: what Begin has returned, and what a later Begin has waited for,
// is in the files as a killed process leaves them.
func TestJournalSurvivesKill(t *testing.T) {
	folder, copied := t.TempDir(), t.TempDir()
	s := open(t, folder)
	first, second, third := begin(t, s, "a@localhost"), begin(t, s, "d@localhost"), begin(t, s, "e@localhost")
	s.Journal().End(first.Number, nil)
	second.Changes = second.Changes[:1]
	s.Journal().End(second.Number, second.Changes)
	fourth := begin(t, s, "f@localhost")
	for _, name := range []string{store.File, store.File + "-wal"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(copied, name), text, 0o600))
	}
	require.NoError(t, s.Close())
	for _, f := range []string{folder, copied} {
		again := open(t, f)
		requireJournal(t, again, []rosterpush.Intent{third, fourth}, []rosterpush.Intent{second})
		assert.Greater(t, begin(t, again, "g@localhost").Number, fourth.Number)
		require.NoError(t, again.Close())
	}
}

// TestJournalOfMany: many requests at once get numbers of their own.
func TestJournalOfMany(t *testing.T) {
	s := open(t, "")
	var mu sync.Mutex
	var working sync.WaitGroup
	numbers := make(map[int64]bool)
	for n := range 200 {
		working.Go(func() {
			number, err := s.Journal().Begin(t.Context(), intent(fmt.Sprintf("u%d@localhost", n)))
			assert.NoError(t, err)
			if n%2 == 0 {
				s.Journal().End(number, nil)
			}
			mu.Lock()
			defer mu.Unlock()
			numbers[number] = true
		})
	}
	working.Wait()
	assert.Len(t, numbers, 200)
	left, err := s.Journal().Open(t.Context())
	require.NoError(t, err)
	assert.Len(t, left, 100)
	require.NoError(t, s.Close())
	_, err = s.Journal().Begin(t.Context(), intent("a@localhost"))
	assert.ErrorAs(t, err, new(*store.JournalError), "after Close")
	s.Journal().End(1, nil)
	s.Users().Queue(j("late@localhost"))
}

// TestKeptAcrossARestart: a process that starts long after the last intent was begun keeps what
// the one before it kept.
func TestKeptAcrossARestart(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	kept := begin(t, s, "a@localhost")
	s.Journal().End(kept.Number, kept.Changes)
	require.NoError(t, s.Close())
	const hour = int64(time.Hour / time.Microsecond)
	db := database(t, folder)
	_, err := db.ExecContext(t.Context(), "UPDATE intents SET number = number - ?", hour)
	require.NoError(t, err)
	kept.Number -= hour

	again := open(t, folder)
	open := begin(t, again, "b@localhost") // its transaction purges
	requireJournal(t, again, []rosterpush.Intent{open}, []rosterpush.Intent{kept})
	require.NoError(t, again.Close())
}

// TestKeptForAMinute: older confirmed changes are neither returned nor stored for long.
func TestKeptForAMinute(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	defer s.Close()
	old, young := begin(t, s, "a@localhost"), begin(t, s, "d@localhost")
	s.Journal().End(old.Number, old.Changes)
	s.Journal().End(young.Number, young.Changes)
	requireJournal(t, s, nil, []rosterpush.Intent{old, young})
	db := database(t, folder)
	_, err := db.ExecContext(t.Context(), "UPDATE intents SET ended = ended - 61000 WHERE number = ?", old.Number)
	require.NoError(t, err)
	requireJournal(t, s, nil, []rosterpush.Intent{young})
	require.Eventually(t, func() bool {
		begin(t, s, "e@localhost")
		var n int
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM intents WHERE number = ?", old.Number).Scan(&n))
		return n == 0
	}, time.Minute, 100*time.Millisecond)
}

// TestJournalCannotBeWritten: nothing begins while the journal cannot be written, the
// requester may try again, and what has ended meanwhile is written later.
func TestJournalCannotBeWritten(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	defer s.Close()
	ended := begin(t, s, "a@localhost")
	db := database(t, folder)
	_, err := db.ExecContext(t.Context(), "ALTER TABLE intents RENAME TO away")
	require.NoError(t, err)
	s.Journal().End(ended.Number, nil)
	_, err = s.Journal().Begin(t.Context(), intent("b@localhost"))
	require.ErrorAs(t, err, new(*store.JournalError))
	assert.ErrorContains(t, err, folder)
	f := fault.Of(err)
	assert.Equal(t, fault.Failed, f.Code)
	assert.True(t, f.Temporary)
	assert.NotContains(t, f.Text, folder)
	_, err = db.ExecContext(t.Context(), "ALTER TABLE away RENAME TO intents")
	require.NoError(t, err)
	after := begin(t, s, "c@localhost")
	requireJournal(t, s, []rosterpush.Intent{after}, nil)
}

// BenchmarkJournal measures what an intent costs: its beginning, for which the request
// waits, and its end.
func BenchmarkJournal(b *testing.B) {
	for _, requests := range []int{1, 16} {
		b.Run(fmt.Sprintf("%d at once", requests), func(b *testing.B) {
			s, err := store.Open(b.Context(), b.TempDir(), slog.New(slog.DiscardHandler))
			require.NoError(b, err)
			defer s.Close()
			var working sync.WaitGroup
			tickets := make(chan struct{})
			for range requests {
				working.Go(func() {
					for range tickets {
						i := intent("a@localhost")
						number, err := s.Journal().Begin(b.Context(), i)
						if err != nil {
							b.Error(err)
						}
						s.Journal().End(number, i.Changes)
					}
				})
			}
			for b.Loop() {
				tickets <- struct{}{}
			}
			close(tickets)
			working.Wait()
		})
	}
}
