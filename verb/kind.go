package verb

import (
	"slices"
	"strings"

	"emanagement/presence"
	"emanagement/room"
)

// Kind says what values a parameter takes.
type Kind int

// The kinds.
const (
	User            Kind = iota // the bare JID of a user whose roster is meant
	Contact                     // the bare JID of a contact, anywhere
	Session                     // a user's JID; with a resource that one session, else all
	Sender                      // the same, or a name at the component's own domain
	Recipient                   // a JID, bare or full
	After                       // the bare JID of a user after whom a list goes on
	Recipients                  // several of those: [a@b,c@d], or one a line
	RecipientsOrAll             // the same, or all
	Domain                      // one of the server's hosts, or all
	Host                        // one of the server's hosts
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
		var names []string
		for _, a := range room.Affiliations() {
			names = append(names, string(a))
		}
		return names
	}
	return nil
}

// Words lists what is known of a kind's values beforehand, for completion.
func (k Kind) Words() []string {
	if k == Domain || k == RecipientsOrAll {
		return []string{All}
	}
	return k.Options()
}

// Multi says whether a kind takes several values, or text of several lines.
func (k Kind) Multi() bool {
	return slices.Contains([]Kind{Groups, Lines, Recipients, RecipientsOrAll}, k)
}

// IsJID says whether a kind takes one JID.
func (k Kind) IsJID() bool {
	return slices.Contains([]Kind{User, Contact, Session, Recipient, After}, k)
}

// namesHost says whether the values of a kind name hosts.
func (k Kind) namesHost() bool {
	return slices.Contains([]Kind{User, Contact, Session, Sender, Recipient, Recipients, RecipientsOrAll, Domain, Host}, k)
}

// String says what a kind takes, in words for people.
func (k Kind) String() string {
	if options := k.Options(); options != nil {
		return "one of " + strings.Join(options, ", ")
	}
	return [...]string{
		User:            "a user's JID",
		Contact:         "a JID",
		Session:         "a user's JID; with a resource that one session, else all",
		Sender:          "a local user's JID, or a name at the component's own domain",
		Recipient:       "a JID, bare or full",
		Recipients:      "JIDs, one a line, or [a@b,c@d]",
		RecipientsOrAll: "JIDs, one a line, or [a@b,c@d], or all",
		Domain:          "a host of the server, or all",
		Host:            "a host of the server",
		After:           "a JID of the list, after which it goes on",
		Text:            "a line of text",
		Lines:           "text of several lines",
		Groups:          "names, one a line",
		Priority:        "a number from -128 to 127",
		Number:          "a number from 1 on",
		Room:            "a room's name, which stands before the @",
		Confirm:         "the argument domain again, or all where there is none",
	}[k]
}
