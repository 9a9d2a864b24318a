package users

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"emanagement/internal/blame"
)

// lockFile is held by whoever serves from a folder. It says which process that is.
const lockFile = "emanagement.lock"

// LockedError says that another process serves from the folder.
type LockedError struct {
	Folder string
	PID    int // 0 where that is not known
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s: another emanagement (process %d) uses it", e.Folder, e.PID)
}

// Prepare makes the folder, for its owner alone, where its parent is there, and
// shuts others out of one that is there.
func Prepare(folder string) error {
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return blame.File(folder, err)
	}
	info, err := os.Stat(folder)
	if err != nil {
		return blame.File(folder, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(folder, 0o700); err != nil {
			return blame.File(folder, err)
		}
	}
	return nil
}

// Lock takes the folder for this process until release is called, or the process
// ends. A *LockedError where another has it.
func Lock(folder string) (release func() error, err error) {
	path := filepath.Join(folder, lockFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, blame.File(path, err)
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
		return nil, errors.Join(blame.File(path, err), f.Close())
	}
	return f.Close, nil
}
