package rosterpush

import (
	"errors"
	"fmt"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
)

// Failure is a roster that could not be cleared, or an item that could not be
// removed.
type Failure struct {
	JID jid.JID // the user, or the contact
	Err error   // of a roster: an *ItemsError if items could not be removed
}

// Failures are several of them.
type Failures []Failure

// Text describes the failures for a requester: the first fault.MaxNamed one by one, then the
// number of the others.
func (f Failures) Text() string {
	var parts []string
	for i, one := range f {
		if i == fault.MaxNamed {
			parts = append(parts, fmt.Sprintf("and %d more, which the log names", len(f)-i))
			break
		}
		parts = append(parts, fmt.Sprintf("%s: %s", one.JID, fault.Of(one.Err).Message(true)))
	}
	return strings.Join(parts, "; ")
}

// String describes all failures for the log.
func (f Failures) String() string {
	parts := make([]string, len(f))
	for i, one := range f {
		parts[i] = fmt.Sprintf("%s: %v", one.JID, one.Err)
	}
	return strings.Join(parts, "; ")
}

// ItemsError says which items of a roster could not be removed, and why.
type ItemsError struct {
	Failed Failures // sorted by contact, at least one
}

func (e *ItemsError) Error() string { return e.Failed.String() }

// Unwrap returns the causes, one for each item.
func (e *ItemsError) Unwrap() []error {
	causes := make([]error, len(e.Failed))
	for i, f := range e.Failed {
		causes[i] = f.Err
	}
	return causes
}

// Fault classifies the error as Partial. The text names at most ten items.
func (e *ItemsError) Fault() *fault.Error {
	return &fault.Error{Code: fault.Partial, Text: e.Failed.Text(), ServerAway: isAway(e)}
}

// isAway reports whether the server did not answer or could not be reached.
func isAway(err error) bool {
	return errors.Is(err, fault.ErrNoAnswer) || errors.Is(err, fault.ErrUnreachable)
}
