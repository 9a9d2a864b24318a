// Package fault has the errors that a server's answers can mean, whatever
// was asked of it: rosters, presences, rooms.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNoAnswer is wrapped by errors of requests that were not answered: whether
// they were carried out is unknown.
var ErrNoAnswer = errors.New("the server did not answer")

// ErrUnreachable is wrapped by errors of requests that could not be sent.
var ErrUnreachable = errors.New("cannot be reached")

// NotServedError refuses a host that does not grant us access. Nothing was
// sent.
type NotServedError struct {
	Host   string   // empty: every host was meant, and there is none
	Served []string // the hosts that do, sorted
	// Away says that this may pass: the host has granted access before, the
	// configuration names it, or no host grants any at the moment.
	Away bool
}

func (e *NotServedError) Error() string {
	if e.Host == "" {
		return "no host's rosters are managed here at the moment; the log of the component says why"
	}
	if e.Away {
		return fmt.Sprintf("%s: the server does not let this component manage it at the moment; the log of the component says why. Another connection of the component's name may have taken its place", e.Host)
	}
	served := "none at the moment"
	if len(e.Served) > 0 {
		served = strings.Join(e.Served, ", ")
	}
	return fmt.Sprintf("%s: not a host whose rosters are managed here (these are: %s)", e.Host, served)
}

// NotPermittedError says that the server's configuration does not let us do
// what is asked.
type NotPermittedError struct {
	Host string
	What string // what to add to its configuration
}

func (e *NotPermittedError) Error() string {
	return fmt.Sprintf("%s: the server does not permit it: %s", e.Host, e.What)
}
