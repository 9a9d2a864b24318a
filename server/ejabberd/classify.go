package ejabberd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"emanagement/fault"
	"emanagement/server"
)

// Classify gives an error of a command on a host its class (package fault): a command
// that cannot be called or is forbidden is not permitted, and the error says what to
// do. Every other error is classified as server.Classify does it. A refusal in the
// server's own words is returned as *Error.
func (a *API) Classify(ctx context.Context, host string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok && ctx.Err() == nil && (e.Code == Forbidden || e.Code == 0) {
		return a.NotPermitted(ctx, host, e)
	}
	return server.Classify(ctx, host, err)
}

// moduleOf returns the module of ejabberd that provides a command.
func moduleOf(command string) string {
	if strings.Contains(command, "room") {
		return "mod_muc_admin"
	}
	return "mod_admin_extra"
}

// NotPermitted returns why a host's server refused to run a command, and what to do. To
// tell causes apart that look alike, it asks for the status: that command needs no
// module but the one that runs commands, and no access rule.
func (a *API) NotPermitted(ctx context.Context, host string, e *Error) *fault.NotPermittedError {
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
		also = "" // not checked for HTTP
	}
	says := fmt.Sprintf(" (the server says: %v)", e)
	switch {
	case e.Code == 0 && status != nil && status.Code == 0 && !e.HTTP:
		// ejabberd 23.01 answers so to every command. 24.12 does not answer, which look
		// notices.
		what += "in ejabberd.yml, mod_adhoc_api must be loaded" + says + "; " + tooOld
	case e.Code == 0 && status != nil && status.Code == 0 && e.HTTP:
		what += "mod_http_api must listen where api: says here, at that very path" + says
	case e.Code == 0:
		what += fmt.Sprintf("in ejabberd.yml, %s must be loaded: it provides %s", moduleOf(e.Command), e.Command) + says
	case status != nil && status.Code == Forbidden:
		what += fmt.Sprintf("in ejabberd.yml, api_permissions must let this component run %s", e.Command) + says
	default:
		what += fmt.Sprintf("in ejabberd.yml, %swhat: in api_permissions must name %s", also, e.Command) + says
	}
	return &fault.NotPermittedError{Host: host, What: what}
}
