package plan

import (
	"slices"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
	"emanagement/xmpp/address"
)

// State is what a plan says of an item, apart from its JID.
type State struct {
	Subscription rosterpush.Subscription `json:"subscription"`
	Nick         string                  `json:"nick,omitempty"`
	Groups       []string                `json:"groups,omitempty"` // sorted
}

// StateOf returns the state of an item, or nil if there is none.
func StateOf(i *rosterpush.Item) *State {
	if i == nil {
		return nil
	}
	return &State{Subscription: i.Subscription, Nick: i.Name, Groups: i.Groups}
}

// Equal reports whether two states are the same. Nil stands for no item.
func (s *State) Equal(o *State) bool {
	if s == nil || o == nil {
		return s == o
	}
	return s.Subscription == o.Subscription && s.Nick == o.Nick && slices.Equal(s.Groups, o.Groups)
}

// Item returns an item with this state, or nil.
func (s *State) Item(contact jid.JID) *rosterpush.Item {
	if s == nil {
		return nil
	}
	return &rosterpush.Item{JID: contact, Name: s.Nick, Groups: s.Groups, Subscription: s.Subscription}
}

// Entry is what the ledger says of an item: what was written last.
type Entry struct {
	State
	// Own says that the item is the user's own: it was there before. When its tie ends, the
	// item stays.
	Own bool `json:"own,omitempty"`
}

// Recorded is an entry of the ledger of one user.
type Recorded struct {
	Contact jid.JID
	Entry
}

// Key returns what two spellings of a JID have in common.
func Key(j jid.JID) string {
	return address.Account(address.PrepareLocal(j.Localpart()), address.PrepareHost(j.Domainpart())).String()
}
