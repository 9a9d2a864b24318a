package rosterpush

import (
	"fmt"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
)

// ChangeError is a change that failed after part of it was written. Err says why.
type ChangeError struct {
	Err   error
	Sides []Side // one of each user concerned
	// Pending means that what is not restored yet will be: before another request about
	// these users runs, and as soon as the server answers.
	Pending bool
}

// Side is what stands in one user's roster after a failure.
type Side struct {
	User     jid.JID
	Restored bool  // the item is as it was before
	Now      *Item // if it is not restored: the item that stands, nil for none
	Err      error // why the item that stands could not be read or restored
}

func (e *ChangeError) Error() string {
	return fmt.Sprintf("%v (%s)", e.Err, e.Stands())
}

// Stands describes what stands on each side.
func (e *ChangeError) Stands() string {
	parts := make([]string, len(e.Sides))
	for i, s := range e.Sides {
		parts[i] = s.String()
	}
	text := strings.Join(parts, "; ")
	if e.Pending {
		text += "; what is not as before is put back as soon as the server answers"
	}
	return text
}

// Undone reports whether everything is as it was before.
func (e *ChangeError) Undone() bool {
	return !slices.ContainsFunc(e.Sides, func(s Side) bool { return !s.Restored })
}

// Unwrap returns why the change failed.
func (e *ChangeError) Unwrap() error { return e.Err }

// Fault returns the fault of the cause, with what stands as its detail. A Declined
// fault stays one if everything is undone, and then has no detail. Other codes that
// say that nothing was changed become Partial.
func (e *ChangeError) Fault() *fault.Error {
	f := *fault.Of(e.Err)
	if f.Code == fault.Declined && e.Undone() {
		return &f
	}
	switch f.Code {
	case fault.Invalid, fault.Declined, fault.NotServed, fault.Away:
		f = fault.Error{Code: fault.Partial, Text: f.Text, ServerAway: isAway(e.Err)}
	}
	f.Detail = e.Stands()
	return &f
}

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
