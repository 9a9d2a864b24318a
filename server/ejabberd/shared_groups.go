package ejabberd

import (
	"context"
	"errors"
)

// HasSharedGroups reports whether a host has shared roster groups (mod_shared_roster). As
// measured, the command crashes where that module is not loaded. It knows nothing of the
// groups of mod_shared_roster_ldap.
func (a *API) HasSharedGroups(ctx context.Context, host string) (bool, error) {
	got, err := a.call(ctx, host, "srg_list", arg{"host", host})
	if e, ok := errors.AsType[*Error](err); ok && e.Code == internalError {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return len(got.list()) > 0, nil
}
