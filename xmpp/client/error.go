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

// errNoTLS is for a server that does not offer STARTTLS.
var errNoTLS = errors.New("no STARTTLS")

// tlsError is a connection that could not be encrypted.
type tlsError struct {
	addr string
	err  error
}

func (e *tlsError) Error() string {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](e.err); ok {
		return fmt.Sprintf("the server at %s does not prove whose it is: %v", e.addr, e.err)
	}
	return fmt.Sprintf("TLS with the server at %s fails: %v", e.addr, e.err)
}

func (e *tlsError) Unwrap() error { return e.err }

// mechanismError is a server that offers no way to log in which is safe here.
type mechanismError struct{ offered []string }

func (e *mechanismError) Error() string {
	return fmt.Sprintf("no way to log in that is safe here (the server offers: %s)", strings.Join(e.offered, ", "))
}

// Error is a login that failed.
type Error struct {
	// Refused says that the server does not accept the account or its password, or
	// that it does not prove to be the right server.
	Refused bool
	// Unreachable says that no connection to the server was made.
	Unreachable bool
	Text        string // for people
}

func (e *Error) Error() string { return e.Text }

func away(format string, args ...any) *Error { return &Error{Text: fmt.Sprintf(format, args...)} }

func forbidden(format string, args ...any) *Error {
	return &Error{Refused: true, Text: fmt.Sprintf(format, args...)}
}

// unreachable is the error of an account whose server no connection reaches.
func unreachable(a Account, why ...error) error {
	said := make([]string, len(why))
	for i, err := range why {
		said[i] = err.Error()
	}
	e := away("the XMPP server of %s cannot be reached: %s", a.JID.Domainpart(), strings.Join(said, "; "))
	e.Unreachable = true
	return e
}

// explainLogin says why a login failed.
func explainLogin(ctx context.Context, a Account, addr string, err error) error {
	if ctx.Err() != nil {
		return away("no answer in time from %s; is that an XMPP server's port for clients?", addr)
	}
	if errors.Is(err, errNoTLS) {
		return away("the server at %s offers no encryption (STARTTLS); no password was sent", addr)
	}
	if e, ok := errors.AsType[*tlsError](err); ok {
		return away("%v; no password was sent", e)
	}
	if f := saslFailure(err); f != nil {
		return f.explain(a, addr)
	}
	if errors.Is(err, sasl.ErrAuthn) {
		return forbidden("the server at %s does not prove that it knows the password of %s; is it the right server?", addr, a.JID.Bare())
	}
	if e, ok := errors.AsType[stream.Error](err); ok {
		return explainStream(a, addr, e)
	}
	if errors.Is(err, io.EOF) {
		return away("the server at %s has closed the connection", addr)
	}
	return away("login of %s at %s: %v", a.JID.Bare(), addr, err)
}

// explainStream says what a stream error means before the login is over. Some
// are the library's own, about what it reads.
func explainStream(a Account, addr string, e stream.Error) error {
	switch {
	case e.Is(stream.HostUnknown):
		return away("the server at %s is not that of %s", addr, a.JID.Domainpart())
	case e.Is(stream.UnsupportedVersion) || e.Is(stream.InvalidNamespace):
		return away("the server at %s speaks something else (%s); is that its port for XMPP clients?", addr, StreamErrorText(e))
	}
	return away("no login at %s: %s", addr, StreamErrorText(e))
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

// failure is how a server refuses a login (RFC 6120 §6.5).
type failure struct {
	XMLName    xml.Name `xml:"urn:ietf:params:xml:ns:xmpp-sasl failure"`
	Text       string   `xml:"text"`
	Conditions []struct {
		XMLName xml.Name
	} `xml:",any"`
}

// saslFailure returns the failure that an error of the library is, nil where it
// is none. The library's type for it is its own, but writes itself as XML.
func saslFailure(err error) *failure {
	e, ok := errors.AsType[interface {
		error
		TokenReader() xml.TokenReader
	}](err)
	if !ok {
		return nil
	}
	var f failure
	if err := xml.NewTokenDecoder(e.TokenReader()).Decode(&f); err != nil {
		return nil
	}
	return &f
}

func (f *failure) explain(a Account, addr string) error {
	said := f.Text
	if len(f.Conditions) > 0 {
		said = strings.TrimSuffix(f.Conditions[0].XMLName.Local+": "+f.Text, ": ")
	}
	for _, c := range f.Conditions {
		if c.XMLName.Local == "temporary-auth-failure" {
			return away("%s cannot log in at %s now: %s", a.JID.Bare(), addr, said)
		}
	}
	return forbidden("%s cannot log in at %s: wrong password, or no such account (%s)", a.JID.Bare(), addr, said)
}
