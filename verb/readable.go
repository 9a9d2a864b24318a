package verb

import (
	"slices"
	"strings"

	"emanagement/verb/wire"
)

// dash stands between what one line of a chat says.
const dash = " – "

// phraser is an item of a table that people read otherwise than as its
// columns.
type phraser interface{ phrases() []string }

// Readable is a table's lines as people read them in a chat: no tabs, no
// rules, nothing that says nothing. Of what is no table, the outcome is all.
func (r Result) Readable() []string {
	if r.shape != wire.Table {
		return nil
	}
	var lines []string
	for _, item := range r.items {
		p, ok := item.(phraser)
		if !ok {
			return dashed(r.lines)
		}
		lines = append(lines, p.phrases()...)
	}
	return lines
}

// dashed is lines of columns with a dash between those that say something.
func dashed(lines []string) []string {
	var readable []string
	for _, line := range lines {
		readable = append(readable, phrase(strings.Split(line, "\t")...))
	}
	return readable
}

func phrase(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), dash)
}

// Next is the user after whom a table goes on that a limit has cut; empty
// where it has all.
func (r Result) Next() string { return r.next }

func (i rosterItem) phrases() []string {
	ask := ""
	if i.Ask != "none" {
		ask = "request pending"
	}
	groups := make([]string, len(i.Groups))
	for n, g := range i.Groups {
		groups[n] = typed(g)
	}
	return []string{phrase(oneLine(i.JID), typed(i.Nick), i.Subscription, ask, strings.Join(groups, ", "))}
}

func (o ownedRoster) phrases() []string {
	lines := []string{"", oneLine(o.User) + ":"}
	for _, item := range o.Items {
		if p, ok := item.(phraser); ok {
			lines = append(lines, p.phrases()...)
		}
	}
	if o.Error != "" {
		lines = append(lines, oneLine(o.Error))
	}
	return lines
}

func (p pair) phrases() []string { return []string{phrase(oneLine(p[0]), oneLine(p[1]))} }

// typed shows a value as it can be typed in a chat, alone or between double
// quotes: there a backslash is one, but before a quote (that at the end, too) and another
// backslash.
func typed(s string) string {
	if strings.Contains(s, `\\`) || strings.Contains(s, `\"`) || strings.HasSuffix(s, `\`) {
		s = Quote(s)
	}
	return oneLine(s)
}
