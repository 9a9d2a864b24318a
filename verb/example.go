package verb

import (
	"fmt"
	"strings"
	"unicode"
)

// Example returns a line that runs the verb, as a user of a host could type it. It is
// valid in a shell and in a chat.
func (v *Verb) Example(host string) string {
	words := []string{v.Name}
	users := 0
	for _, p := range v.Places() {
		if p.Kind.IsJID() || p.Kind == Sender {
			users++
		}
		words = append(words, Quote(p.example(host, users)))
	}
	return strings.Join(words, " ")
}

// ExampleOf returns a flag with a value, as it could follow the line of Example.
func ExampleOf(flag Param, host string) string {
	return fmt.Sprintf("--%s %s", flag.Name, Quote(flag.example(host, 1)))
}

// example returns a value for the parameter. nth is the number of JIDs in the line up to
// this one, so that a line names different users.
func (p Param) example(host string, nth int) string {
	if p.Example != "" {
		return p.Example
	}
	return p.Kind.example(host, nth)
}

// example returns a value that a kind accepts.
func (k Kind) example(host string, nth int) string {
	names := []string{"ana", "ben", "eva"}
	switch k {
	case User, Contact, Session, Sender, Recipient, After:
		return names[max(0, nth-1)%len(names)] + "@" + host
	case Recipients, RecipientsOrAll:
		return fmt.Sprintf("[ben@%s,eva@%s]", host, host)
	case Domain, Host:
		return host
	case Lines:
		return "See you at eight"
	case Groups:
		return "Friends"
	case Subscription:
		return "both"
	case Show:
		return "away"
	case Priority:
		return "5"
	case Number:
		return "3"
	case Room:
		return "lobby"
	case Affiliation:
		return "member"
	case Confirm:
		return All
	}
	return "some words"
}

// Quote returns a word as it must be typed on a line. It adds quotes if a shell or a chat
// would read the bare word differently.
func Quote(word string) string {
	plain := func(r rune) bool {
		return r > 0x7f || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("@%+=:,./_-", r)
	}
	special := func(r rune) bool { return !plain(r) }
	switch {
	// In a chat, curly quotes are quotes too, and unusual spaces mislead readers.
	case word != "" && !strings.ContainsFunc(word, special) && !strings.ContainsAny(word, "“”„‘’«»‹›‚\u00a0\u2028\u2029") && !strings.ContainsFunc(word, unicode.IsSpace):
		return word
	case !strings.ContainsAny(word, "\"$`\\"):
		return `"` + word + `"`
	}
	// Between single quotes, nothing is special in a shell or in a chat.
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
