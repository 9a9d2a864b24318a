package ejabberd

import (
	"context"
	"errors"
	"slices"

	"emanagement/fault"
)

// call runs a command on a host, as an ad-hoc command if the host permits that, and
// otherwise over HTTP. Some commands are permitted as ad-hoc commands except for contacts
// and users of other servers. HTTP permits those too.
func (a *API) call(ctx context.Context, host string, command string, args ...arg) (answer, error) {
	// The wait for a stream must not count as the host's silence, so it comes before the
	// probe. HTTP reaches every host of the server, so it needs the grant too.
	if err := a.adhoc.component.Ready(ctx, host); err != nil {
		return nil, err
	}
	if spelled := a.adhoc.component.Spelling(host); spelled != host {
		args = respellHost(args, host, spelled)
		host = spelled
	}
	state, err := a.adhocState(ctx, host)
	switch {
	case err != nil:
		return nil, err
	case state == adhocSilent && a.http == nil:
		return nil, &fault.NotPermittedError{Host: host, Reason: noRoute}
	case state == adhocPermitted || a.http == nil:
		got, err := a.adhoc.call(ctx, host, command, args)
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != Forbidden || a.http == nil {
			return got, err
		}
	}
	return a.http.call(ctx, command, args)
}

// respellHost returns the arguments with each host replaced by the server's spelling.
func respellHost(args []arg, host, spelled string) []arg {
	args = slices.Clone(args)
	for i, g := range args {
		if g.value == any(host) {
			args[i].value = spelled
		}
	}
	return args
}
