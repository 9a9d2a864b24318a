package config

import (
	"fmt"
	"os/user"
	"strconv"

	"emanagement/cmd/internal/configfile"
)

// Socket is the control socket.
type Socket struct {
	Path  string // empty: there is none
	Fixed bool   // the configuration names another path than the default
	Group int    // whose members may connect; 0: the process's group
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

func socket(text string) (Socket, error) {
	path, err := configfile.ControlPath(text)
	return Socket{Path: path, Fixed: path != "" && path != configfile.DefaultControl}, err
}
