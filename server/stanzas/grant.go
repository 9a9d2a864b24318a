package stanzas

import (
	"errors"

	"emanagement/component"
)

// CheckGrant returns an error if a grant does not permit reading and writing rosters
// (component.Config.CheckGrant). The error names the missing option of the server's
// configuration.
func CheckGrant(g component.Grant) error {
	if g.Access["roster"] != "both" {
		return errors.New("rosters of this host cannot be managed: " + noRosterPrivilege)
	}
	return nil
}
