// Package presence sets users' presences, says who is connected, and sends
// messages. What it needs of a server is Server.
//
// A user's presence is that of a session (RFC 6121 §4): the server itself
// keeps it and spreads it to the user's contacts, so a user without a session
// has none that could be set. A name at the component's own domain has the one
// that is kept here, see Names.
package presence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/xmltext"
)

// Refusals.
var (
	// ErrNoSession is for a user who is not connected, or not by that resource.
	ErrNoSession = errors.New("no such session")
	// ErrNotTaken is for a message that the server gives back: its recipient
	// does not exist, or takes none.
	ErrNotTaken = errors.New("no such user, or none who takes messages")
	// ErrIllegalText is for text that XML cannot carry. Nothing was sent.
	ErrIllegalText = errors.New("the text holds a character that XML does not allow")
)

// SenderError refuses a message in the name of somebody whom we cannot speak
// for. Nothing was sent.
type SenderError struct {
	Sender jid.JID
	Hosts  []string // as whose users messages can be sent
	Own    string   // as whose names they can
}

func (e *SenderError) Error() string {
	hosts := "none at the moment"
	if len(e.Hosts) > 0 {
		hosts = strings.Join(e.Hosts, ", ")
	}
	return fmt.Sprintf("%s: messages can be sent as a user of a host that is managed here (%s), or as a name at %s", e.Sender, hosts, e.Own)
}

// The bounds of a presence's priority (RFC 6121 §4.7.2.3).
const (
	MinPriority = -128
	MaxPriority = 127
)

// Shows lists what a presence may show (RFC 6121 §4.7.2.1); available without
// any of these is the empty string.
func Shows() []string { return []string{"away", "chat", "dnd", "xa"} }

// Presence is what a session can be set to.
type Presence struct {
	Unavailable bool
	Show        string // one of Shows, or empty
	Status      string // for people; may be empty
	Priority    int
}

// Session is one connected resource of a user.
type Session struct {
	JID      jid.JID // full
	Presence Presence
}

// Server is what this package needs of a server. All methods may be used by
// many goroutines at once and end with their context.
type Server interface {
	// Sessions lists a user's sessions.
	Sessions(ctx context.Context, user jid.JID) ([]Session, error)
	// Connected lists the full JIDs of everybody who is connected on a host.
	Connected(ctx context.Context, host string) ([]jid.JID, error)
	// SetPresence sets one session's presence, which is another so far.
	// ErrNoSession where there is none.
	SetPresence(ctx context.Context, s Session, p Presence) error
	// Kick ends one session; reason is shown to the user.
	Kick(ctx context.Context, session jid.JID, reason string) error
	// Message sends a chat message, once. from is a local user or a name at
	// the component's own domain; *SenderError for any other. ErrNotTaken where
	// the server gives it back.
	Message(ctx context.Context, from, to jid.JID, body string) error

	// Watchers lists who is connected on a host, bare, and has a name at the
	// component's domain in the roster with a subscription to its presence.
	Watchers(ctx context.Context, name jid.JID, host string) ([]jid.JID, error)
	// Announce sends the presence of a name at the component's domain to
	// somebody.
	Announce(ctx context.Context, name, to jid.JID, p Presence) error

	// Started says whether the server runs, as far as it answers.
	Started(ctx context.Context) (bool, error)
}

// Presences manages presences on a server. Its methods may be used by many
// goroutines at once.
type Presences struct {
	server Server
	names  names
}

// New returns the presences of a server. No name has one yet.
func New(s Server) *Presences { return &Presences{server: s, names: newNames()} }

// Sessions lists a user's sessions, sorted; of a full JID that one only.
// ErrNoSession where there is none.
func (p *Presences) Sessions(ctx context.Context, user jid.JID) ([]Session, error) {
	sessions, err := p.server.Sessions(ctx, user.Bare())
	if err != nil {
		return nil, err
	}
	if r := user.Resourcepart(); r != "" {
		sessions = slices.DeleteFunc(sessions, func(s Session) bool { return s.JID.Resourcepart() != r })
	}
	if len(sessions) == 0 {
		return nil, ErrNoSession
	}
	slices.SortFunc(sessions, func(a, b Session) int { return compare(a.JID, b.JID) })
	return sessions, nil
}

// Set changes the presence of a user's sessions, or of the one that a full JID
// names: each is set to what change makes of the one it has. ErrNoSession
// where there is none; one that ends meanwhile is passed over. ErrIllegalText
// refuses a status. It stops at the first failure.
func (p *Presences) Set(ctx context.Context, user jid.JID, change func(Presence) Presence) error {
	sessions, err := p.Sessions(ctx, user)
	if err != nil {
		return err
	}
	found := false
	for _, s := range sessions {
		now := change(s.Presence)
		if !xmltext.Legal(now.Status) {
			return ErrIllegalText
		}
		err := p.server.SetPresence(ctx, s, now)
		if err != nil && !errors.Is(err, ErrNoSession) && !p.ended(ctx, s) {
			return err
		}
		found = found || err == nil
	}
	if !found {
		return ErrNoSession
	}
	return nil
}

// ended says whether a session is over by now: an ejabberd before 25.03 has no
// better word for that than an internal error.
func (p *Presences) ended(ctx context.Context, s Session) bool {
	now, err := p.server.Sessions(ctx, s.JID.Bare())
	return err == nil && !slices.ContainsFunc(now, func(n Session) bool { return n.JID.Equal(s.JID) })
}

// Connected lists the full JIDs of everybody who is connected on the hosts,
// sorted.
func (p *Presences) Connected(ctx context.Context, hosts ...string) ([]jid.JID, error) {
	var all []jid.JID
	for _, h := range hosts {
		connected, err := p.server.Connected(ctx, h)
		if err != nil {
			return nil, err
		}
		all = append(all, connected...)
	}
	slices.SortFunc(all, compare)
	return all, nil
}

// Kick ends a user's sessions, or the one that a full JID names. reason is
// shown to the user. ErrNoSession where there is none.
func (p *Presences) Kick(ctx context.Context, user jid.JID, reason string) error {
	sessions, err := p.Sessions(ctx, user)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		if err := p.server.Kick(ctx, s.JID, reason); err != nil {
			return err
		}
	}
	return nil
}

// Started says whether the server runs; false also where it does not answer.
func (p *Presences) Started(ctx context.Context) (bool, error) { return p.server.Started(ctx) }

func compare(a, b jid.JID) int { return strings.Compare(a.String(), b.String()) }
