package component

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"emanagement/xmpp/framing"
)

// Errors that Run returns when the server refuses the component for good at
// its first start. Both are errors of the configuration, here or there.
var (
	// ErrNotAuthorized: the server knows no component of that name with that
	// secret (XEP-0114 §3).
	ErrNotAuthorized = errors.New("not authorized")
	// ErrConflict: the name is taken, by a host of the server itself or by
	// another component.
	ErrConflict = errors.New("conflict")
)

// ErrDisconnected is the end of a request that was under way when the stream
// was lost: whether the server carried it out is unknown.
var ErrDisconnected = errors.New("stream: lost while the request was under way")

// ErrClosed is wrapped beside ErrDisconnected where the server ended the stream in
// order and gave no reason: so ejabberd does when what it is about to send makes it
// crash.
var ErrClosed = framing.ErrEnd

// errStopped ends a stream because Run's context ended.
var errStopped = errors.New("stream: stopped")

// errUngranted ends a stream on which no host has granted anything.
var errUngranted = errors.New("stream: no host granted access on it")

// NotGrantedError refuses a request to a host that grants this component
// nothing (XEP-0356 §4.2) or that the configuration leaves out. Nothing was
// sent.
type NotGrantedError struct {
	Host   string   // empty: every host was meant, and none grants anything
	Served []string // the hosts that grant access, or those that the configuration names
	// Away says that this may pass: the host has granted access before, the
	// configuration names it, or no host grants any at the moment.
	Away bool
}

func (e *NotGrantedError) Error() string {
	if e.Host == "" {
		return "no host of the server grants this component anything"
	}
	if len(e.Served) == 0 {
		return fmt.Sprintf("%s: not a host served here (no host of the server grants this component anything yet)", e.Host)
	}
	return fmt.Sprintf("%s: not a host served here (served: %s)", e.Host, strings.Join(e.Served, ", "))
}

// TimeoutError is the end of a request that the server did not answer.
// ejabberd drops what it does not permit without a word, so the text says
// where to look.
type TimeoutError struct {
	To    string
	After time.Duration
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("%s: no answer within %s; the server is overloaded, or drops what its mod_privilege does not permit", e.To, e.After)
}

// forbiddenError ends a stream on which a host refuses what is needed of it: what
// its configuration permits by now it tells new streams only.
type forbiddenError struct{ host string }

func (e *forbiddenError) Error() string {
	return fmt.Sprintf("%s: it forbids what is needed of it; a new stream has the permissions of its present configuration", e.host)
}

// silentError ends a stream because a host that had granted us access no
// longer answers on it.
type silentError struct{ host string }

func (e *silentError) Error() string {
	return fmt.Sprintf("%s: granted access, but no longer answers on this stream", e.host)
}

// refusal is a failed first attempt that no repetition can mend.
type refusal struct{ err error }

func (e *refusal) Error() string { return e.err.Error() }
func (e *refusal) Unwrap() error { return e.err }
