package plan

import (
	"mellium.im/xmpp/jid"
)

// Action is what a change does to an item.
type Action string

// The actions. Record changes only the ledger, because the item stands as it must. Leave
// leaves an item alone although it differs: its reason says why.
const (
	Add    Action = "add"
	Alter  Action = "change"
	Remove Action = "remove"
	Record Action = "record"
	Leave  Action = "leave"
)

// Change is the change of one item.
type Change struct {
	Action        Action
	User, Contact jid.JID // the contact as the item spells it
	Before, After *State  // nil: no item
	Reason        string  // empty: the application declares it
	// Ends says that a tie of the user ends: the item is removed, or loses the subscription.
	Ends bool
	// Renamed says that the tie goes on under another JID.
	Renamed bool

	WasRecorded *Entry // the ledger's entry before; nil: none
	Record      *Entry // the ledger's entry once the change is made; nil: none
}

// Why says why an item is left alone.
type Why string

// The reasons.
const (
	Own      Why = "own"      // the user's own item
	Shared   Why = "shared"   // an item of a shared roster group
	Conflict Why = "conflict" // the user has changed what the application manages
	Unnamed  Why = "unnamed"  // its managed groups are no longer in the input
)

// Counts are the items of a roster that do not change.
type Counts struct {
	Unchanged int         `json:"unchanged,omitempty"` // declared ones that stand
	Managed   int         `json:"managed,omitempty"`   // all managed ones that stand
	Left      map[Why]int `json:"left,omitempty"`
}

// Plan is what must change in one roster.
type Plan struct {
	Changes []Change
	Counts
	Emptied bool // the roster has items, and none of them remains
}
