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

// lockFile is held by whoever serves from a folder. It says which process that is.
const lockFile = "emanagement.lock"

// LockedError says that another process serves from the folder.
type LockedError struct {
	Folder string
	PID    int // 0 where that is not known
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s: another emanagement (process %d) uses it; stop that one first, or give this one a jid and a state of its own", e.Folder, e.PID)
}

// Prepare makes the folder, for its owner alone, where its parent is there, and
// shuts others out of one that is there. One that others use too is refused.
func Prepare(folder string) error {
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return oserror.File(folder, err)
	}
	info, err := os.Stat(folder)
	switch {
	case err != nil:
		return oserror.File(folder, err)
	case !info.IsDir():
		return fmt.Errorf("%s: it is a file; name a folder, which is made where it is missing", folder)
	case info.Mode().Perm()&0o077 == 0:
		return nil
	case isShared(folder, info):
		return fmt.Errorf("%s: others use this folder too (mode %04o); name one for emanagement alone, such as %s, which is made", folder, info.Mode().Perm(), filepath.Join(folder, "emanagement"))
	}
	if err := os.Chmod(folder, 0o700); err != nil {
		return oserror.File(folder, err)
	}
	return nil
}

// isShared says whether a folder is one that others use: that anybody writes to, or
// that root has filled with something else.
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

// Lock takes the folder for this process until release is called, or the process
// ends. A *LockedError where another has it.
func Lock(folder string) (release func() error, err error) {
	path := filepath.Join(folder, lockFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, oserror.Within(folder, path, err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		text := make([]byte, 20)
		n, _ := f.ReadAt(text, 0)
		pid, _ := strconv.Atoi(strings.TrimSpace(string(text[:n])))
		return nil, errors.Join(&LockedError{folder, pid}, f.Close())
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintln(f, os.Getpid())
	}
	if err != nil {
		return nil, errors.Join(oserror.Within(folder, path, err), f.Close())
	}
	return f.Close, nil
}
