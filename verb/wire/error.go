package wire

import (
	"encoding/xml"
	"errors"
	"strings"
)

// Error says why a verb did not run, or did not run to its end.
type Error struct {
	Kind  Kind   `json:"kind"`
	Text  string `json:"text"`            // for the requester
	Param string `json:"param,omitempty"` // of the kind argument: the parameter
	Word  string `json:"word,omitempty"`  // of the kind confirm: what the argument confirm must say
	Meant string `json:"meant,omitempty"` // of the kind unknown: the verb with the most similar name
	// NothingDone says of the kind away that the server was not asked.
	NothingDone bool `json:"nothing_done,omitempty"`

	Why       string `json:"-"` // of the kind argument: Text without the parameter
	Temporary bool   `json:"-"` // the same request may succeed later
	Unsent    bool   `json:"-"` // the component was not reached
	Err       error  `json:"-"` // the cause, for the log
}

// Error returns the text with the cause, for the log.
func (e *Error) Error() string {
	if e.Err == nil || strings.Contains(e.Text, e.Err.Error()) {
		return e.Text
	}
	return e.Text + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the *Error in the chain of err. It is empty if there is
// none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// Hint asks whether the most similar verb was meant. It is empty if there is none.
func (e *Error) Hint() string {
	if e.Meant == "" {
		return ""
	}
	return "; did you mean " + e.Meant + "?"
}

// Kind is the class of an error.
type Kind string

// The kinds of errors.
const (
	Usage     Kind = "usage"     // too few or too many arguments
	Argument  Kind = "argument"  // an argument that the verb does not accept
	Forbidden Kind = "forbidden" // the requester may not run the verb, or not on that host
	Unknown   Kind = "unknown"   // there is no such verb
	Confirm   Kind = "confirm"   // the verb destroys much and was not confirmed
	Failed    Kind = "failed"    // the verb was not carried out, or not to its end
	Away      Kind = "away"      // the server did not answer, or is not connected
)

// XMLError returns the name of the element of a stanza error that has an Error as JSON.
func XMLError() xml.Name { return xml.Name{Space: "urn:emanagement:error:0", Local: "error"} }
