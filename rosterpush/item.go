package rosterpush

import (
	"slices"

	"golang.org/x/text/cases"
	"mellium.im/xmpp/jid"

	"emanagement/internal/xmltext"
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

// Item is one item of a roster (RFC 6121 §2.1.2).
type Item struct {
	JID          jid.JID // the contact, bare
	Name         string  // the nick; may be empty
	Subscription Subscription
	Groups       []string // sorted, none empty, none twice
	Pending      bool     // a subscription request to the contact is unanswered (ask='subscribe')
	Approved     bool     // the contact's own request is approved in advance
}

// address is the bare JID by which servers know an account. They prepare a
// local part by Nodeprep (RFC 3920 appendix A), which folds case where today's
// rules only lower it: to them strauß is strauss, and σ both of its forms.
func address(j jid.JID) jid.JID {
	folded, err := jid.New(cases.Fold().String(j.Localpart()), j.Domainpart(), "")
	if err != nil {
		return j.Bare()
	}
	return folded
}

// clean returns the item as a server would keep it: the contact bare, its
// groups sorted, none empty and none twice.
func (i Item) clean() Item {
	i.JID = address(i.JID)
	groups := slices.DeleteFunc(slices.Clone(i.Groups), func(g string) bool { return g == "" })
	slices.Sort(groups)
	i.Groups = slices.Compact(groups)
	return i
}

// same says whether two items are alike in everything.
func (i Item) same(o Item) bool {
	return i.JID.Equal(o.JID) && i.Name == o.Name && i.Subscription == o.Subscription &&
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
