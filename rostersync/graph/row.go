package graph

import "mellium.im/xmpp/jid"

// Both is the type of a row that declares the items of both users. The other types are the
// subscription of the user's item, and None says that there must be no such item.
const (
	Both = "both"
	From = "from"
	To   = "to"
	None = "none"
)

// Row is one contact.
type Row struct {
	Line          int // where it begins in the input, counted from 1
	User, Contact jid.JID
	Type          string
	// How the user appears in the contact's roster, and the contact in the user's. An empty
	// nick, or no group, declares none: another row may.
	UserNick, ContactNick     string
	UserGroups, ContactGroups []string
	// The keys by which an application knows the two. They may be empty.
	UserID, ContactID string
}

// Declared is what a row says of one item of a roster.
type Declared struct {
	User, Contact jid.JID
	Subscription  string // None: there must be no item
	Nick          string // empty: none is declared
	Groups        []string
	Line          int
}

// Items returns what the row declares on the given host. A contact of another host has no
// roster that could be written.
func (r Row) Items(host string) []Declared {
	own := Declared{User: r.User, Contact: r.Contact, Subscription: r.Type, Nick: r.ContactNick, Groups: r.ContactGroups, Line: r.Line}
	if r.Type != Both || r.Contact.Domainpart() != host || r.Contact.Localpart() == "" {
		return []Declared{own}
	}
	return []Declared{own, {User: r.Contact, Contact: r.User, Subscription: Both, Nick: r.UserNick, Groups: r.UserGroups, Line: r.Line}}
}

// RowOf returns the row that declares one item of a roster and nothing else.
func RowOf(d Declared) Row {
	return Row{User: d.User, Contact: d.Contact, Type: d.Subscription, ContactNick: d.Nick, ContactGroups: d.Groups}
}
