// Package ejabberd runs the API commands of an ejabberd server. They are reached through
// its mod_adhoc_api (25.03 and newer), which offers them as ad-hoc commands (XEP-0050), or
// through its mod_http_api.
package ejabberd

import (
	"context"
	"strings"

	"emanagement/component"
)

// API runs API commands on the hosts that grant a component access. Its methods may be
// used concurrently.
//
// A method waits for the host's grant, for the first probe of the host's ad-hoc commands,
// and up to 10 s for the server's answer. Errors: those of component.Ask; *Error (the
// server refused the command); *fault.NotPermittedError (the host offers no API); one that
// wraps fault.ErrNoAnswer or fault.ErrUnreachable. The methods of room.Server classify
// these errors.
type API struct {
	adhoc  adhoc
	http   *httpClient // nil if HTTP is not configured
	probes *adhocProbes
	served func() []string // component.Served
}

// New returns the API that the component's server offers as ad-hoc commands.
func New(c *component.Component) *API {
	return &API{adhoc: newAdhoc(c), probes: newAdhocProbes(), served: c.Served}
}

// NewWithHTTP returns the API that the component's server offers as ad-hoc commands and
// over HTTP. The caller must Close it after use.
func NewWithHTTP(c *component.Component, e Endpoint) *API {
	a := New(c)
	a.http = newHTTPClient(e)
	return a
}

// HasHTTP reports whether the API may use HTTP.
func (a *API) HasHTTP() bool { return a.http != nil }

// Close closes the idle HTTP connections. No command may be under way.
func (a *API) Close() {
	if a.http != nil {
		a.http.client.CloseIdleConnections()
	}
}

// arg is one argument of a command. Its value is a string, an int, a []string or a
// map[string]string.
type arg struct {
	name  string
	value any
}

// callForCode runs a command whose result is a code. Any code but 0 (success) is an
// *Error.
func (a *API) callForCode(ctx context.Context, host string, command string, args ...arg) error {
	got, err := a.call(ctx, host, command, args...)
	if err != nil {
		return err
	}
	if code := strings.Join(got.list(), " "); code != "0" {
		return &Error{Command: command, Code: internalError, Text: "result " + code}
	}
	return nil
}
