package ejabberd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"emanagement/fault"
)

// HTTPAdvice tells an administrator how to let the component reach a server's API over
// HTTP. It continues a sentence about the server.
const HTTPAdvice = "let it offer its API over HTTP (mod_http_api) and write api: {url: …} into the configuration here"

// Parts of the reasons why a server does not permit a command.
const (
	noRoute    = "it does not answer the ad-hoc commands of its API: " + adhocSince
	adhocSince = "ejabberd has mod_adhoc_api since 25.03; upgrade an older one, or " + HTTPAdvice
	configure  = "the access rule configure must allow this component, and "
)

// NotPermitted returns the reason for which a host's server did not run a command: the
// missing part of its configuration, and the server's refusal e. Some causes have the same
// refusal. To tell them apart, NotPermitted runs the command status over the same route: it
// needs no module but the one that runs commands, and no access rule. So NotPermitted waits
// for the server.
func (a *API) NotPermitted(ctx context.Context, host string, e *Error) *fault.NotPermittedError {
	status := a.statusRefusal(ctx, host, e.HTTP)
	refusal := fmt.Sprintf(" (the server says: %v)", e)
	var reason string
	switch {
	case e.Code == 0 && status != nil && status.Code == 0 && !e.HTTP:
		// ejabberd 23.01 refuses every command like this. 24.12 does not answer, which
		// the probe of the ad-hoc commands finds.
		reason = "in ejabberd.yml, mod_adhoc_api must be loaded" + refusal + "; " + adhocSince
	case e.Code == 0 && status != nil && status.Code == 0 && e.HTTP:
		reason = "in ejabberd.yml, mod_http_api must listen where api: says here, at exactly that path" + refusal
	case e.Code == 0:
		reason = fmt.Sprintf("in ejabberd.yml, %s must be loaded: it provides %s", moduleOf(e.Command), e.Command) + refusal
	case status != nil && status.Code == Forbidden:
		reason = "in ejabberd.yml, api_permissions must let this component run " + e.Command + refusal
	case e.HTTP: // over HTTP, ejabberd does not check the access rule configure
		reason = "in ejabberd.yml, what: in api_permissions must name " + e.Command + refusal
	default:
		reason = "in ejabberd.yml, " + configure + "what: in api_permissions must name " + e.Command + refusal
	}
	return &fault.NotPermittedError{Host: host, Reason: reason}
}

// statusRefusal returns the server's refusal of the command status, or nil if it was not
// refused.
func (a *API) statusRefusal(ctx context.Context, host string, overHTTP bool) *Error {
	var err error
	if overHTTP {
		_, err = a.http.call(ctx, "status", nil)
	} else {
		_, err = a.adhoc.call(ctx, host, "status", nil)
	}
	refusal, _ := errors.AsType[*Error](err)
	return refusal
}

// moduleOf returns the module of ejabberd that provides a command.
func moduleOf(command string) string {
	if strings.Contains(command, "room") {
		return "mod_muc_admin"
	}
	return "mod_admin_extra"
}
