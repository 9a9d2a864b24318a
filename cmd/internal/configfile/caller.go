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

// noControl is the value of the key control that means no socket.
const noControl = "none"

// maxSocketPath limits the length of a socket's path, in bytes (unix(7)).
const maxSocketPath = 107

// ControlPath checks the value of the key control and returns the socket's path. The path
// is empty if the component has no socket.
func ControlPath(text string) (string, error) {
	switch {
	case text == "":
		return DefaultControl, nil
	case text == noControl:
		return "", nil
	case !filepath.IsAbs(text):
		return "", fmt.Errorf("%q is neither an absolute path nor %s", text, noControl)
	case len(text) > maxSocketPath:
		return "", fmt.Errorf("%q is longer than the %d bytes that a socket's path can have", text, maxSocketPath)
	}
	return text, nil
}

// Caller is the part of the configuration that a caller of the component needs.
type Caller struct {
	Control    string // the control socket's path; empty: the component has none
	JID        string // the component's; empty: unknown
	Unreadable bool   // the file exists, but the caller has no permission to read it
}

// LoadCaller reads the configuration of a caller from the file at path and from the
// environment. The caller need not be able to read the secret. A file that does not
// exist, or that the caller has no permission to read, counts as empty, unless the
// caller named it. Then it is an error.
func LoadCaller(path string, named bool, getenv func(string) string) (Caller, error) {
	var f File
	text, err := os.ReadFile(path)
	unavailable := errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
	switch {
	case err == nil:
		if f, err = Parse(text); err != nil {
			return Caller{}, fmt.Errorf("%s: %w", path, err)
		}
	case named || !unavailable:
		return Caller{}, pathError(err)
	}
	sources := f.OverrideFrom(getenv)
	socket, socketErr := ControlPath(f.Control)
	if socketErr != nil {
		return Caller{}, fmt.Errorf("%s: control: %w", cmp.Or(sources["control"], path), socketErr)
	}
	return Caller{Control: socket, JID: f.JID, Unreadable: errors.Is(err, fs.ErrPermission)}, nil
}

// pathError returns an error about a file as "path: cause", without the system call.
func pathError(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Errorf("%s: %w", e.Path, e.Err)
	}
	return err
}
