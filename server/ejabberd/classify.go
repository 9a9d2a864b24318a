package ejabberd

import (
	"context"
	"errors"

	"emanagement/server"
)

// Classify returns an error of a command on a host as an error with a fault (package
// fault). A command that the server cannot run or forbids becomes a
// *fault.NotPermittedError, for which Classify asks the server as NotPermitted does. An
// *Error with another code is returned unchanged, and any other error as server.Classify
// returns it. ctx is the context of the command.
func (a *API) Classify(ctx context.Context, host string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok && ctx.Err() == nil && (e.Code == Forbidden || e.Code == 0) {
		return a.NotPermitted(ctx, host, e)
	}
	return server.Classify(ctx, host, err)
}
