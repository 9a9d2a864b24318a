package configfile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"emanagement/cmd/internal/paths"
)

// DefaultControl is the path of the control socket if the configuration names none.
const DefaultControl = paths.Control

// noControl is the value of the key control for no socket.
const noControl = "none"

// maxPath limits a socket's path, in bytes (unix(7)).
const maxPath = 107

// ControlPath checks the value of the key control and returns the socket's path. It is
// empty if there is no socket.
func ControlPath(text string) (string, error) {
	switch {
	case text == "":
		return DefaultControl, nil
	case text == noControl:
		return "", nil
	case !filepath.IsAbs(text):
		return "", fmt.Errorf("%q is neither a path from the root on nor %s", text, noControl)
	case len(text) > maxPath:
		return "", fmt.Errorf("%q is longer than the %d bytes that a socket's path can have", text, maxPath)
	}
	return text, nil
}

// Caller is what a caller of the component needs of its configuration.
type Caller struct {
	Control string // the control socket's path; empty: the component has none
	JID     string // the component's; empty where that is not known
	Unread  bool   // the configuration is there, but not for the caller to read
}

// LoadCaller reads what a caller needs from the file and the environment. The
// caller need not be able to read the secret. Where the file is not there, or
// not for the caller to read, it is as if nothing stood in it, unless it was
// named: then that is an error.
func LoadCaller(path string, named bool, getenv func(string) string) (Caller, error) {
	var f File
	text, err := os.ReadFile(path)
	missing := errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
	switch {
	case err == nil:
		if f, err = Parse(text); err != nil {
			return Caller{}, fmt.Errorf("%s: %w", path, err)
		}
	case named || !missing:
		return Caller{}, plain(err)
	}
	from := f.Override(getenv)
	s, serr := ControlPath(f.Control)
	if serr != nil {
		return Caller{}, fmt.Errorf("%s: control: %w", cmp.Or(from["control"], path), serr)
	}
	return Caller{Control: s, JID: f.JID, Unread: errors.Is(err, fs.ErrPermission)}, nil
}

// plain words an error about a file as object: what happened.
func plain(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Errorf("%s: %w", e.Path, e.Err)
	}
	return err
}
