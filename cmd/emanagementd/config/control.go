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
	Group int    // the id of the group that may connect; 0: the process's group
}

// parseGroup returns the id of a group of this machine, given its name or its id. It is 0
// if the text is empty.
func parseGroup(text string) (gid int, err error) {
	if text == "" {
		return 0, nil
	}
	if gid, err := strconv.Atoi(text); err == nil && gid > 0 {
		return gid, nil
	}
	g, err := user.LookupGroup(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a group of this machine; groupadd --system %s creates it", text, text)
	}
	return strconv.Atoi(g.Gid)
}

func parseSocket(text string) (Socket, error) {
	path, err := configfile.ControlPath(text)
	return Socket{Path: path, Fixed: path != "" && path != configfile.DefaultControl}, err
}
