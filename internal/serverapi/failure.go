package serverapi

import (
	"context"
	"errors"
	"fmt"

	"emanagement/component"
	"emanagement/internal/failure"
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
		return &failure.NotServedError{Host: e.Host, Served: e.Served}
	}
	if _, ok := errors.AsType[*component.TimeoutError](err); ok || errors.Is(err, component.ErrDisconnected) || ctx.Err() != nil && err != nil {
		return fmt.Errorf("%s: %w: %w", about, failure.ErrNoAnswer, err)
	}
	return err
}

// NotPermitted is what it means that a host's server does not let us run a
// command, which one of its modules provides.
func (e *Error) NotPermitted(host, module string) *failure.NotPermittedError {
	what := "mod_adhoc_api and %s must be loaded, api_permissions must let this component run %s, and the access rule configure must allow it"
	if e.HTTP {
		what = "mod_http_api must listen where api: says here, %s must be loaded, and api_permissions must let who comes from there run %s"
	}
	what = fmt.Sprintf("in ejabberd.yml, "+what+" (the server says: %v)", module, e.Command, e)
	if e.Code == 0 && !e.HTTP { // so says 23.01 of every command; 24.12 says nothing, which call knows
		what += "; " + tooOld
	}
	return &failure.NotPermittedError{Host: host, What: what}
}
