package room

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mellium.im/xmpp/jid"
)

// maxName is how long a name may be, in bytes (RFC 7622 §3.3).
const maxName = 1023

// Room names one room of a host.
type Room struct{ Name, Host string }

// Parse returns the room of that name on a host. The name is prepared as that
// of a JID; one that today's rules would not let be created may still be that
// of a room which others have made, and is taken as it is. The error is a
// *NameError.
func Parse(name, host string) (Room, error) {
	r := Room{Name: name, Host: host}
	if j, err := r.prepare(); err == nil {
		r.Name = j.Localpart()
		return r, nil
	}
	switch {
	case name == "" || len(name) > maxName:
		return Room{}, &NameError{name, fmt.Sprintf("not a room's name: it has 1 to %d bytes", maxName)}
	case strings.ContainsAny(name, `"&'/:<>@`):
		return Room{}, &NameError{name, `not a room's name: it stands before the @ of a JID, without any of "&'/:<>@`}
	case strings.ContainsFunc(name, unicode.IsSpace):
		return Room{}, &NameError{name, `not a room's name: it has no blanks (\20 stands for one)`}
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }):
		return Room{}, &NameError{name, "not a room's name: it holds a character that cannot be seen"}
	}
	return r, nil
}

// check refuses a name that a new room should not have.
func (r Room) check() error {
	if _, err := r.prepare(); err != nil {
		return &NameError{r.Name, "not a name for a new room: letters, digits and most of ASCII's other signs make one"}
	}
	return nil
}

// prepare makes a JID of a room's name by today's rules (RFC 7622 §3.3).
func (r Room) prepare() (jid.JID, error) {
	j, err := jid.New(r.Name, r.Service(), "")
	if err == nil && (j.Localpart() == "" || !utf8.ValidString(r.Name)) {
		err = errors.New("not a local part")
	}
	return j, err
}

// Service is where the room is.
func (r Room) Service() string { return Service(r.Host) }

// String is the room's JID.
func (r Room) String() string { return r.Name + "@" + r.Service() }

// Service is where a host's rooms are.
func Service(host string) string { return "conference." + host }

// Affiliation is how somebody belongs to a room (XEP-0045 §5.2).
type Affiliation string

// The affiliations.
const (
	Owner   Affiliation = "owner"
	Admin   Affiliation = "admin"
	Member  Affiliation = "member"
	Outcast Affiliation = "outcast"
	None    Affiliation = "none"
)

// Affiliations lists them all, in the order in which people are shown them.
func Affiliations() []Affiliation { return []Affiliation{Owner, Admin, Member, Outcast, None} }

// Affiliate is somebody with an affiliation other than none: an account, or a
// whole host.
type Affiliate struct {
	JID         jid.JID // bare
	Affiliation Affiliation
}

// affiliationIn is what somebody has among affiliates.
func affiliationIn(all []Affiliate, who jid.JID) Affiliation {
	i := slices.IndexFunc(all, func(a Affiliate) bool { return a.JID.Equal(who) })
	if i < 0 {
		return None
	}
	return all[i].Affiliation
}

// NameError refuses a room's name. Nothing was done.
type NameError struct {
	Name string
	Why  string
}

func (e *NameError) Error() string { return fmt.Sprintf("%q is %s", e.Name, e.Why) }
