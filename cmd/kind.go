package cmd

import (
	"slices"

	"emanagement/presence"
)

// Kind says what values a parameter takes.
type Kind int

// The kinds.
const (
	User            Kind = iota // the bare JID of a user whose roster is meant
	Contact                     // the bare JID of a contact, anywhere
	Session                     // a user's JID; with a resource that one session, else all
	Sender                      // a local user's JID, or a name at the component's own domain
	Recipient                   // a JID, bare or full
	After                       // the bare JID of a user after whom a list goes on
	Recipients                  // several of those: [a@b,c@d], or one a line
	RecipientsOrAll             // the same, or all
	Domain                      // one of the server's hosts, or all
	Text                        // a line of text, may be empty
	Lines                       // text of several lines
	Groups                      // group names, any number
	Subscription                // none, to, from or both
	Show                        // away, chat, dnd, xa; available or empty for none
	Priority                    // of a presence
	Number                      // 1 or more
	Room                        // a room's name
	Affiliation                 // owner, admin, member, outcast, none
	Confirm                     // repeats the argument domain
)

// All stands for every host, or everybody.
const All = "all"

// Options lists the values of a kind that takes only certain ones, in the
// order in which people are shown them; nil for the others.
func (k Kind) Options() []string {
	switch k {
	case Subscription:
		return []string{"none", "to", "from", "both"}
	case Show:
		return append([]string{"available"}, presence.Shows()...)
	case Affiliation:
		return []string{"owner", "admin", "member", "outcast", "none"}
	}
	return nil
}

// Multi says whether a kind takes several values, or text of several lines.
func (k Kind) Multi() bool {
	return slices.Contains([]Kind{Groups, Lines, Recipients, RecipientsOrAll}, k)
}

// IsJID says whether a kind takes one JID.
func (k Kind) IsJID() bool {
	return slices.Contains([]Kind{User, Contact, Session, Recipient, After}, k)
}
