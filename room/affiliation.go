package room

import (
	"slices"

	"mellium.im/xmpp/jid"
)

// Affiliation is an entity's relation to a room (XEP-0045 §5.2).
type Affiliation string

// The affiliations.
const (
	Owner   Affiliation = "owner"
	Admin   Affiliation = "admin"
	Member  Affiliation = "member"
	Outcast Affiliation = "outcast"
	None    Affiliation = "none"
)

// Affiliations lists all affiliations, in the order in which users are shown them.
func Affiliations() []Affiliation { return []Affiliation{Owner, Admin, Member, Outcast, None} }

// Affiliate is a user or a whole host with an affiliation other than None.
type Affiliate struct {
	JID         jid.JID // bare
	Affiliation Affiliation
}

// affiliationOf returns a user's or host's affiliation in a list, or None.
func affiliationOf(entity jid.JID, all []Affiliate) Affiliation {
	i := slices.IndexFunc(all, func(a Affiliate) bool { return a.JID.Equal(entity) })
	if i < 0 {
		return None
	}
	return all[i].Affiliation
}
