package ejabberd

import (
	"context"
	"errors"
)

// SharedGroups is what a host knows of shared roster groups.
type SharedGroups int

const (
	// NoSharedGroups means that mod_shared_roster has no group.
	NoSharedGroups SharedGroups = iota
	// SomeSharedGroups means that it has groups.
	SomeSharedGroups
	// SharedGroupsNotLoaded means that the module is not loaded.
	SharedGroupsNotLoaded
)

// SharedGroups asks whether a host has shared roster groups. As measured, the command crashes
// where the module is not loaded, which the server logs. It knows nothing of the groups of
// mod_shared_roster_ldap.
func (a *API) SharedGroups(ctx context.Context, host string) (SharedGroups, error) {
	got, err := a.call(ctx, host, "srg_list", arg{"host", host})
	if e, ok := errors.AsType[*Error](err); ok && e.Code == internalError {
		return SharedGroupsNotLoaded, nil
	}
	if err != nil || len(got.list()) == 0 {
		return NoSharedGroups, err
	}
	return SomeSharedGroups, nil
}
