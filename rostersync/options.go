package rostersync

import (
	"fmt"

	"emanagement/rostersync/plan"
)

// Options say what a run may do. All but the host may be left out.
type Options struct {
	Host   string
	Groups []string // managed groups, besides those that the input names

	Nicks     plan.Nicks `json:",omitempty"`
	Overwrite bool       `json:",omitempty"`
	OwnAll    bool       `json:",omitempty"`
	Full      bool       `json:",omitempty"` // every roster is read whole

	Undoes        int64       `json:",omitempty"` // the run that is undone
	AdditionsOnly bool        `json:",omitempty"` // nothing is removed
	AllowEmpty    bool        `json:",omitempty"`
	ExpectRows    int         `json:",omitempty"` // if it is the number of rows, the input is complete; 0: not given
	Renames       [][2]string `json:",omitempty"` // renamed accounts: the former JID and the new one

	Limits Limits
	// AllowRemovals and AllowEmptied acknowledge that many removals, and that many users who
	// lose all their items.
	AllowRemovals, AllowEmptied int `json:",omitempty"`
}

// Limits are limits of what one run may remove. Above any of them it removes nothing.
type Limits struct {
	Share    float64 // of the managed items, from MinItems of them on
	Removals int
	Emptied  int // users who lose all their items
}

// MinItems is the number of managed items from which on the share of the removals is limited.
const MinItems = 100

// DefaultLimits apply where Limits is zero.
func DefaultLimits() Limits { return Limits{Share: 0.1, Removals: 500, Emptied: 10} }

func (l Limits) String() string {
	return fmt.Sprintf("removals at most %d and %g %% of the managed items, users without items at most %d", l.Removals, l.Share*100, l.Emptied)
}

// InputError says that the input of a run cannot be used. Nothing was written.
type InputError struct {
	Text string
	Err  error // the cause, if it has one
}

func (e *InputError) Error() string { return e.Text }

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.Err }

// BusyError refuses a run on a host on which another one is under way.
type BusyError struct{ Host string }

func (e *BusyError) Error() string {
	return e.Host + ": another synchronisation of its rosters is under way (listJobs shows it)"
}
