// Package fault classifies why a request was not carried out. Packages on every floor have
// error types of their own. Their method Fault returns the part that a requester may learn.
// So a front needs to know the type Error only.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Code is the class of a fault.
type Code int

// The classes.
const (
	// Internal is a failure of the component itself. Only the log says more.
	Internal Code = iota
	// Invalid is an argument that cannot be accepted. Param names it.
	Invalid
	// Declined is a request that the present state rules out. Nothing was changed. It is
	// an answer rather than a failure.
	Declined
	// NotServed is a request to a host that the component does not manage. Host names it.
	NotServed
	// Away is a request to a host, or to all hosts, that cannot be reached at the moment.
	// Nothing was sent.
	Away
	// NoAnswer is a request that was sent and not answered. It is unknown whether the
	// server carried it out.
	NoAnswer
	// TimedOut is a request whose time was over.
	TimedOut
	// Busy is a request that conflicts with another one under way.
	Busy
	// Refused is a request that the server refused.
	Refused
	// NotPermitted is a request that the server's configuration does not permit.
	NotPermitted
	// Failed is any other failure that the requester may read about.
	Failed
	// Partial is a request that was carried out in part.
	Partial
)

// Error is why a request was not carried out.
type Error struct {
	Code   Code
	Text   string // for the requester; a clause without a full stop
	Detail string // the state after a failure in the middle; may be empty
	Param  string // for the code Invalid; may be empty
	Host   string // for the codes NotServed and Away; may be empty
	// Temporary means that the same request may succeed later. The codes Away, NoAnswer
	// and Busy imply it.
	Temporary bool
	// ServerAway means, for the codes Partial and Refused, that the server may have
	// stopped answering.
	ServerAway bool
}

// Error returns the text, followed by the detail in parentheses if there is one.
func (e *Error) Error() string {
	if e.Detail == "" {
		return e.Text
	}
	return fmt.Sprintf("%s (%s)", e.Text, e.Detail)
}

// Fault returns e itself.
func (e *Error) Fault() *Error { return e }

// Message returns the text for a requester. For the code NoAnswer it says that the outcome is
// unknown. repeatable means that the request does no harm if it is made again, even if it was
// carried out; Message says that, too.
func (e *Error) Message(repeatable bool) string {
	m := *e
	if e.Code == NoAnswer {
		m.Text += "; whether it did what was asked is unknown"
		if repeatable {
			m.Text += ", and asking again does no harm"
		}
	}
	return m.Error()
}

// IsAway reports whether the server did not answer or could not be reached.
func (e *Error) IsAway() bool { return e.Code == Away || e.Code == NoAnswer || e.ServerAway }

// IsTemporary reports whether the same request may succeed later.
func (e *Error) IsTemporary() bool { return e.Temporary || e.IsAway() || e.Code == Busy }

// Of returns the fault of an error: the result of the first method Fault in its chain,
// from the outside. An error without that method is TimedOut at the end of the request's
// time, else Internal.
func Of(err error) *Error {
	over := errors.Is(err, context.DeadlineExceeded)
	e, classified := errors.AsType[interface {
		error
		Fault() *Error
	}](err)
	switch {
	case classified:
		f := e.Fault()
		if !over || f.Code != NoAnswer || f.Detail != "" {
			return f
		}
		return &Error{Code: NoAnswer, Text: "the server did not answer in time"}
	case over:
		return &Error{Code: TimedOut, Text: "it took too long and was given up"}
	}
	return &Error{Code: Internal, Text: "something went wrong here; the log of the component says what"}
}

// MaxNamed limits how many failures of many a text for a requester names one by one. The
// log has them all.
const MaxNamed = 10

// Is reports whether the fault of an error has the given code. It is false if err is nil.
func Is(err error, code Code) bool { return err != nil && Of(err).Code == code }
