package cmd

import (
	"fmt"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"
)

// Role is what somebody may do; each includes those before it.
type Role int

// The roles.
const (
	Read  Role = iota + 1 // look
	Write                 // change what belongs to single users
	Admin                 // everything
)

var roleNames = []string{Read: "read", Write: "write", Admin: "admin"}

func (r Role) String() string { return roleNames[r] }

// ParseRole reads a role's name.
func ParseRole(s string) (Role, error) {
	if i := slices.Index(roleNames, s); i > 0 {
		return Role(i), nil
	}
	return 0, fmt.Errorf("%q is not a role (%s)", s, strings.Join(roleNames[1:], ", "))
}

// Grant lets somebody run verbs.
type Grant struct {
	// JID is an account, at any of its resources, or a domain: the component
	// or host of that name itself, not its users.
	JID   jid.JID
	Role  Role
	Hosts []string // of the users and contacts it may name; empty: all
}

// holds says whether the grant is for this asker.
func (g Grant) holds(asker jid.JID) bool { return g.JID.Equal(asker.Bare()) }

// covers says whether the grant extends to a host.
func (g Grant) covers(host string) bool {
	return len(g.Hosts) == 0 || slices.Contains(g.Hosts, host)
}

// grantsFor returns what an asker holds that a verb can be run with.
func (n *Namespace) grantsFor(asker jid.JID, v *Verb) []Grant {
	return slices.DeleteFunc(n.grantsOf(asker, v.Role), func(g Grant) bool { return v.everywhere() && !g.covers(All) })
}

// grantsOf returns what an asker holds of at least a role.
func (n *Namespace) grantsOf(asker jid.JID, role Role) []Grant {
	var grants []Grant
	for _, g := range n.access {
		if g.holds(asker) && g.Role >= role {
			grants = append(grants, g)
		}
	}
	return grants
}
