package verb

import (
	"fmt"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/address"
)

// Role is a set of verbs that a grant permits. Each role includes those before it.
type Role int

// The roles.
const (
	Read  Role = iota + 1 // read
	Write                 // change what belongs to single users
	Admin                 // everything
)

var roleNames = []string{Read: "read", Write: "write", Admin: "admin"}

// String returns the role's name.
func (r Role) String() string { return roleNames[r] }

// ParseRole parses the name of a role.
func ParseRole(s string) (Role, error) {
	if i := slices.Index(roleNames, s); i > 0 {
		return Role(i), nil
	}
	return 0, fmt.Errorf("%q is not a role (%s)", s, strings.Join(roleNames[1:], ", "))
}

// Requester is the sender of a request: a jid.JID, or a Process of this machine.
type Requester interface{ String() string }

// Process is a program on this machine, identified by its user and groups.
type Process struct {
	UID  uint32
	GIDs []uint32
}

// String names the user of the process.
func (p Process) String() string { return fmt.Sprintf("uid %d", p.UID) }

// identity returns the name of a requester without a resource.
func identity(r Requester) string {
	if j, ok := r.(jid.JID); ok {
		return j.Bare().String()
	}
	return r.String()
}

// Grant permits verbs to a JID, or to a user or group of this machine.
type Grant struct {
	// JID is an account, at any of its resources, or a domain. A domain means the
	// component or host of that name itself, not its users.
	JID      jid.JID
	UID, GID *uint32
	Role     Role
	Hosts    []string // the hosts whose users and contacts may be named; all if empty
	// Unconfirmed are verbs that need no confirmation. It is for programs that were
	// written before verbs could be confirmed.
	Unconfirmed []string
}

// isFor reports whether the grant is a requester's.
func (g Grant) isFor(r Requester) bool {
	switch r := r.(type) {
	case jid.JID:
		return g.UID == nil && g.GID == nil && address.Equal(g.JID, r.Bare())
	case Process:
		return g.UID != nil && *g.UID == r.UID || g.GID != nil && slices.Contains(r.GIDs, *g.GID)
	}
	return false
}

// covers reports whether the grant extends to a host.
func (g Grant) covers(host string) bool {
	return len(g.Hosts) == 0 || address.HasHost(g.Hosts, host)
}

// uncovered returns the hosts to which the grant does not extend.
func (g Grant) uncovered(hosts []string) []string {
	return slices.DeleteFunc(slices.Clone(hosts), g.covers)
}

// grantsFor returns a requester's grants that permit a verb on at least one host.
func (n *Namespace) grantsFor(r Requester, v *Verb) []Grant {
	return slices.DeleteFunc(n.grantsWithRole(r, v.Role), func(g Grant) bool { return v.concernsEveryHost() && !g.covers(All) })
}

// grantsWithRole returns a requester's grants that have at least a role.
func (n *Namespace) grantsWithRole(r Requester, role Role) []Grant {
	var grants []Grant
	for _, g := range n.access {
		if g.isFor(r) && g.Role >= role {
			grants = append(grants, g)
		}
	}
	return grants
}

// isAdminEverywhere reports whether a requester has the role Admin on every host.
func (n *Namespace) isAdminEverywhere(r Requester) bool {
	return slices.ContainsFunc(n.grantsWithRole(r, Admin), func(g Grant) bool { return g.covers(All) })
}
