// Package ejabberd calls a server's own API commands: ejabberd's, through its
// mod_adhoc_api (25.03 and newer), which offers them as ad-hoc commands
// (XEP-0050), or through its mod_http_api.
package ejabberd

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"

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
	HTTP    bool   // it came over HTTP
}

func (e *Error) Error() string {
	if e.Code == 0 {
		return fmt.Sprintf("%s: %s", e.Command, e.Text)
	}
	return fmt.Sprintf("%s: error %d: %s", e.Command, e.Code, e.Text)
}

// API calls the commands. Its methods may be used by many goroutines at once;
// they wait for the server's answer, with the errors of component.Ask, *Error,
// *failure.NotPermittedError, and such as wrap failure.ErrNoAnswer or
// failure.ErrUnreachable.
type API struct {
	adhoc  adhoc
	http   *overHTTP // nil: it is not configured
	choice *choice
	served func() []string // the hosts that can be managed
}

// New returns the API that the component's server offers it.
func New(c *component.Component) *API {
	return &API{adhoc: adhoc{c, new(sync.Map)}, choice: newChoice(), served: c.Served}
}

// NewWithHTTP returns the API that the component's server offers it, and offers
// over HTTP too. To be closed after use.
func NewWithHTTP(c *component.Component, e Endpoint) *API {
	a := New(c)
	a.http = newOverHTTP(e)
	return a
}

// HasHTTP says whether commands may go over HTTP.
func (a *API) HasHTTP() bool { return a.http != nil }

// Close ends the connections that are kept for the next command. No command
// may be under way.
func (a *API) Close() {
	if a.http != nil {
		a.http.client.CloseIdleConnections()
	}
}

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
	// rows reads the result's elements where each has several columns, which
	// have these names. In the last one anything may stand. An error ends it.
	rows(columns ...string) iter.Seq2[row, error]
	// exact says whether anything may stand in the other columns too.
	exact() bool
}

// row is one element by its columns' names.
type row map[string]string

// allRows are the rows of an answer that is not long.
func allRows(a answer, columns ...string) (rows []row, err error) {
	for r, err := range a.rows(columns...) {
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// do runs a command whose result is a code, 0 for done.
func (a *API) do(ctx context.Context, host string, command string, args ...arg) error {
	got, err := a.call(ctx, host, command, args...)
	if err != nil {
		return err
	}
	if code := strings.Join(got.list(), " "); code != "0" {
		return &Error{Command: command, Code: 500, Text: "result " + code}
	}
	return nil
}
