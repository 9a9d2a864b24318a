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

// Subscriptions lists all four, in the order in which people are shown them.
func Subscriptions() []Subscription { return []Subscription{None, To, From, Both} }

// includesTo says whether the user receives the contact's presence.
func (s Subscription) includesTo() bool { return s == To || s == Both }

// includesFrom says whether the contact receives the user's presence.
func (s Subscription) includesFrom() bool { return s == From || s == Both }

// withTo is the subscription that also includes the contact's presence.
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
	Groups       []string // sorted, none empty, none twice
	Pending      bool     // a subscription request to the contact is unanswered (ask='subscribe')
	Approved     bool     // the contact's own request is approved in advance
	// Damaged says that the name or a group holds characters that XML does not
	// allow, each of which reads as U+FFFD here. Such an item can be written anew
	// or removed.
	Damaged bool
}

// address is the bare JID by which the server knows an account: its local part
// prepared, its host as the server spells it.
func (r *Rosters) address(j jid.JID) jid.JID {
	return address.Account(address.PrepareLocal(j.Localpart()), r.server.Spelling(address.PrepareHost(j.Domainpart())))
}

// find returns the item of a contact, nil where there is none. The very text of a
// JID counts first: one roster can hold two spellings of one contact, which are
// two items. A resource, with which a client may have stored an item, does not
// count.
func (r *Rosters) find(items []Item, contact jid.JID) *Item {
	for _, like := range []func(jid.JID) bool{
		func(j jid.JID) bool { return j.Equal(contact.Bare()) },
		func(j jid.JID) bool { return j.Equal(r.address(contact)) },
		func(j jid.JID) bool { return address.Equal(j, contact.Bare()) },
	} {
		for _, i := range items {
			if like(i.JID.Bare()) {
				return &i
			}
		}
	}
	return nil
}

// over returns the item as it is to be written over another: a contact that is
// there keeps the text of its JID.
func (i Item) over(was *Item) Item {
	if was != nil {
		i.JID = was.JID.Bare()
	}
	return i
}

// clean returns the item as a server would keep it: its groups sorted, none empty
// and none twice.
func (i Item) clean() Item {
	groups := slices.DeleteFunc(slices.Clone(i.Groups), func(g string) bool { return g == "" })
	slices.Sort(groups)
	i.Groups = slices.Compact(groups)
	return i
}

// same says whether two items are alike in everything. Of a damaged one nobody
// knows.
func (i Item) same(o Item) bool {
	return !i.Damaged && !o.Damaged && i.JID.Equal(o.JID) && i.Name == o.Name && i.Subscription == o.Subscription &&
		i.Pending == o.Pending && i.Approved == o.Approved && slices.Equal(i.Groups, o.Groups)
}

// settles says whether an item that stands is as wanted. What the server
// alone decides (an advance approval, a request to a contact whose presence is
// not part of the wanted subscription) does not count.
func (i Item) settles(want Item) bool {
	i.Approved = want.Approved
	if !want.Subscription.includesTo() {
		i.Pending = want.Pending
	}
	return i.same(want)
}

// check refuses what no server should be asked to keep. field names the
// argument in which each part came.
func (i Item) check(field Fields) error {
	if i.JID.Domainpart() == "" {
		return &InvalidError{field.JID, i.JID.String(), "is not a JID"}
	}
	if !slices.Contains(Subscriptions(), i.Subscription) {
		return &InvalidError{field.Subscription, string(i.Subscription), "is not a subscription (none, to, from, both)"}
	}
	if !xmltext.Legal(i.Name) {
		return &InvalidError{field.Name, i.Name, "holds a character that XML does not allow"}
	}
	for _, g := range i.Groups {
		if !xmltext.Legal(g) {
			return &InvalidError{field.Groups, g, "holds a character that XML does not allow"}
		}
	}
	return nil
}

// Fields names the arguments that an item was made from, for errors.
type Fields struct{ JID, Name, Groups, Subscription string }
