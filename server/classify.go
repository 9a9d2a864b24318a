package server

import (
	"context"
	"errors"
	"fmt"

	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/fault"
)

// Classify returns an error of a request as an error with a fault (package fault). ctx is
// the context of the request. subject begins the text of an error that wraps
// fault.ErrNoAnswer: a JID, a host, or a word for the subject of the request.
//
//   - *component.NotGrantedError becomes a *fault.NotServedError.
//   - *component.TimeoutError, component.ErrDisconnected, and any error after the end of
//     the context become an error that wraps fault.ErrNoAnswer and the cause.
//   - stanza.Error, *component.SizeError and *component.AnswerSizeError become a
//     *RefusedError.
//
// Any other error, and nil, is returned unchanged.
func Classify(ctx context.Context, subject string, err error) error {
	if e, ok := errors.AsType[*component.NotGrantedError](err); ok {
		return &fault.NotServedError{Host: e.Host, Served: e.Served, Away: e.Away}
	}
	if _, ok := errors.AsType[*component.TimeoutError](err); ok || errors.Is(err, component.ErrDisconnected) || ctx.Err() != nil && err != nil {
		return fmt.Errorf("%s: %w: %w", subject, fault.ErrNoAnswer, err)
	}
	if e, ok := errors.AsType[stanza.Error](err); ok {
		return &RefusedError{Text: refusalText(e), Err: err}
	}
	if e, ok := errors.AsType[*component.AnswerSizeError](err); ok {
		return &RefusedError{Text: e.Error() + " (limits.stanza in emanagement.yml)", Err: err}
	}
	if e, ok := errors.AsType[*component.SizeError](err); ok {
		return &RefusedError{Text: e.Error() + " (max_stanza_size of the component's listener)", Err: err}
	}
	return err
}

// RefusedError is the error of a request that the server refused by a stanza error, or
// that is larger than the server accepts.
type RefusedError struct {
	Text string // for the requester
	Err  error  // the cause, for the log
}

func (e *RefusedError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Err }

// Fault classifies the error as Refused.
func (e *RefusedError) Fault() *fault.Error { return &fault.Error{Code: fault.Refused, Text: e.Text} }

// refusalText returns the condition of a stanza error, followed by the server's own text
// if it has one.
func refusalText(e stanza.Error) string {
	if text := ErrorText(e); text != "" {
		return fmt.Sprintf("the server refuses: %s (%s)", e.Condition, OneLine(text))
	}
	return fmt.Sprintf("the server refuses: %s", e.Condition)
}

// ErrorText returns the server's own text in the stanza error in err's chain. It is empty
// if there is no stanza error, or no text in it.
func ErrorText(err error) string {
	e, _ := errors.AsType[stanza.Error](err)
	for _, text := range e.Text {
		if text != "" {
			return text
		}
	}
	return ""
}
