package ejabberd

import (
	"context"
	"errors"
	"fmt"

	"emanagement/component"
	"emanagement/fault"
)

// maxRepeats is how often a request is made again: one for whose sake streams end
// would end one after the other.
const maxRepeats = 4

// Repeat makes a request that does no harm when it is made twice, again when its
// stream is lost, while the context lasts and four times at most.
func Repeat(ctx context.Context, request func() error) error {
	err := request()
	for again := 0; again < maxRepeats && errors.Is(err, component.ErrDisconnected) && ctx.Err() == nil; again++ {
		err = request()
	}
	return err
}

// Failure gives an error of component.Ask, or of a call, the name by which it
// is known to those who know no servers: *failure.NotServedError, or one that
// wraps failure.ErrNoAnswer. about says in a word what was asked for, ctx is
// that of the request. Other errors stay as they are.
func Failure(ctx context.Context, about string, err error) error {
	if e, ok := errors.AsType[*component.NotGrantedError](err); ok {
		return &fault.NotServedError{Host: e.Host, Served: e.Served, Away: e.Away}
	}
	if _, ok := errors.AsType[*component.TimeoutError](err); ok || errors.Is(err, component.ErrDisconnected) || ctx.Err() != nil && err != nil {
		return fmt.Errorf("%s: %w: %w", about, fault.ErrNoAnswer, err)
	}
	return err
}

// NotPermitted says why a host's server does not let us run a command, which one of
// its modules provides, and what to do. It asks for the status, which needs no
// module but that which runs commands, and no access rule: what that meets tells
// causes apart which else look alike.
func (a *API) NotPermitted(ctx context.Context, host string, e *Error, module string) *fault.NotPermittedError {
	what := ""
	var status *Error
	if e.HTTP {
		_, err := a.http.call(ctx, "status", nil)
		status, _ = errors.AsType[*Error](err)
	} else {
		_, err := a.adhoc.call(ctx, host, "status", nil)
		status, _ = errors.AsType[*Error](err)
	}
	also := "the access rule configure must allow this component, and "
	if e.HTTP {
		also = "" // HTTP does not ask for it
	}
	says := fmt.Sprintf(" (the server says: %v)", e)
	switch {
	case e.Code == 0 && status != nil && status.Code == 0 && !e.HTTP:
		// So 23.01 says of every command; 24.12 says nothing, which call knows.
		what += "in ejabberd.yml, mod_adhoc_api must be loaded" + says + "; " + tooOld
	case e.Code == 0 && status != nil && status.Code == 0 && e.HTTP:
		what += "mod_http_api must listen where api: says here, at that very path" + says
	case e.Code == 0:
		what += fmt.Sprintf("in ejabberd.yml, %s must be loaded: it provides %s", module, e.Command) + says
	case status != nil && status.Code == Forbidden:
		what += fmt.Sprintf("in ejabberd.yml, api_permissions must let this component run %s", e.Command) + says
	default:
		what += fmt.Sprintf("in ejabberd.yml, %swhat: in api_permissions must name %s", also, e.Command) + says
	}
	return &fault.NotPermittedError{Host: host, What: what}
}
