package room

import (
	"errors"
	"fmt"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
)

var (
	// ErrNoRoom says that the room does not exist.
	ErrNoRoom = errors.New("no such room")
	// ErrExists says that a room cannot be created because it exists.
	ErrExists = errors.New("the room exists already")
)

// NameError refuses a room's name. Nothing was done.
type NameError struct {
	Name string
	Why  string // continues a sentence that begins with the name and "is"
}

func (e *NameError) Error() string { return fmt.Sprintf("%q is %s", e.Name, e.Why) }

// Fault classifies the error as Invalid. Its Param is empty: the caller knows which
// argument holds the name.
func (e *NameError) Fault() *fault.Error { return &fault.Error{Code: fault.Invalid, Text: e.Error()} }

// NoServiceError says that a host has no rooms.
type NoServiceError struct{ Host string }

func (e *NoServiceError) Error() string {
	return fmt.Sprintf("%s has no rooms: the server has no service %s (mod_muc, under that name)", e.Host, Service(e.Host))
}

// Fault classifies the error as Declined.
func (e *NoServiceError) Fault() *fault.Error {
	return &fault.Error{Code: fault.Declined, Text: e.Error()}
}

// ForeignUserError refuses an affiliation of a user of another server. ejabberd's API
// command checks the user's host, and accepts only its own hosts.
type ForeignUserError struct{ User jid.JID }

func (e *ForeignUserError) Error() string {
	return fmt.Sprintf("%s: this server's API sets affiliations of users at its own hosts only, and %s is none of them", e.User, e.User.Domainpart())
}

// Fault classifies the error as Declined.
func (e *ForeignUserError) Fault() *fault.Error {
	return &fault.Error{Code: fault.Declined, Text: e.Error()}
}

// UncertainError says that the server did not confirm a change of a room, and whether
// the room existed afterwards. That state may have another cause than the change.
type UncertainError struct {
	Room   Room
	Exists bool  // afterwards
	Err    error // why the change is uncertain; wraps fault.ErrNoAnswer
}

func (e *UncertainError) Error() string { return fmt.Sprintf("%v (%s)", e.Err, e.Now()) }

// Now returns whether the room existed afterwards, as a clause.
func (e *UncertainError) Now() string {
	if e.Exists {
		return fmt.Sprintf("%s exists now", e.Room)
	}
	return fmt.Sprintf("%s does not exist now", e.Room)
}

// Unwrap returns Err.
func (e *UncertainError) Unwrap() error { return e.Err }

// Fault classifies the error as NoAnswer, with the result of Now as its Detail.
func (e *UncertainError) Fault() *fault.Error {
	return &fault.Error{Code: fault.NoAnswer, Text: fault.ErrNoAnswer.Text, Detail: e.Now()}
}
