// Package fault classifies why a request was not carried out. Packages on every
// floor have error types of their own. Each says by its method Fault what a requester
// may learn, so that a front needs to know this one type only.
package fault

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Code is the class of a fault.
type Code int

// The classes.
const (
	// Internal is a failure of the component itself. Only the log says more.
	Internal Code = iota
	// Invalid is an argument that cannot be accepted. Param names it.
	Invalid
	// Declined is a request that cannot be carried out on what stands. Nothing was
	// changed. It is an answer rather than a failure.
	Declined
	// NotServed is a host that the component does not manage. Host names it.
	NotServed
	// Away is a host, or all of them, that cannot be asked at the moment. Nothing was
	// sent.
	Away
	// NoAnswer is a request that was sent and not answered. Whether the server
	// carried it out is unknown.
	NoAnswer
	// Busy is a request that conflicts with another one under way.
	Busy
	// Refused is a request that the server refused, or that its configuration does
	// not permit.
	Refused
	// Partial is a request that was carried out in part.
	Partial
)

// Error is why a request was not carried out.
type Error struct {
	Code   Code
	Text   string // for the requester; a clause without a full stop
	Detail string // what stands now after a failure in the middle; may be empty
	Param  string // of the code Invalid
	Host   string // of the codes NotServed and Away; empty if every host was meant
	// Temporary says that the same request may succeed later. The codes Away, NoAnswer
	// and Busy imply it.
	Temporary bool
	// ServerAway says of the codes Partial and Refused that the server may have stopped
	// answering.
	ServerAway bool
}

// Error implements error.
func (e *Error) Error() string {
	if e.Detail == "" {
		return e.Text
	}
	return fmt.Sprintf("%s (%s)", e.Text, e.Detail)
}

// Fault returns e itself.
func (e *Error) Fault() *Error { return e }

// Message is the text for a requester. repeatable says that the request may be made
// again without harm, even if it was carried out.
func (e *Error) Message(repeatable bool) string {
	said := *e
	if e.Code == NoAnswer {
		said.Text += "; whether it did what was asked is unknown"
		if repeatable {
			said.Text += ", and asking again does no harm"
		}
	}
	return said.Error()
}

// IsAway reports whether the server did not answer or could not be reached.
func (e *Error) IsAway() bool { return e.Code == Away || e.Code == NoAnswer || e.ServerAway }

// IsTemporary reports whether the same request may succeed later.
func (e *Error) IsTemporary() bool { return e.Temporary || e.IsAway() || e.Code == Busy }

// Of returns the fault that an error means: what the outermost error in its chain
// says that has a method Fault. For the end of a request's time it returns a Busy
// fault, and for any other error an Internal one.
func Of(err error) *Error {
	if e, ok := errors.AsType[interface {
		error
		Fault() *Error
	}](err); ok {
		return e.Fault()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{Code: Busy, Text: "it took too long and was given up; another verb may be busy with the same user (listJobs)"}
	}
	return &Error{Code: Internal, Text: "something went wrong here; the log of the component says what"}
}

// Is reports whether an error means a fault of that class.
func Is(err error, code Code) bool { return err != nil && Of(err).Code == code }

// ErrNoAnswer is wrapped by errors of requests that were not answered: whether they
// were carried out is unknown.
var ErrNoAnswer = &Error{Code: NoAnswer, Text: "the server did not answer"}

// ErrUnreachable is wrapped by errors of requests that could not be sent.
var ErrUnreachable error = unreachable{}

// unreachable words ErrUnreachable for the log, where the address stands before it, and
// for a requester, who is not told the address.
type unreachable struct{}

func (unreachable) Error() string { return "cannot be reached" }

func (unreachable) Fault() *Error {
	return &Error{Code: Away, Text: "the server's API cannot be reached; the log of the component says why"}
}

// NotServedError refuses a host that does not grant the component access. Nothing was
// sent.
type NotServedError struct {
	Host   string   // empty: every host was meant, and none grants access
	Served []string // the hosts that grant access, sorted
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

// Fault classifies the error as NotServed, or as Away if it may pass.
func (e *NotServedError) Fault() *Error {
	code := NotServed
	if e.Host == "" || e.Away {
		code = Away
	}
	return &Error{Code: code, Text: e.Error(), Host: e.Host}
}

// NotPermittedError says that the server's configuration does not permit what was
// asked.
type NotPermittedError struct {
	Host string
	Reason string // what its configuration lacks, or its version; a clause without a full stop
}

func (e *NotPermittedError) Error() string {
	return fmt.Sprintf("%s: the server does not permit it: %s", e.Host, e.Reason)
}

// Fault classifies the error as Refused.
func (e *NotPermittedError) Fault() *Error { return &Error{Code: Refused, Text: e.Error()} }
