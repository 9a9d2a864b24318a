package rosterpush

import (
	"slices"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/address"
	"emanagement/xmpp/xmltext"
)

// Subscription is the state of an item (RFC 6121 §2.1.2.5).
type Subscription string

// The four subscriptions.
const (
	None Subscription = "none"
	To   Subscription = "to"
	From Subscription = "from"
	Both Subscription = "both"
)

// Subscriptions lists all four, in the order in which they are shown to people.
func Subscriptions() []Subscription { return []Subscription{None, To, From, Both} }

// includesTo reports whether the user receives the contact's presence.
func (s Subscription) includesTo() bool { return s == To || s == Both }

// includesFrom reports whether the contact receives the user's presence.
func (s Subscription) includesFrom() bool { return s == From || s == Both }

// withTo returns the subscription that also includes the contact's presence.
func (s Subscription) withTo() Subscription {
	if s.includesFrom() {
		return Both
	}
	return To
}

// Item is one item of a roster (RFC 6121 §2.1.2).
type Item struct {
	JID          jid.JID // the contact, bare
	Name         string  // the nick; may be empty
	Subscription Subscription
	Groups       []string // sorted, without empty ones and duplicates
	Pending      bool     // the user's subscription request to the contact is unanswered (ask='subscribe')
	Approved     bool     // the contact's own request is approved in advance (RFC 6121 §3.4)
	// Damaged says that the name or a group contains characters that XML does not
	// allow. Each of them reads as U+FFFD here. Such an item can be written anew or
	// removed.
	Damaged bool
}

// Fields names the arguments from which an item was made, for an *InvalidError.
type Fields struct{ JID, Name, Groups, Subscription string }

// address returns the bare JID by which the server knows an account: its local part
// prepared, its host as the server spells it.
func (r *Rosters) address(j jid.JID) jid.JID {
	return address.Account(address.PrepareLocal(j.Localpart()), r.server.Spelling(address.PrepareHost(j.Domainpart())))
}

// find returns the item of a contact, nil if there is none. It prefers the exact text
// of the JID: one roster can contain two spellings of one contact, which are two
// items. It ignores a resource with which a client may have stored the item.
func (r *Rosters) find(roster *Roster, contact jid.JID) *Item {
	items := roster.of(contact)
	for _, exact := range []jid.JID{contact.Bare(), r.address(contact)} {
		for i := range items {
			if items[i].JID.Bare().Equal(exact) {
				return &items[i]
			}
		}
	}
	if len(items) > 0 {
		return &items[0]
	}
	return nil
}

// withJIDOf returns the item with the JID exactly as it stands in the roster, if
// the contact has an item there.
func (i Item) withJIDOf(was *Item) Item {
	if was != nil {
		i.JID = was.JID.Bare()
	}
	return i
}

// normalized returns the item as a server would store it: its groups sorted, without
// empty ones and duplicates.
func (i Item) normalized() Item {
	groups := slices.DeleteFunc(slices.Clone(i.Groups), func(g string) bool { return g == "" })
	slices.Sort(groups)
	i.Groups = slices.Compact(groups)
	return i
}

// equals reports whether two items agree in everything. A damaged item equals none,
// because its true text is unknown.
func (i Item) equals(o Item) bool {
	return !i.Damaged && !o.Damaged && i.JID.Equal(o.JID) && i.Name == o.Name && i.Subscription == o.Subscription &&
		i.Pending == o.Pending && i.Approved == o.Approved && slices.Equal(i.Groups, o.Groups)
}

// satisfies reports whether an item that stands is as wanted. It ignores what the
// server alone decides: an advance approval, and a request to a contact whose
// presence is not part of the wanted subscription.
func (i Item) satisfies(want Item) bool {
	i.Approved = want.Approved
	if !want.Subscription.includesTo() {
		i.Pending = want.Pending
	}
	return i.equals(want)
}

// validate returns an *InvalidError for an item that no server should be asked to
// store.
func (i Item) validate(f Fields) error {
	if i.JID.Domainpart() == "" {
		return &InvalidError{f.JID, i.JID.String(), "is not a JID"}
	}
	if !slices.Contains(Subscriptions(), i.Subscription) {
		return &InvalidError{f.Subscription, string(i.Subscription), "is not a subscription (none, to, from, both)"}
	}
	if !xmltext.Legal(i.Name) {
		return &InvalidError{f.Name, i.Name, "holds a character that XML does not allow"}
	}
	for _, g := range i.Groups {
		if !xmltext.Legal(g) {
			return &InvalidError{f.Groups, g, "holds a character that XML does not allow"}
		}
	}
	return nil
}
