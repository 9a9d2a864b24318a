// Package message sends chat messages to one recipient or to many. Server is its
// interface to the XMPP server.
package message

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/xmpp/xmltext"
)

// ErrNotTaken says that the server returned a message: its recipient does not exist,
// or accepts no messages.
var ErrNotTaken = errors.New("no such user, or none who takes messages")

// NotTakenError is ErrNotTaken with the server's reason.
type NotTakenError struct {
	To   jid.JID
	Text string // the server's own words; may be empty
	Err  error  // the cause, for the log
}

func (e *NotTakenError) Error() string { return fmt.Sprintf("%s: %v: %v", e.To, ErrNotTaken, e.Err) }

// Unwrap returns ErrNotTaken and the cause.
func (e *NotTakenError) Unwrap() []error { return []error{ErrNotTaken, e.Err} }

// ErrIllegalText refuses a body with a character that XML does not allow. Nothing was
// sent.
var ErrIllegalText = &fault.Error{Code: fault.Declined, Text: "the text holds a character that XML does not allow"}

// SenderError refuses a message because the component cannot send as its sender.
// Nothing was sent.
type SenderError struct {
	Sender jid.JID
	Hosts  []string // messages can be sent as any user of these hosts
	Own    string   // the component's domain: messages can be sent as any address there
}

func (e *SenderError) Error() string {
	hosts := "none at the moment"
	if len(e.Hosts) > 0 {
		hosts = strings.Join(e.Hosts, ", ")
	}
	return fmt.Sprintf("%s: messages can be sent as a user of a host that is managed here (%s), or as a name at %s", e.Sender, hosts, e.Own)
}

// Fault classifies the error as Declined.
func (e *SenderError) Fault() *fault.Error {
	return &fault.Error{Code: fault.Declined, Text: e.Error()}
}

// Server is the interface to an XMPP server. Its method may be used concurrently and
// returns when its context ends.
type Server interface {
	// SendMessage sends a chat message once. from is a user of a host or an address
	// at the component's domain; for any other sender the error is a *SenderError.
	// The error wraps ErrNotTaken if the server returned the message, and
	// fault.ErrNoAnswer if it is unknown whether the message was sent.
	SendMessage(ctx context.Context, from, to jid.JID, body string) error
}

// Messages sends messages through a server. Its methods may be used concurrently.
type Messages struct{ server Server }

// New returns the messages of a server.
func New(s Server) *Messages { return &Messages{server: s} }

// Send sends a chat message once and waits until the server has taken it. from is a
// user of a host or an address at the component's domain. Errors: ErrIllegalText,
// *SenderError, and an error that wraps ErrNotTaken. If an error wraps
// fault.ErrNoAnswer, it is unknown whether the message was sent.
//
// Success does not prove delivery. The server reports no error if it accepts a message
// from an address at the component's domain for a recipient on another server and cannot
// deliver it there. It reports none to the component for a message that is sent as a
// user, either: the error goes to that user.
func (m *Messages) Send(ctx context.Context, from, to jid.JID, body string) error {
	if !xmltext.Legal(body) {
		return ErrIllegalText
	}
	return m.server.SendMessage(ctx, from, to, body)
}
