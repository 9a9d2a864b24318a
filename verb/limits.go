package verb

import (
	"fmt"
	"strings"
)

// Limits bound what the arguments of verbs put into a roster or a presence. A server stores
// texts of any length, and sends them to every client again and again.
type Limits struct {
	Nick   int // a nick or a status text, in bytes
	Group  int // the name of a group, in bytes
	Groups int // the groups of a contact
}

// DefaultLimits returns the limits that apply if none are configured. They are far above
// what people type.
func DefaultLimits() Limits { return Limits{Nick: 1024, Group: 1024, Groups: 100} }

// check returns an error if the argument of a parameter is beyond a limit.
func (l Limits) check(p Param, a Args) error {
	switch p.Kind {
	case Text:
		return atMost("bytes", len(a.str(p.Name)), l.Nick, "limits.nick")
	case Groups:
		groups := a.strings(p.Name)
		for _, g := range groups {
			if err := atMost("bytes in "+quoted(g), len(g), l.Group, "limits.group"); err != nil {
				return err
			}
		}
		return atMost("groups", len(groups), l.Groups, "limits.groups")
	}
	return nil
}

// atMost returns an error that names the limit if n is beyond it.
func atMost(what string, n, limit int, key string) error {
	if n <= limit {
		return nil
	}
	unit, _, _ := strings.Cut(what, " ")
	return fmt.Errorf("%d %s; at most %d %s are allowed (%s in emanagement.yml)", n, what, limit, unit, key)
}
