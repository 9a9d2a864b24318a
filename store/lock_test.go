package store

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLock: a folder has one lock, which goes with the store.
func TestLock(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "state")
	lock, err := Claim(folder)
	require.NoError(t, err)
	_, err = Claim(folder)
	require.ErrorAs(t, err, new(*LockedError))
	assert.ErrorContains(t, err, fmt.Sprintf("%s: another emanagement (process %d) uses it", folder, os.Getpid()))

	s, err := lock.Open(t.Context(), noLog)
	require.NoError(t, err)
	beside, err := Open(t.Context(), folder, noLog)
	require.NoError(t, err, "a current file needs no lock")
	require.NoError(t, beside.Close())
	_, err = Claim(folder)
	require.ErrorAs(t, err, new(*LockedError))
	require.NoError(t, s.Close())

	lock, err = Claim(folder)
	require.NoError(t, err)
	require.NoError(t, lock.Release())
}

// TestLockEndsWithFailedOpen: a file that cannot be opened leaves the folder free.
func TestLockEndsWithFailedOpen(t *testing.T) {
	folder := t.TempDir()
	makeFile(t, folder, "", "PRAGMA user_version = 1000")
	for range 2 {
		lock, err := Claim(folder)
		require.NoError(t, err)
		_, err = lock.Open(t.Context(), noLog)
		require.ErrorAs(t, err, new(*VersionError))
	}
}

// TestLockHolderMigrates: while a process holds the folder's lock, no other process
// migrates the file. Open waits until the lock is released or the file is current.
func TestLockHolderMigrates(t *testing.T) {
	folder := t.TempDir()
	file := makeFile(t, folder, "_pragma=journal_mode(WAL)", unnumbered, twoUsers)
	before := read(t, file)
	lock, err := Claim(folder)
	require.NoError(t, err)
	_, err = open(t.Context(), settings{folder: folder, migrations: embedded, lockWait: 2 * lockPoll}, noLog)
	assert.EqualError(t, err, fmt.Sprintf("%s: it must be migrated to version %d, but an older emanagement (process %d) uses it; restart that one with this version first", file, newest(t), os.Getpid()))
	_, err = open(cancelled(t), settings{folder: folder, migrations: embedded, lockWait: time.Minute}, noLog)
	assert.ErrorContains(t, err, "context canceled")
	assert.Equal(t, before, read(t, file))

	require.NoError(t, lock.Release())

	fresh := t.TempDir()
	s, err := Open(t.Context(), fresh, noLog)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	schema := read(t, filepath.Join(fresh, File)).schema

	for name, end := range map[string]func(*Lock) error{
		"the lock is released": (*Lock).Release,
		"the holder migrates": func(lock *Lock) error {
			s, err := lock.Open(t.Context(), noLog)
			if err == nil {
				err = s.Close()
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			file := makeFile(t, folder, "_pragma=journal_mode(WAL)", unnumbered, twoUsers)
			lock, err := Claim(folder)
			require.NoError(t, err)
			ended := make(chan error, 1)
			time.AfterFunc(2*lockPoll, func() { ended <- end(lock) })
			s, err := open(t.Context(), settings{folder: folder, migrations: embedded, lockWait: time.Minute}, noLog)
			require.NoError(t, err)
			require.NoError(t, <-ended)
			require.NoError(t, s.Close())
			assert.Equal(t, content{newest(t), schema, before.rows}, read(t, file))
		})
	}
}
