package component

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/framing"
)

// Causes of a failed attempt to connect. Run logs the errors that wrap them, and
// returns those that no further attempt can remedy at its first start.
var (
	// ErrNotAuthorized: the server knows no component of that name with that secret
	// (XEP-0114 §3).
	ErrNotAuthorized = errors.New("not authorized")
	// ErrConflict: a host of the server itself or another component has the name.
	ErrConflict = errors.New("conflict")
	// ErrNoComponents: the port is for XMPP, but not for components.
	ErrNoComponents = errors.New("takes no components")
	// ErrNoListener: no program listens at the address.
	ErrNoListener = errors.New("nothing listens there")
	// ErrCertificate: the server's certificate is not valid, or not for that name.
	ErrCertificate = errors.New("certificate not accepted")
	// ErrNoTLS: the connection was made, but no TLS handshake.
	ErrNoTLS = errors.New("no TLS handshake")
	// ErrNoHandshake: the peer does not answer the component's handshake.
	ErrNoHandshake = errors.New("handshake: no answer in time")
	// ErrNoStream: the peer closes the connection without sending anything.
	ErrNoStream = errors.New("it closes the connection without a word")
	// ErrSpeaksTLS: the peer expects TLS.
	ErrSpeaksTLS = errors.New("it speaks TLS")
	// ErrSpeaksHTTP: the peer is an HTTP server.
	ErrSpeaksHTTP = errors.New("it speaks HTTP")
)

// ErrDisconnected is wrapped by the error of a request that was under way when the
// stream was lost. It is unknown whether the server carried it out.
var ErrDisconnected = errors.New("stream: lost while the request was under way")

// ErrClosed is wrapped beside ErrDisconnected if the server ended the stream in order
// and gave no reason. ejabberd does so when the stanza that it is about to send makes
// it crash.
var ErrClosed = framing.ErrEnd

// errStopped ends a stream because Run's context ended.
var errStopped = errors.New("stream: stopped")

// errUngranted ends a stream on which a grant is missing.
var errUngranted = errors.New("stream: a grant is missing on it")

// NotGrantedError refuses a request to a host that grants this component no access
// (XEP-0356 §4.2) or that Config.Hosts leaves out. Nothing was sent.
type NotGrantedError struct {
	Host   string
	Served []string // the hosts that grant access; those of Config.Hosts if it leaves the host out
	Away   bool     // Config.Hosts names the host, so this may pass
}

func (e *NotGrantedError) Error() string {
	if len(e.Served) == 0 {
		return fmt.Sprintf("%s: not a host served here (no host of the server grants this component anything yet)", e.Host)
	}
	return fmt.Sprintf("%s: not a host served here (served: %s)", e.Host, strings.Join(e.Served, ", "))
}

// MissingGrantError is logged if a grant has not arrived in time.
type MissingGrantError struct {
	Host     string   // a host of Config.Hosts
	Excluded []string // the other hosts that announce grants
}

func (e *MissingGrantError) Error() string {
	if len(e.Excluded) > 0 {
		return "no access granted by this host, though by others that are not served"
	}
	return "no access granted"
}

// ExcludedError is logged if a host announces a grant that Config.Hosts leaves out.
type ExcludedError struct {
	Host  string
	Hosts []string // Config.Hosts
}

func (e *ExcludedError) Error() string {
	return "only these hosts are served: " + strings.Join(e.Hosts, ", ")
}

// TimeoutError is the error of a request that the server did not answer in time.
type TimeoutError struct {
	To    string // the JID that was asked, or its host
	After time.Duration
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("%s: no answer within %s", e.To, e.After)
}

// AnswerSizeError is the error of a request whose answer is larger than the component
// reads. The server has carried the request out.
type AnswerSizeError struct {
	From  string // the JID that answered
	Limit int    // in bytes
}

func (e *AnswerSizeError) Error() string {
	return fmt.Sprintf("%s: an answer of more than %d bytes, which is the limit for one answer", e.From, e.Limit)
}

// forbiddenError ends a stream on which a host forbids what is needed. Only new
// streams learn what the host's configuration permits by now.
type forbiddenError struct{ host string }

func (e *forbiddenError) Error() string {
	return fmt.Sprintf("%s: it forbids what is needed of it; a new stream has the permissions of its present configuration", e.host)
}

// silentError ends a stream because a host that granted access on it no longer
// answers.
type silentError struct{ host string }

func (e *silentError) Error() string {
	return fmt.Sprintf("%s: granted access, but no longer answers on this stream", e.host)
}

// permanentError is the error of an attempt to connect that no further attempt can
// remedy.
type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// Condition returns the condition of the first stanza error in err's chain, or "" if
// there is none.
func Condition(err error) stanza.Condition {
	if se, ok := errors.AsType[stanza.Error](err); ok {
		return se.Condition
	}
	return ""
}
