package fault

import (
	"fmt"
	"strings"
)

// ErrNoAnswer is wrapped by the error of a request that was not answered. It is unknown
// whether the server carried out the request.
var ErrNoAnswer = &Error{Code: NoAnswer, Text: "the server did not answer"}

// ErrUnreachable is wrapped by the error of a request that could not be sent.
var ErrUnreachable error = unreachable{}

// unreachable is the type of ErrUnreachable. In the log its text follows the address. The
// requester does not learn the address.
type unreachable struct{}

func (unreachable) Error() string { return "cannot be reached" }

func (unreachable) Fault() *Error {
	return &Error{Code: Away, Text: "the server's API cannot be reached; the log of the component says why"}
}

// NotServedError refuses a request to a host that does not grant the component access.
// Nothing was sent.
type NotServedError struct {
	Host   string
	Served []string // the hosts that can be managed
	Away   bool     // the configuration names the host, so this may pass
}

func (e *NotServedError) Error() string {
	if e.Away {
		return fmt.Sprintf("%s: the server does not let this component manage it at the moment; the log of the component says why. Another connection of the component's name may have taken its place", e.Host)
	}
	served := "none at the moment"
	if len(e.Served) > 0 {
		served = strings.Join(e.Served, ", ")
	}
	return fmt.Sprintf("%s: not a host whose rosters are managed here (these are: %s)", e.Host, served)
}

// Fault classifies the error as NotServed, or as Away if it may pass.
func (e *NotServedError) Fault() *Error {
	code := NotServed
	if e.Away {
		code = Away
	}
	return &Error{Code: code, Text: e.Error(), Host: e.Host}
}

// NotPermittedError means that the server does not permit a request.
type NotPermittedError struct {
	Host string
	// Reason names the missing part of the server's configuration, or the version that
	// it needs. It is a clause without a full stop.
	Reason string
}

func (e *NotPermittedError) Error() string {
	return fmt.Sprintf("%s: the server does not permit it: %s", e.Host, e.Reason)
}

// Fault classifies the error as NotPermitted.
func (e *NotPermittedError) Fault() *Error { return &Error{Code: NotPermitted, Text: e.Error()} }
