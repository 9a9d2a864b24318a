// Package serverapi calls a server's own API commands: ejabberd's, through its
// mod_adhoc_api (25.03 and newer), which offers them as ad-hoc commands
// (XEP-0050).
package serverapi

import (
	"context"
	"fmt"

	"emanagement/component"
)

// Forbidden is the code of an Error for what the server's api_permissions or
// access rules do not allow.
const Forbidden = 403

// Error is the server's refusal of a command.
type Error struct {
	Command string
	Code    int    // as in HTTP; 0 where the command could not be called at all
	Text    string // the server's own words
}

func (e *Error) Error() string {
	if e.Code == 0 {
		return fmt.Sprintf("%s: %s", e.Command, e.Text)
	}
	return fmt.Sprintf("%s: error %d: %s", e.Command, e.Code, e.Text)
}

// API calls the commands. Its methods may be used by many goroutines at once;
// they wait for the server's answer, with the errors of component.Ask and
// *Error.
type API struct {
	adhoc  adhoc
	served func() []string // the hosts that can be managed
}

// New returns the API that the component's server offers it.
func New(c *component.Component) *API { return &API{adhoc: adhoc{c}, served: c.Served} }

// arg is one argument of a command: a string, an int, a list of strings, or
// strings by name.
type arg struct {
	name  string
	value any
}

// answer is the result of a command, whichever way it came.
type answer interface {
	// list is the result's elements, or the one.
	list() []string
	// rows is the result's elements where each has several columns, which have
	// these names. In the last one anything may stand.
	rows(columns ...string) ([]map[string]string, error)
}

// call runs one command on a host.
func (a *API) call(ctx context.Context, host string, command string, args ...arg) (answer, error) {
	return a.adhoc.call(ctx, host, command, args)
}
