package rosterpush

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"
)

// Negative answers about what stands.
var (
	ErrNotInRoster      = errors.New("no such item in the roster")
	ErrNoRoster         = errors.New("the roster has no item")
	ErrNotBidirectional = errors.New("the two do not have each other")
	ErrSharedItem       = errors.New("the item is of a shared roster group, which only the server's administrator can change")
	ErrShared           = errors.New("all items are of shared roster groups, which only the server's administrator can change")
)

// DamagedError says that a roster cannot be shown as it is: the server keeps
// characters in it that XML does not allow, and that nobody can receive.
type DamagedError struct {
	User     jid.JID
	Contacts []jid.JID // whose items hold them, at least one
}

func (e *DamagedError) Error() string {
	contacts := make([]string, len(e.Contacts))
	for i, c := range e.Contacts {
		contacts[i] = c.String()
	}
	return fmt.Sprintf("%s: the roster holds characters that XML does not allow, in the name or the groups of %s; that item can be written anew or removed",
		e.User, strings.Join(contacts, ", "))
}

// UnreadableError says that the server keeps something in a roster that it cannot
// send to anybody.
type UnreadableError struct{ User jid.JID }

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("%s: the server cannot send this roster, and ends the connection when it is asked for it; its log says why. Items of it can be written anew or removed", e.User)
}

// BusyError refuses what would look at rosters that are being removed, for it
// would find only some of them.
type BusyError struct{ Host string }

func (e *BusyError) Error() string {
	return e.Host + ": its rosters are being removed just now, and cannot be listed or removed again until that is over (listJobs shows it)"
}

// InvalidError refuses a value before anything is sent.
type InvalidError struct {
	Field string // the argument it came in
	Value string
	Why   string
}

func (e *InvalidError) Error() string { return fmt.Sprintf("%s: %q %s", e.Field, e.Value, e.Why) }

// ForeignContactError refuses a change of the subscription with a contact of
// another server: ejabberd's API command checks the contact's host, and knows
// only its own.
type ForeignContactError struct {
	Contact      jid.JID
	Subscription Subscription
}

func (e *ForeignContactError) Error() string {
	return fmt.Sprintf("%s: its subscription cannot be made %q: this server's API takes only contacts at its own hosts, and %s is none of them; items with the subscription that they have, or new ones with none, can be written",
		e.Contact, e.Subscription, e.Contact.Domainpart())
}

// RefusedError is the server's refusal of a write, in its own words.
type RefusedError struct {
	User jid.JID
	Text string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s: the server refuses: %s", e.User, e.Text)
}

// ChangeError is a change that failed after something of it was written. Err
// says why.
type ChangeError struct {
	Err   error
	Sides []Side // one of each user concerned
}

// Side is what stands with one user after a failure.
type Side struct {
	User     jid.JID
	Restored bool  // it is as it was before
	Now      *Item // where it is not: the item that stands, nil for none
	Err      error // where even that could not be read
}

func (e *ChangeError) Error() string {
	return fmt.Sprintf("%v (%s)", e.Err, e.Stands())
}

// Stands says what stands on each side.
func (e *ChangeError) Stands() string {
	words := make([]string, len(e.Sides))
	for i, s := range e.Sides {
		words[i] = s.String()
	}
	return strings.Join(words, "; ")
}

// Undone says whether everything is as it was before.
func (e *ChangeError) Undone() bool {
	return !slices.ContainsFunc(e.Sides, func(s Side) bool { return !s.Restored })
}

// Unwrap returns why the change failed.
func (e *ChangeError) Unwrap() error { return e.Err }

func (s Side) String() string {
	switch {
	case s.Restored:
		return fmt.Sprintf("%s: as before", s.User)
	case s.Err != nil:
		return fmt.Sprintf("%s: unknown (%v)", s.User, s.Err)
	case s.Now == nil:
		return fmt.Sprintf("%s: no item now", s.User)
	}
	return fmt.Sprintf("%s: subscription %q now", s.User, s.Now.Subscription)
}

// NobodyError says that nobody with a roster was found, and that nothing says
// that there is nobody.
type NobodyError struct {
	Hosts  []string
	Census Census
}

func (e *NobodyError) Error() string {
	return fmt.Sprintf("%s: nobody with a roster was found, and nothing says that there is nobody: %s",
		strings.Join(e.Hosts, ", "), e.Census)
}

// SourceError says that a source cannot be read that may know users whom
// nothing else does, or cannot keep who is in a roster that is to be cleared: cut
// off, they might not be found again.
type SourceError struct {
	Source string
	Err    error
}

func (e *SourceError) Error() string { return fmt.Sprintf("%s: %v", e.Source, e.Err) }

// Unwrap returns why.
func (e *SourceError) Unwrap() error { return e.Err }

// ErrTooManyFailures ends the clearing of many rosters.
var ErrTooManyFailures = fmt.Errorf("given up after %d rosters that could not be cleared", maxFailures)

// ItemsError is the failure to remove all items of a roster.
type ItemsError struct {
	Failed []Failure // by contact, at least one
}

func (e *ItemsError) Error() string {
	why := make([]string, len(e.Failed))
	for i, f := range e.Failed {
		why[i] = fmt.Sprintf("%s: %v", f.JID, f.Err)
	}
	return strings.Join(why, "; ")
}

// Unwrap returns why each could not be removed.
func (e *ItemsError) Unwrap() []error {
	why := make([]error, len(e.Failed))
	for i, f := range e.Failed {
		why[i] = f.Err
	}
	return why
}

// ClearError is the failure to clear all rosters of some hosts. What was
// removed stays removed.
type ClearError struct {
	Removal Removal
	Failed  []Failure
	Err     error // why it ended early, nil where it did not
}

// Failure is a roster that could not be cleared, or an item that could not be
// removed.
type Failure struct {
	JID jid.JID // the user, or the contact
	Err error   // of a roster an *ItemsError, where items were to blame
}

func (e *ClearError) Error() string {
	var why []string
	if e.Err != nil {
		why = append(why, e.Err.Error())
	}
	for _, f := range e.Failed {
		why = append(why, fmt.Sprintf("%s: %v", f.JID, f.Err))
	}
	return fmt.Sprintf("%s; %s", e.Removal, strings.Join(why, "; "))
}

// Unwrap returns why it ended early.
func (e *ClearError) Unwrap() error { return e.Err }
