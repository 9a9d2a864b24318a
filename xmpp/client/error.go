package client

import (
	"context"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"mellium.im/sasl"
	"mellium.im/xmpp/stream"
)

// errNoTLS means that the server does not offer STARTTLS.
var errNoTLS = errors.New("no STARTTLS")

// tlsError means that the TLS handshake failed.
type tlsError struct {
	addr string
	err  error
}

func (e *tlsError) Error() string {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](e.err); ok {
		return fmt.Sprintf("the server at %s does not prove its identity: %v", e.addr, e.err)
	}
	return fmt.Sprintf("TLS with the server at %s fails: %v", e.addr, e.err)
}

func (e *tlsError) Unwrap() error { return e.err }

// mechanismError means that the server offers no SASL mechanism that is safe on this
// connection.
type mechanismError struct{ offered []string }

func (e *mechanismError) Error() string {
	return fmt.Sprintf("no way to log in that is safe here (the server offers: %s)", strings.Join(e.offered, ", "))
}

// Error is a login that failed.
type Error struct {
	// Refused means that the server does not accept the account or its password, or
	// that it does not prove to be the right server.
	Refused bool
	// Unreachable means that no connection to the server was made.
	Unreachable bool
	Text        string // for people
}

func (e *Error) Error() string { return e.Text }

func failed(format string, args ...any) *Error { return &Error{Text: fmt.Sprintf(format, args...)} }

func refused(format string, args ...any) *Error {
	return &Error{Refused: true, Text: fmt.Sprintf(format, args...)}
}

// unreachable returns the error for an account whose server cannot be reached. causes
// has one error for each address that was tried.
func unreachable(a Account, causes ...error) error {
	texts := make([]string, len(causes))
	for i, err := range causes {
		texts[i] = err.Error()
	}
	e := failed("the XMPP server of %s cannot be reached: %s", a.JID.Domainpart(), strings.Join(texts, "; "))
	e.Unreachable = true
	return e
}

// loginError returns the *Error for a login that failed with err.
func loginError(ctx context.Context, a Account, addr string, err error) error {
	if ctx.Err() != nil {
		return failed("no answer in time from %s; is that an XMPP server's port for clients?", addr)
	}
	if errors.Is(err, errNoTLS) {
		return failed("the server at %s offers no encryption (STARTTLS); no password was sent", addr)
	}
	if e, ok := errors.AsType[*tlsError](err); ok {
		return failed("%v; no password was sent", e)
	}
	if f := saslFailureOf(err); f != nil {
		return f.loginError(a, addr)
	}
	if errors.Is(err, sasl.ErrAuthn) {
		return refused("the server at %s does not prove that it knows the password of %s; is it the right server?", addr, a.JID.Bare())
	}
	if e, ok := errors.AsType[stream.Error](err); ok {
		return streamError(a, addr, e)
	}
	if errors.Is(err, io.EOF) {
		return failed("the server at %s has closed the connection", addr)
	}
	return failed("login of %s at %s: %v", a.JID.Bare(), addr, err)
}

// streamError returns the *Error for a stream error during a login. The library makes
// some stream errors itself, if it cannot read what the server sends.
func streamError(a Account, addr string, e stream.Error) error {
	switch {
	case e.Is(stream.HostUnknown):
		return failed("the server at %s does not serve %s", addr, a.JID.Domainpart())
	case e.Is(stream.UnsupportedVersion) || e.Is(stream.InvalidNamespace):
		return failed("the server at %s speaks another protocol (%s); is that its port for XMPP clients?", addr, StreamErrorText(e))
	}
	return failed("no login at %s: %s", addr, StreamErrorText(e))
}

// StreamErrorText returns a stream error's condition with the server's text.
func StreamErrorText(e stream.Error) string {
	text := e.Err
	for _, t := range e.Text {
		if t.Value != "" {
			text += ": " + t.Value
		}
	}
	return text
}

// saslFailure is the element by which a server refuses a login (RFC 6120 §6.5).
type saslFailure struct {
	XMLName    xml.Name `xml:"urn:ietf:params:xml:ns:xmpp-sasl failure"`
	Text       string   `xml:"text"`
	Conditions []struct {
		XMLName xml.Name
	} `xml:",any"`
}

// saslFailureOf returns the failure in an error of the library, or nil if there is none.
// The library does not export the type of this error, but the error can write itself as
// XML.
func saslFailureOf(err error) *saslFailure {
	e, ok := errors.AsType[interface {
		error
		TokenReader() xml.TokenReader
	}](err)
	if !ok {
		return nil
	}
	var f saslFailure
	if err := xml.NewTokenDecoder(e.TokenReader()).Decode(&f); err != nil {
		return nil
	}
	return &f
}

func (f *saslFailure) loginError(a Account, addr string) error {
	text := f.Text
	if len(f.Conditions) > 0 {
		text = strings.TrimSuffix(f.Conditions[0].XMLName.Local+": "+f.Text, ": ")
	}
	for _, c := range f.Conditions {
		if c.XMLName.Local == "temporary-auth-failure" {
			return failed("%s cannot log in at %s now: %s", a.JID.Bare(), addr, text)
		}
	}
	return refused("%s cannot log in at %s: wrong password, or no such account (%s)", a.JID.Bare(), addr, text)
}
