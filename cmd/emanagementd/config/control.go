package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"emanagement/verb/wire"
)

// DefaultControl is where the control socket is when nothing else is said.
const DefaultControl = wire.DefaultSocket

// noControl is what the configuration says where there is to be no socket.
const noControl = "none"

// Socket is where the control socket is.
type Socket struct {
	Path  string // empty: there is none
	Fixed bool   // the configuration names another than the default
	Group int    // whose members may call; 0: that of the process
}

// group reads the name or the number of a group of this machine, 0 for none.
func group(text string) (gid int, err error) {
	if text == "" {
		return 0, nil
	}
	if gid, err := strconv.Atoi(text); err == nil && gid > 0 {
		return gid, nil
	}
	g, err := user.LookupGroup(text)
	if err != nil {
		return 0, fmt.Errorf("%q is no group of this machine; groupadd --system %s makes it", text, text)
	}
	return strconv.Atoi(g.Gid)
}

// maxPath is what the system takes of a socket's path, in bytes.
const maxPath = 107

func socket(text string) (Socket, error) {
	switch {
	case text == "":
		return Socket{Path: DefaultControl}, nil
	case text == noControl:
		return Socket{}, nil
	case !filepath.IsAbs(text):
		return Socket{}, fmt.Errorf("%q is neither a path from the root on nor %s", text, noControl)
	case len(text) > maxPath:
		return Socket{}, fmt.Errorf("%q is longer than the %d bytes that a socket's path can have", text, maxPath)
	}
	return Socket{Path: text, Fixed: text != DefaultControl}, nil
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
	var f file
	text, err := os.ReadFile(path)
	missing := errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
	switch {
	case err == nil:
		if f, err = parse(text); err != nil {
			return Caller{}, fmt.Errorf("%s: %w", path, err)
		}
	case named || !missing:
		return Caller{}, plain(err)
	}
	from := f.override(path, getenv)
	s, serr := socket(f.Control)
	if serr != nil {
		return Caller{}, fmt.Errorf("%s: control: %w", cmp.Or(from["control"], path), serr)
	}
	return Caller{Control: s.Path, JID: f.JID, Unread: errors.Is(err, fs.ErrPermission)}, nil
}
