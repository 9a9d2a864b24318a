package verb

import (
	"slices"
	"strings"

	"emanagement/presence"
	"emanagement/room"
)

// Kind is the kind of a parameter: it determines which values the parameter accepts.
type Kind int

// The kinds.
const (
	User            Kind = iota // the bare JID of the owner of a roster
	Contact                     // the bare JID of a contact on any server
	Session                     // a user's JID; with a resource, only that session
	Sender                      // a Session, or an address at the component's own domain
	Recipient                   // a JID, bare or full
	After                       // the bare JID after which a list continues
	Recipients                  // several Recipients: [a@b,c@d], or one per line
	RecipientsOrAll             // Recipients, or All
	Domain                      // one of the server's hosts, or All
	Host                        // one of the server's hosts
	Text                        // a line of text, which may be empty
	Lines                       // text of several lines
	Groups                      // any number of group names
	Subscription                // none, to, from or both
	Show                        // away, chat, dnd, xa; available or empty for none
	Priority                    // the priority of a presence
	Number                      // 1 or more
	Room                        // the name of a room
	Affiliation                 // owner, admin, member, outcast, none
	Confirm                     // the argument domain again
)

// All stands for every host, or for every user.
const All = "all"

// Options lists the values of a kind that accepts only certain ones, in the order in which
// forms show them. It returns nil for any other kind.
func (k Kind) Options() []string {
	switch k {
	case Subscription:
		return []string{"none", "to", "from", "both"}
	case Show:
		return append([]string{"available"}, presence.Shows()...)
	case Affiliation:
		var names []string
		for _, a := range room.Affiliations() {
			names = append(names, string(a))
		}
		return names
	}
	return nil
}

// Words lists the values of a kind that are known in advance, for completion.
func (k Kind) Words() []string {
	if k == Domain || k == RecipientsOrAll {
		return []string{All}
	}
	return k.Options()
}

// Multi reports whether a kind accepts several values, or text of several lines.
func (k Kind) Multi() bool {
	return slices.Contains([]Kind{Groups, Lines, Recipients, RecipientsOrAll}, k)
}

// IsJID reports whether a kind accepts exactly one JID.
func (k Kind) IsJID() bool {
	return slices.Contains([]Kind{User, Contact, Session, Recipient, After}, k)
}

// namesHost reports whether the values of a kind name hosts.
func (k Kind) namesHost() bool {
	return slices.Contains([]Kind{User, Contact, Session, Sender, Recipient, Recipients, RecipientsOrAll, Domain, Host}, k)
}

// String describes the values that a kind accepts, for people.
func (k Kind) String() string {
	if options := k.Options(); options != nil {
		return "one of " + strings.Join(options, ", ")
	}
	return [...]string{
		User:            "a user's JID",
		Contact:         "a JID",
		Session:         "a user's JID; with a resource, only that session",
		Sender:          "a local user's JID, or an address at the component's own domain",
		Recipient:       "a JID, bare or full",
		Recipients:      "JIDs, one per line, or [a@b,c@d]",
		RecipientsOrAll: "JIDs, one per line, or [a@b,c@d], or all",
		Domain:          "a host of the server, or all",
		Host:            "a host of the server",
		After:           "a JID; the list continues after it",
		Text:            "a line of text",
		Lines:           "text of several lines",
		Groups:          "names, one per line",
		Priority:        "a number from -128 to 127",
		Number:          "a number, 1 or more",
		Room:            "a room's name, the part before the @",
		Confirm:         "the argument domain again, or all if the verb has none",
	}[k]
}
