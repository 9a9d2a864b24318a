// Package oserror says of a file that cannot be used why that is and what to do:
// whose it is, which folder is missing.
package oserror

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

// File words an error about a file, or a folder, as object: what happened, and says
// what to do. It keeps the error's cause.
func File(path string, err error) error { return Within(path, path, err) }

// Within does so for a file in a folder that the program has to itself: what is to be
// done concerns all of the folder.
func Within(folder, path string, err error) error {
	cause := err
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		cause = e.Err
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: %w; %s", path, cause, remedy(folder, path))
	case errors.Is(err, fs.ErrNotExist):
		if parent := filepath.Dir(path); !exists(parent) {
			return fmt.Errorf("%s: %w; its folder %s is missing: install -d -o %s %s", path, cause, parent, me(), parent)
		}
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s: %w; %s must be a folder", path, cause, firstFile(path))
	}
	return fmt.Errorf("%s: %w", path, cause)
}

// Cause is an error of the system without what was done to which file; any other error
// as it is.
func Cause(err error) error {
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		return e
	}
	return err
}

// exists says whether something is there; what may not be looked at may be.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// remedy says whose a file is, or the folder in which it would be, and what to do. The
// commands are for what is the program's own, and never for what others use too.
func remedy(folder, path string) string {
	at := path
	for !seen(at) && at != filepath.Dir(at) {
		at = filepath.Dir(at)
	}
	info, err := os.Stat(at)
	if err != nil {
		return "this is " + me()
	}
	owner, mode := os.Geteuid(), info.Mode().Perm()
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = int(stat.Uid)
	}
	whose := fmt.Sprintf("%s belongs to %s (mode %04o), and this is %s", at, nameOf(owner), mode, me())
	switch {
	case at == path && owner == os.Geteuid():
		return whose + fmt.Sprintf("; chmod -R u+rwX %s", folder)
	case at == path && (info.IsDir() || folder != path):
		return whose + fmt.Sprintf("; if it is emanagement's, from a run as root: chown -R %s %s", me(), folder)
	case at == path:
		return whose + fmt.Sprintf("; chown %s %s", me(), path)
	case mode&0o001 == 0 && owner != os.Geteuid():
		return whose + "; let others pass through it (chmod o+x), or name another place"
	case at == filepath.Dir(path):
		return whose + fmt.Sprintf("; where %s is to be a folder: install -d -o %s -m 700 %s; a file, name one in a folder of its own", path, me(), path)
	}
	return whose + fmt.Sprintf("; install -d -o %s %s", me(), filepath.Dir(path))
}

func seen(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// firstFile is what stands on a path in the place of a folder.
func firstFile(path string) string {
	for at := filepath.Dir(path); at != filepath.Dir(at); at = filepath.Dir(at) {
		if seen(at) {
			return at
		}
	}
	return filepath.Dir(path)
}

// me is the user that the program runs as.
func me() string { return nameOf(os.Geteuid()) }

// nameOf is the name of a user of this machine, or the number.
func nameOf(uid int) string {
	id := strconv.Itoa(uid)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}
