package verb

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/presence"
	"emanagement/xmpp/address"
)

// parse parses the arguments of a verb. ownDomain is the component's own domain, and
// spelling returns a host as its server spells it. Values of unknown parameters are
// ignored. The error is a *wire.Error of the kind Argument.
func (v *Verb) parse(ownDomain string, spelling func(host string) string, limits Limits, values map[string][]string) (Args, error) {
	a := Args{
		jids:     make(map[string]jid.JID),
		text:     make(map[string]string),
		lists:    make(map[string][]string),
		jidLists: make(map[string][]jid.JID),
		numbers:  make(map[string]int),
		spelling: spelling,
	}
	for _, p := range v.Params {
		err := a.parse(ownDomain, p, values[p.Name])
		if err == nil {
			err = limits.check(p, a)
		}
		if err != nil {
			return Args{}, BadArgument(p.Name, err.Error())
		}
	}
	if len(a.hosts) == 0 && !v.Hostless {
		a.hosts = []string{All}
	}
	return a, nil
}

// parse parses the argument of one parameter.
func (a *Args) parse(ownDomain string, p Param, values []string) error {
	if !p.Kind.Multi() && len(values) > 1 {
		return fmt.Errorf("expected one value, got %d", len(values))
	}
	value := strings.Join(values, "\n")
	blank := strings.TrimSpace(value) == ""
	switch {
	case blank && p.Required:
		return errors.New("a value is missing")
	case p.Kind == Groups:
		for _, v := range values {
			a.lists[p.Name] = append(a.lists[p.Name], strings.Split(newlines.Replace(v), "\n")...)
		}
	case p.Kind == Text:
		// A line that a program read from a file may still have its line end.
		a.text[p.Name] = newlines.Replace(strings.TrimRight(value, "\r\n"))
	case p.Kind == Lines:
		a.text[p.Name] = newlines.Replace(value)
	case blank:
	case p.Kind == Recipients || p.Kind == RecipientsOrAll:
		return a.parseJIDs(p, strings.TrimSpace(value))
	default:
		return a.parseWord(ownDomain, p, strings.TrimSpace(value))
	}
	return nil
}

// newlines replaces line ends by those that an XML parser reports (XML 1.0 §2.11). A
// server would return any other line end changed.
var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// parseWord parses a value that is one word.
func (a *Args) parseWord(ownDomain string, p Param, value string) error {
	if options := p.Kind.Options(); options != nil {
		if !slices.Contains(options, value) {
			return fmt.Errorf("%s is not one of %s", quoted(value), strings.Join(options, ", "))
		}
		a.text[p.Name] = value
		return nil
	}
	switch p.Kind {
	case Number, Priority:
		return a.parseNumber(p, value)
	case Domain, Host:
		return a.parseDomain(p, value)
	case Confirm:
		if host, err := address.ParseDomain(value); err == nil {
			value = a.spelling(host) // as parseDomain does
		}
		a.text[p.Name] = value
		return nil
	case Room:
		a.text[p.Name] = value
		return nil
	}
	return a.parseJID(ownDomain, p, value)
}

func (a *Args) parseJID(ownDomain string, p Param, value string) error {
	if p.Kind == Sender && !strings.ContainsAny(value, "@/") {
		value += "@" + ownDomain
	}
	j, err := a.jidParser(p)(value)
	if err != nil {
		return fmt.Errorf("%s is %w", quoted(value), err)
	}
	if p.Kind != Contact && p.Kind != Recipient && j.Localpart() == "" {
		return fmt.Errorf("%s is not a user's JID (user@host)", quoted(value))
	}
	if p.Kind == User || p.Kind == Contact || p.Kind == After {
		j = j.Bare() // rosters contain bare JIDs
	}
	a.jids[p.Name] = j
	// The JID after which a list continues says nothing about the content of the list.
	if p.Kind != After && (p.Kind != Sender || j.Domainpart() != ownDomain) {
		a.hosts = append(a.hosts, j.Domainpart())
	}
	return nil
}

// jidParser returns the function that parses a JID for a parameter. A contact keeps the
// exact text that stands in a roster.
func (a *Args) jidParser(p Param) func(string) (jid.JID, error) {
	switch {
	case p.Kind == Contact:
		return address.ParseStored
	case p.New || p.Kind == Sender:
		return a.withSpelling(address.ParseNew)
	}
	return a.withSpelling(address.Parse)
}

// withSpelling returns a function that parses a JID and spells its host as the server
// does.
func (a *Args) withSpelling(parse func(string) (jid.JID, error)) func(string) (jid.JID, error) {
	return func(s string) (jid.JID, error) {
		j, err := parse(s)
		if err != nil {
			return jid.JID{}, err
		}
		return jid.NewUnsafe(j.Localpart(), a.spelling(j.Domainpart()), j.Resourcepart()).JID, nil
	}
}

func (a *Args) parseDomain(p Param, value string) error {
	hint := " (or " + All + ")"
	if p.Kind == Host {
		hint = ""
	}
	if value != All || p.Kind == Host {
		host, err := address.ParseDomain(value)
		if err != nil || value == All {
			return fmt.Errorf("%s is not a domain%s", quoted(value), hint)
		}
		value = a.spelling(host)
	}
	a.text[p.Name] = value
	a.hosts = append(a.hosts, value)
	return nil
}

func (a *Args) parseNumber(p Param, value string) error {
	n, err := strconv.Atoi(value)
	low, high := 1, 1_000_000
	if p.Kind == Priority {
		low, high = presence.MinPriority, presence.MaxPriority
	}
	if err != nil || n < low || n > high {
		return fmt.Errorf("%s is not a number from %d to %d", quoted(value), low, high)
	}
	a.numbers[p.Name] = n
	return nil
}

// parseJIDs parses a list of JIDs: [a@b,c@d] as in the script of 2012, or one per line. It
// drops duplicates.
func (a *Args) parseJIDs(p Param, value string) error {
	if p.Kind == RecipientsOrAll && strings.EqualFold(value, All) {
		a.hosts = append(a.hosts, All)
		return nil
	}
	if strings.HasPrefix(value, "[") && !strings.HasSuffix(value, "]") {
		return errors.New("a list that begins with [ must end with ]")
	}
	seen := make(map[string]bool) // a set, because a list may be very long
	for _, word := range splitJIDs(value) {
		j, err := a.withSpelling(address.Parse)(word)
		if err == nil && word == All {
			err = &address.Error{}
		}
		if err != nil {
			return fmt.Errorf("%s is %w", quoted(word), err)
		}
		if name := j.String(); !seen[name] {
			seen[name] = true
			a.jidLists[p.Name] = append(a.jidLists[p.Name], j)
		}
		a.hosts = append(a.hosts, j.Domainpart())
	}
	if len(a.jidLists[p.Name]) == 0 {
		return errors.New("the list is empty")
	}
	return nil
}

// splitJIDs splits a list of JIDs into its words.
func splitJIDs(value string) []string {
	words := strings.Split(value, "\n")
	if list, ok := strings.CutPrefix(value, "["); ok && strings.HasSuffix(list, "]") {
		words = strings.Split(strings.TrimSuffix(list, "]"), ",")
	}
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

// maxQuoted limits how much of a wrong value an error shows, in characters. The value may
// be a long list.
const maxQuoted = 100

// quoted returns a wrong value for an error text, shortened if it is long.
func quoted(value string) string {
	if r := []rune(value); len(r) > maxQuoted {
		value = string(r[:maxQuoted]) + "…"
	}
	return strconv.Quote(value)
}
