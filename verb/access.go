package verb

import (
	"fmt"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/address"
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

// Asker is who asks for a verb: a jid.JID, or a Process of this machine.
type Asker interface{ String() string }

// Process is a program of this machine, known by whose it is.
type Process struct {
	UID  uint32
	GIDs []uint32
}

func (p Process) String() string { return fmt.Sprintf("uid %d", p.UID) }

// identity is an asker by name, whichever resource it asks from.
func identity(a Asker) string {
	if j, ok := a.(jid.JID); ok {
		return j.Bare().String()
	}
	return a.String()
}

// Grant lets somebody run verbs. It names a JID, a user of this machine, or a
// group of it.
type Grant struct {
	// JID is an account, at any of its resources, or a domain: the component
	// or host of that name itself, not its users.
	JID      jid.JID
	UID, GID *uint32
	Role     Role
	Hosts    []string // of the users and contacts it may name; empty: all
	// Unconfirmed are verbs that need not be confirmed: for programs from
	// before there was a way to say so.
	Unconfirmed []string
}

// holds says whether the grant is for this asker.
func (g Grant) holds(asker Asker) bool {
	switch a := asker.(type) {
	case jid.JID:
		return g.UID == nil && g.GID == nil && address.Equal(g.JID, a.Bare())
	case Process:
		return g.UID != nil && *g.UID == a.UID || g.GID != nil && slices.Contains(a.GIDs, *g.GID)
	}
	return false
}

// covers says whether the grant extends to a host.
func (g Grant) covers(host string) bool {
	return len(g.Hosts) == 0 || address.HasHost(g.Hosts, host)
}

// lacks are those of the hosts to which the grant does not extend.
func (g Grant) lacks(hosts []string) []string {
	return slices.DeleteFunc(slices.Clone(hosts), g.covers)
}

// grantsFor returns what an asker holds that a verb can be run with.
func (n *Namespace) grantsFor(asker Asker, v *Verb) []Grant {
	return slices.DeleteFunc(n.grantsOf(asker, v.Role), func(g Grant) bool { return v.everywhere() && !g.covers(All) })
}

// grantsOf returns what an asker holds of at least a role.
func (n *Namespace) grantsOf(asker Asker, role Role) []Grant {
	var grants []Grant
	for _, g := range n.access {
		if g.holds(asker) && g.Role >= role {
			grants = append(grants, g)
		}
	}
	return grants
}
