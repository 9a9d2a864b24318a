package rosterpush

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
)

// Negative answers about what stands. ErrSharedItem has the fault code NotPermitted. The
// caller words the others.
var (
	ErrNotInRoster      = errors.New("no such item in the roster")
	ErrNoRoster         = errors.New("the roster has no item")
	ErrNotBidirectional = errors.New("the two do not have each other")
	ErrShared           = errors.New("all items are of shared roster groups, which only the server's administrator can change")
	ErrSharedItem       = &fault.Error{Code: fault.NotPermitted, Text: "the item is of a shared roster group, which only the server's administrator can change"}
)

// DamagedError says that a roster cannot be shown as it is. The server stores
// characters in it that XML does not allow, so no client can receive them.
type DamagedError struct {
	User     jid.JID
	Contacts []jid.JID // whose items contain them, at least one
}

func (e *DamagedError) Error() string {
	contacts := make([]string, len(e.Contacts))
	for i, c := range e.Contacts {
		contacts[i] = c.String()
	}
	return fmt.Sprintf("%s: the roster holds characters that XML does not allow, in the name or the groups of %s; that item can be written anew or removed",
		e.User, strings.Join(contacts, ", "))
}

// Fault classifies the error as Failed.
func (e *DamagedError) Fault() *fault.Error {
	return &fault.Error{Code: fault.Failed, Text: e.Error()}
}

// UnreadableError says that the server stores something in a roster that it cannot
// send.
type UnreadableError struct{ User jid.JID }

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("%s: the server cannot send this roster, and ends the connection when it is asked for it; its log says why. Items of it can be written anew or removed", e.User)
}

// Fault classifies the error as Failed.
func (e *UnreadableError) Fault() *fault.Error {
	return &fault.Error{Code: fault.Failed, Text: e.Error()}
}

// InvalidError refuses a value before anything is sent.
type InvalidError struct {
	Field string // the argument with the value, as Fields names it
	Value string
	Why   string // a predicate: "is not a JID"
}

func (e *InvalidError) Error() string { return fmt.Sprintf("%s: %q %s", e.Field, e.Value, e.Why) }

// maxQuoted is how much of an invalid value a requester is shown, in characters. The
// value may be a long list.
const maxQuoted = 100

// Fault classifies the error as Invalid. It shows at most 100 characters of the value.
func (e *InvalidError) Fault() *fault.Error {
	value := e.Value
	if r := []rune(value); len(r) > maxQuoted {
		value = string(r[:maxQuoted]) + "…"
	}
	return &fault.Error{Code: fault.Invalid, Param: e.Field, Text: strconv.Quote(value) + " " + e.Why}
}

// ForeignContactError refuses to change the subscription of a contact at another
// server. ejabberd's API command checks the contact's host, and accepts only its own
// hosts.
type ForeignContactError struct {
	Contact      jid.JID
	Subscription Subscription
}

func (e *ForeignContactError) Error() string {
	return fmt.Sprintf("%s: its subscription cannot be made %q: this server's API takes only contacts at its own hosts, and %s is none of them; items with the subscription that they have, or new ones with none, can be written",
		e.Contact, e.Subscription, e.Contact.Domainpart())
}

// Fault classifies the error as Declined.
func (e *ForeignContactError) Fault() *fault.Error {
	return &fault.Error{Code: fault.Declined, Text: e.Error()}
}

// RefusedError is the server's refusal of a write, in the server's own words.
type RefusedError struct {
	User jid.JID
	Text string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s: the server refuses: %s", e.User, e.Text)
}

// Fault classifies the error as Refused.
func (e *RefusedError) Fault() *fault.Error {
	return &fault.Error{Code: fault.Refused, Text: e.Error()}
}
