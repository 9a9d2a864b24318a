package room

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"mellium.im/xmpp/jid"
)

// maxName limits a room's name, in bytes (RFC 7622 §3.3).
const maxName = 1023

// Room identifies one room of a host.
type Room struct{ Name, Host string }

// Parse returns the room of that name on a host. It prepares the name like the local
// part of a JID. A name that RFC 7622 does not allow may still belong to a room that
// another program has created: such a name is returned unchanged. The error is a
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

// validateNew returns a *NameError if a new room must not have this name.
func (r Room) validateNew() error {
	if _, err := r.prepare(); err != nil {
		return &NameError{r.Name, "not a name for a new room: letters, digits and most of ASCII's other signs make one"}
	}
	return nil
}

// prepare returns the room's JID, prepared as RFC 7622 §3.3 requires.
func (r Room) prepare() (jid.JID, error) {
	j, err := jid.New(r.Name, r.Service(), "")
	if err == nil && (j.Localpart() == "" || !utf8.ValidString(r.Name)) {
		err = errors.New("not a local part")
	}
	return j, err
}

// Service returns the domain of the room's JID.
func (r Room) Service() string { return Service(r.Host) }

// String returns the room's JID.
func (r Room) String() string { return r.Name + "@" + r.Service() }

// Service returns the domain of the rooms of a host.
func Service(host string) string { return "conference." + host }
