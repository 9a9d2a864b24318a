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

// parse reads a verb's arguments from their text. own is the component's own
// domain; spelling returns a host as its server spells it. Values of no parameter
// are left out.
func (v *Verb) parse(own string, spelling func(host string) string, values map[string][]string) (Args, error) {
	a := Args{
		spelling: spelling,
		jids:     make(map[string]jid.JID), text: make(map[string]string), list: make(map[string][]string),
		people: make(map[string][]jid.JID), number: make(map[string]int),
	}
	for _, p := range v.Params {
		if err := a.read(own, p, values[p.Name]); err != nil {
			return Args{}, BadArgument(p.Name, err.Error())
		}
	}
	if len(a.hosts) == 0 && !v.Hostless {
		a.hosts = []string{All}
	}
	return a, nil
}

func (a *Args) read(own string, p Param, values []string) error {
	if !p.Kind.Multi() && len(values) > 1 {
		return fmt.Errorf("one value is enough, here are %d", len(values))
	}
	value := strings.Join(values, "\n")
	blank := strings.TrimSpace(value) == ""
	switch {
	case blank && p.Required:
		return errors.New("a value is missing")
	case p.Kind == Groups:
		for _, v := range values {
			a.list[p.Name] = append(a.list[p.Name], strings.Split(newlines.Replace(v), "\n")...)
		}
	case p.Kind == Text:
		// A line that was read from somewhere may still have its end.
		a.text[p.Name] = newlines.Replace(strings.TrimRight(value, "\r\n"))
	case p.Kind == Lines:
		a.text[p.Name] = newlines.Replace(value)
	case blank:
	case p.Kind == Recipients || p.Kind == RecipientsOrAll:
		return a.readPeople(p, strings.TrimSpace(value))
	default:
		return a.readOne(own, p, strings.TrimSpace(value))
	}
	return nil
}

// newlines writes the ends of lines as XML reads them (XML 1.0 §2.11): what a
// server is sent otherwise it gives back like this.
var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// readOne reads what is one word.
func (a *Args) readOne(own string, p Param, value string) error {
	if options := p.Kind.Options(); options != nil {
		if !slices.Contains(options, value) {
			return fmt.Errorf("%s is not one of %s", quoted(value), strings.Join(options, ", "))
		}
		a.text[p.Name] = value
		return nil
	}
	switch p.Kind {
	case Number, Priority:
		return a.readNumber(p, value)
	case Domain, Host:
		return a.readDomain(p, value)
	case Confirm:
		if host, err := address.ParseDomain(value); err == nil {
			value = a.spelling(host) // as readDomain has it
		}
		a.text[p.Name] = value
		return nil
	case Room:
		a.text[p.Name] = value
		return nil
	}
	return a.readJID(own, p, value)
}

func (a *Args) readJID(own string, p Param, value string) error {
	if p.Kind == Sender && !strings.ContainsAny(value, "@/") {
		value = value + "@" + own
	}
	j, err := a.readerOf(p)(value)
	if err != nil {
		return fmt.Errorf("%s is %w", quoted(value), err)
	}
	if p.Kind != Contact && p.Kind != Recipient && j.Localpart() == "" {
		return fmt.Errorf("%s is not a user's JID (user@host)", quoted(value))
	}
	if p.Kind == User || p.Kind == Contact || p.Kind == After {
		j = j.Bare() // rosters know no resource
	}
	a.jids[p.Name] = j
	// After whom a list goes on says nothing of what is in it.
	if p.Kind != After && (p.Kind != Sender || j.Domainpart() != own) {
		a.hosts = append(a.hosts, j.Domainpart())
	}
	return nil
}

// readerOf is what reads a JID for a parameter. A contact is named as it stands
// in a roster.
func (a *Args) readerOf(p Param) func(string) (jid.JID, error) {
	switch {
	case p.Kind == Contact:
		return address.ParseStored
	case p.New || p.Kind == Sender:
		return a.spelled(address.ParseNew)
	}
	return a.spelled(address.Parse)
}

// spelled reads a JID and spells its host as the server does.
func (a *Args) spelled(read func(string) (jid.JID, error)) func(string) (jid.JID, error) {
	return func(s string) (jid.JID, error) {
		j, err := read(s)
		if err != nil {
			return jid.JID{}, err
		}
		return jid.NewUnsafe(j.Localpart(), a.spelling(j.Domainpart()), j.Resourcepart()).JID, nil
	}
}

func (a *Args) readDomain(p Param, value string) error {
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

func (a *Args) readNumber(p Param, value string) error {
	n, err := strconv.Atoi(value)
	low, high := 1, 1_000_000
	if p.Kind == Priority {
		low, high = presence.MinPriority, presence.MaxPriority
	}
	if err != nil || n < low || n > high {
		return fmt.Errorf("%s is not a number from %d to %d", quoted(value), low, high)
	}
	a.number[p.Name] = n
	return nil
}

// readPeople reads several JIDs: [a@b,c@d] as emanagement wanted them, or one
// a line.
func (a *Args) readPeople(p Param, value string) error {
	if p.Kind == RecipientsOrAll && strings.EqualFold(value, All) {
		a.hosts = append(a.hosts, All)
		return nil
	}
	if strings.HasPrefix(value, "[") && !strings.HasSuffix(value, "]") {
		return errors.New("a list that begins with [ ends with ]")
	}
	known := make(map[string]bool) // there may be very many
	for _, word := range peopleIn(value) {
		j, err := a.spelled(address.Parse)(word)
		if err == nil && word == All {
			err = &address.Error{}
		}
		if err != nil {
			return fmt.Errorf("%s is %w", quoted(word), err)
		}
		if name := j.String(); !known[name] {
			known[name] = true
			a.people[p.Name] = append(a.people[p.Name], j)
		}
		a.hosts = append(a.hosts, j.Domainpart())
	}
	if len(a.people[p.Name]) == 0 {
		return errors.New("it names nobody")
	}
	return nil
}

// peopleIn are the words of a list of JIDs.
func peopleIn(value string) []string {
	words := strings.Split(value, "\n")
	if list, ok := strings.CutPrefix(value, "["); ok && strings.HasSuffix(list, "]") {
		words = strings.Split(strings.TrimSuffix(list, "]"), ",")
	}
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

// maxQuoted is how much of a wrong value is shown, in characters: it may be the
// list of everybody.
const maxQuoted = 100

// quoted shows a value that cannot be taken.
func quoted(value string) string {
	if r := []rune(value); len(r) > maxQuoted {
		value = string(r[:maxQuoted]) + "…"
	}
	return strconv.Quote(value)
}
