// Package blame says of a file that cannot be used why that is and what to do:
// whose it is, which folder is missing.
package blame

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// File words an error about a file, or a folder, as object: what happened. It keeps
// the error's cause.
func File(path string, err error) error {
	cause := err
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		cause = e.Err
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: %w; %s", path, cause, whose(path))
	case errors.Is(err, fs.ErrNotExist):
		if folder := filepath.Dir(path); !exists(folder) {
			return fmt.Errorf("%s: %w; its folder %s is missing: install -d -o %s %s", path, cause, folder, nameOf(os.Geteuid()), folder)
		}
	}
	return fmt.Errorf("%s: %w", path, cause)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// whose says whose a file is, or the folder in which it would be, and who asks.
func whose(path string) string {
	info, err := os.Stat(path)
	for ; err != nil && path != filepath.Dir(path); info, err = os.Stat(path) {
		path = filepath.Dir(path)
	}
	if err != nil {
		return "this is " + nameOf(os.Geteuid())
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "this is " + nameOf(os.Geteuid())
	}
	text := fmt.Sprintf("%s belongs to %s (mode %04o), and this is %s", path, nameOf(int(owner.Uid)), info.Mode().Perm(), nameOf(os.Geteuid()))
	if owner.Uid == 0 {
		text += fmt.Sprintf("; if emanagement made it when it was run as root: chown -R %s %s", nameOf(os.Geteuid()), path)
	}
	return text
}

// nameOf is the name of a user of this machine, or the number.
func nameOf(uid int) string {
	id := strconv.Itoa(uid)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}
