package verb

import (
	"fmt"
	"strings"
	"unicode"
)

// Example is a line that runs the verb, as it could be typed by somebody of a
// host: a shell and a chat read it alike.
func (v *Verb) Example(host string) string {
	words := []string{v.Name}
	people := 0
	for _, p := range v.Places() {
		if p.Kind.IsJID() || p.Kind == Sender {
			people++
		}
		words = append(words, Quote(p.example(host, people)))
	}
	return strings.Join(words, " ")
}

// ExampleOf is a flag with a value, as it could follow that line.
func ExampleOf(flag Param, host string) string {
	return fmt.Sprintf("--%s %s", flag.Name, Quote(flag.example(host, 1)))
}

func (p Param) example(host string, people int) string {
	if p.Example != "" {
		return p.Example
	}
	return p.Kind.example(host, people)
}

// example is a value that a kind takes. people is how many people a line names
// one by one, with this one.
func (k Kind) example(host string, people int) string {
	names := []string{"ana", "ben", "eva"}
	switch k {
	case User, Contact, Session, Sender, Recipient, After:
		return names[max(0, people-1)%len(names)] + "@" + host
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

// Quote is a word as it is typed on a line, between quotes where a shell or a
// chat would else take it for something different.
func Quote(word string) string {
	plain := func(r rune) bool {
		return r > 0x7f || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("@%+=:,./_-", r)
	}
	special := func(r rune) bool { return !plain(r) }
	switch {
	// Chats take a phone's quotes for quotes, and blanks of any kind mislead.
	case word != "" && !strings.ContainsFunc(word, special) && !strings.ContainsAny(word, "“”„‘’«»‹›‚\u00a0\u2028\u2029") && !strings.ContainsFunc(word, unicode.IsSpace):
		return word
	case !strings.ContainsAny(word, "\"$`\\"):
		return `"` + word + `"`
	}
	// Between single quotes, a shell and a chat leave everything as it is.
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
