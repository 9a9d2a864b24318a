// Package oserror explains why a file cannot be used and how to correct that: who owns the
// file, which folder is missing.
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

// File explains an error of the operating system about a file or a folder, and adds a
// remedy. The result begins with the path and wraps the error's cause.
func File(path string, err error) error { return FileIn(path, path, err) }

// FileIn does the same for a file in a folder that only this program uses. Its remedies
// apply to the whole folder.
func FileIn(folder, path string, err error) error {
	cause := err
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		cause = e.Err
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: %w; %s", path, cause, remedyForPermission(folder, path))
	case errors.Is(err, fs.ErrNotExist):
		if parent := filepath.Dir(path); !exists(parent) {
			return fmt.Errorf("%s: %w; its folder %s is missing: install -d -o %s %s", path, cause, parent, currentUser(), parent)
		}
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s: %w; %s must be a folder", path, cause, firstNonFolder(path))
	}
	return fmt.Errorf("%s: %w", path, cause)
}

// Cause returns the error number (errno) in an error, without the operation and the file.
// It returns any other error unchanged.
func Cause(err error) error {
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		return e
	}
	return err
}

// exists reports whether a file exists. It is true if that cannot be found out.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// remedyForPermission names the owner of a file, or of the folder that would contain it,
// and a command that lets the program use the file. The commands change only what belongs
// to the program, and never what others use too.
func remedyForPermission(folder, path string) string {
	at := path
	for !canStat(at) && at != filepath.Dir(at) {
		at = filepath.Dir(at)
	}
	info, err := os.Stat(at)
	if err != nil {
		return "emanagement runs as " + currentUser()
	}
	owner, mode := os.Geteuid(), info.Mode().Perm()
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = int(stat.Uid)
	}
	ownership := fmt.Sprintf("%s belongs to %s (mode %04o), and emanagement runs as %s", at, userName(owner), mode, currentUser())
	switch {
	case at == path && owner == os.Geteuid():
		return ownership + fmt.Sprintf("; chmod -R u+rwX %s", folder)
	case at == path && (info.IsDir() || folder != path):
		return ownership + fmt.Sprintf("; if emanagement created it in a run as root: chown -R %s %s", currentUser(), folder)
	case at == path:
		return ownership + fmt.Sprintf("; chown %s %s", currentUser(), path)
	case mode&0o001 == 0 && owner != os.Geteuid():
		return ownership + "; let others pass through it (chmod o+x), or name another place"
	case at == filepath.Dir(path):
		return ownership + fmt.Sprintf("; if %s must be a folder: install -d -o %s -m 700 %s; if it must be a file, name one in a folder of its own", path, currentUser(), path)
	}
	return ownership + fmt.Sprintf("; install -d -o %s %s", currentUser(), filepath.Dir(path))
}

// canStat reports whether a file exists and its folder can be searched.
func canStat(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// firstNonFolder returns the file that a path uses as a folder.
func firstNonFolder(path string) string {
	for at := filepath.Dir(path); at != filepath.Dir(at); at = filepath.Dir(at) {
		if canStat(at) {
			return at
		}
	}
	return filepath.Dir(path)
}

// currentUser returns the name of the user that the program runs as.
func currentUser() string { return userName(os.Geteuid()) }

// userName returns the name of a user of this machine, or the number if it has no name.
func userName(uid int) string {
	id := strconv.Itoa(uid)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}
