package hosts

import (
	"errors"
	"fmt"
	"strings"

	"emanagement/fault"
	"emanagement/rosterpush"
)

// ErrTooManyFailures ends the clearing of many rosters. Its fault code is Partial.
var ErrTooManyFailures = &fault.Error{
	Code: fault.Partial,
	Text: fmt.Sprintf("given up after %d rosters that could not be cleared", maxFailures),
}

// BusyError refuses to search hosts whose rosters are being cleared: the search would
// find only some of them.
type BusyError struct{ Host string }

func (e *BusyError) Error() string {
	return e.Host + ": its rosters are being removed just now, and cannot be listed or removed again until that is over (listJobs shows it)"
}

// Fault classifies the error as Busy.
func (e *BusyError) Fault() *fault.Error { return &fault.Error{Code: fault.Busy, Text: e.Error()} }

// InconclusiveError says that no roster was found on some hosts, and that no source
// is conclusive: the hosts may have rosters all the same.
type InconclusiveError struct {
	Hosts  []string
	Census Census
}

func (e *InconclusiveError) Error() string {
	return fmt.Sprintf("%s: nobody with a roster was found, and nothing says that there is nobody: %s",
		strings.Join(e.Hosts, ", "), e.Census)
}

// Fault classifies the error as Refused. The text says what an administrator can do.
func (e *InconclusiveError) Fault() *fault.Error {
	return &fault.Error{
		Code: fault.Failed,
		Text: e.Error() + "; where the server knows rosters that this component has never seen, import their users (emanagement users import)",
	}
}

// SourceError says that a source that can save users cannot be read, or cannot save
// the users of a roster that was about to be cleared. Without it, users might never be
// found again.
type SourceError struct {
	Source string
	Err    error
}

func (e *SourceError) Error() string { return fmt.Sprintf("%s: %v", e.Source, e.Err) }

// Unwrap returns the source's own error.
func (e *SourceError) Unwrap() error { return e.Err }

// Fault classifies the error as Internal. Only the log has the source's own error.
func (e *SourceError) Fault() *fault.Error {
	return &fault.Error{
		Code: fault.Internal,
		Text: fmt.Sprintf("the %s cannot be read or written (the log of the component says why), and without it somebody might be missed", e.Source),
	}
}

// ClearError says that not all rosters of some hosts could be cleared. The items that
// were removed stay removed.
type ClearError struct {
	Removal Removal
	Failed  rosterpush.Failures // the rosters that could not be cleared
	Err     error               // why ClearAll ended early, nil if it did not
}

func (e *ClearError) Error() string {
	parts := []string{e.Removal.String()}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	if len(e.Failed) > 0 {
		parts = append(parts, e.Failed.String())
	}
	return strings.Join(parts, "; ")
}

// Unwrap returns why ClearAll ended early.
func (e *ClearError) Unwrap() error { return e.Err }

// Fault classifies the error as Partial: what was removed, why ClearAll ended early,
// and at most ten rosters that could not be cleared. The same request may succeed
// later.
func (e *ClearError) Fault() *fault.Error {
	parts := []string{e.Removal.String()}
	if e.Err != nil {
		parts = append(parts, fault.Of(e.Err).Message(true))
	}
	if len(e.Failed) > 0 {
		parts = append(parts, e.Failed.Text())
	}
	return &fault.Error{
		Code: fault.Partial, Text: strings.Join(parts, "; "), Temporary: true,
		ServerAway: errors.Is(e.Err, fault.ErrNoAnswer) || errors.Is(e.Err, fault.ErrUnreachable),
	}
}
