package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"emanagement/oserror"
)

// lockFile is the name of the lock's file in the folder. It contains the process ID of
// the lock's holder.
const lockFile = "emanagement.lock"

// LockedError reports that another process holds the folder's lock.
type LockedError struct {
	Folder string
	PID    int // 0 if it is not known
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s: another emanagement (process %d) uses it; stop that one first, or give this one a jid and a state of its own", e.Folder, e.PID)
}

// Lock is a folder's lock. Only its holder serves from the folder, and migrates the
// store in it. Get it from Claim.
type Lock struct {
	folder string
	file   *os.File
}

// Claim prepares a folder and takes its lock, which lasts until Release, the Close of the
// store that it has opened, or the end of the process. It does not wait: the error is a *LockedError if another process holds
// the lock.
//
// Claim creates a missing folder, with mode 0700, if its parent exists. It restricts an
// existing folder to its owner, and refuses a folder that others use too.
func Claim(folder string) (*Lock, error) {
	if err := prepare(folder); err != nil {
		return nil, err
	}
	return acquire(folder)
}

// Release gives up a lock that has opened no store.
func (l *Lock) Release() error { return l.file.Close() }

func prepare(folder string) error {
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return oserror.File(folder, err)
	}
	info, err := os.Stat(folder)
	switch {
	case err != nil:
		return oserror.File(folder, err)
	case !info.IsDir():
		return fmt.Errorf("%s: it is a file; name a folder: a missing one is created", folder)
	case info.Mode().Perm()&0o077 == 0:
		return nil
	case isShared(folder, info):
		return fmt.Errorf("%s: others use this folder too (mode %04o); name a folder for emanagement alone, such as %s: a missing one is created", folder, info.Mode().Perm(), filepath.Join(folder, "emanagement"))
	}
	if err := os.Chmod(folder, 0o700); err != nil {
		return oserror.File(folder, err)
	}
	return nil
}

// isShared reports whether others use a folder: every user may write to it, or it is
// root's and contains only files of other programs.
func isShared(folder string, info os.FileInfo) bool {
	if info.Mode().Perm()&0o002 != 0 {
		return true
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid != 0 {
		return false
	}
	entries, err := os.ReadDir(folder)
	return err != nil || len(entries) > 0 && !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == File || e.Name() == lockFile })
}

// acquire takes the lock of a folder that exists. It does not wait.
func acquire(folder string) (*Lock, error) {
	path := filepath.Join(folder, lockFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, oserror.FileIn(folder, path, err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(&LockedError{folder, holder(f)}, f.Close())
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintln(f, os.Getpid())
	}
	if err != nil {
		return nil, errors.Join(oserror.FileIn(folder, path, err), f.Close())
	}
	return &Lock{folder, f}, nil
}

// holder returns the process ID in the lock's file, or 0 if it contains none.
func holder(f *os.File) int {
	text := make([]byte, 20)
	n, _ := f.ReadAt(text, 0)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	return pid
}
