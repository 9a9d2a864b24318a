// Package server has what every way to a server has in common: it classifies what
// the stream and the server answer, and repeats requests whose stream was lost.
package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/fault"
)

// maxRepeats limits how often a request is made again. A request that makes the server
// end the stream would otherwise end one stream after the other.
const maxRepeats = 4

// Repeat makes a request, and makes it again if its stream is lost: at most four
// times, and until the context ends. The request must do no harm when it is made
// twice.
func Repeat(ctx context.Context, request func() error) error {
	err := request()
	for again := 0; again < maxRepeats && errors.Is(err, component.ErrDisconnected) && ctx.Err() == nil; again++ {
		err = request()
	}
	return err
}

// Classify gives an error of a request its class (package fault). about names what was
// asked for, in a word. ctx is the request's. An error that it does not know is
// returned as it is.
func Classify(ctx context.Context, about string, err error) error {
	if e, ok := errors.AsType[*component.NotGrantedError](err); ok {
		return &fault.NotServedError{Host: e.Host, Served: e.Served, Away: e.Away}
	}
	if _, ok := errors.AsType[*component.TimeoutError](err); ok || errors.Is(err, component.ErrDisconnected) || ctx.Err() != nil && err != nil {
		return fmt.Errorf("%s: %w: %w", about, fault.ErrNoAnswer, err)
	}
	if e, ok := errors.AsType[stanza.Error](err); ok {
		return &RefusedError{Text: words(e), Err: err}
	}
	if e, ok := errors.AsType[*component.SizeError](err); ok {
		return &RefusedError{Text: e.Error() + " (max_stanza_size of the component's listener)", Err: err}
	}
	return err
}

// RefusedError is a request that the server refused by a stanza error, or that the
// stream cannot carry.
type RefusedError struct {
	Text string // for the requester
	Err  error
}

func (e *RefusedError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Err }

// Fault classifies the error as Refused.
func (e *RefusedError) Fault() *fault.Error { return &fault.Error{Code: fault.Refused, Text: e.Text} }

// words returns a stanza error's condition, with the server's own words if it has any.
func words(e stanza.Error) string {
	said := string(e.Condition)
	for _, text := range e.Text {
		if text != "" {
			said = fmt.Sprintf("%s (%s)", e.Condition, OneLine(text))
			break
		}
	}
	return "the server refuses: " + said
}

// maxWords limits how much of a server's text is shown, in characters.
const maxWords = 300

// OneLine returns a text of the server's in one line of printable characters, and
// shortened if it is long.
func OneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if r := []rune(s); len(r) > maxWords {
		return string(r[:maxWords]) + "…"
	}
	return s
}
