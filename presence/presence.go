// Package presence sets users' presences, lists the connected users, and ends their
// sessions. Server is its interface to the XMPP server.
//
// A user's presence belongs to a session (RFC 6121 §4): the server keeps it and sends
// it to the user's contacts. So a user without a session has no presence that could be
// set. The presences of addresses at the component's domain are kept here, see
// Presences.Announce.
package presence

import (
	"context"
	"errors"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/xmpp/xmltext"
)

// ErrNoSession says that the user is not connected, or not by that resource.
var ErrNoSession = errors.New("no such session")

// ErrIllegalText refuses a status with a character that XML does not allow. The presence
// was neither changed nor sent.
var ErrIllegalText = &fault.Error{Code: fault.Declined, Text: "the text holds a character that XML does not allow"}

// The bounds of a presence's priority (RFC 6121 §4.7.2.3).
const (
	MinPriority = -128
	MaxPriority = 127
)

// Shows lists the values of Presence.Show (RFC 6121 §4.7.2.1). The empty string means
// available without any of them.
func Shows() []string { return []string{"away", "chat", "dnd", "xa"} }

// Presence is the presence of a session, or of an address at the component's domain.
type Presence struct {
	Unavailable bool
	Show        string // one of Shows, or empty
	Status      string // a text for the contacts; may be empty
	Priority    int    // MinPriority to MaxPriority
}

// Session is one connected resource of a user.
type Session struct {
	JID      jid.JID // full
	Presence Presence
}

// Server is the interface to an XMPP server. Its methods may be used concurrently and
// return when their context ends.
type Server interface {
	// Sessions lists a user's sessions. The JID is bare.
	Sessions(ctx context.Context, user jid.JID) ([]Session, error)
	// Connected lists the full JIDs of all users who are connected on a host.
	Connected(ctx context.Context, host string) ([]jid.JID, error)
	// SetPresence changes the presence of one session, which is s.Presence so far.
	// The error is ErrNoSession if the session does not exist.
	SetPresence(ctx context.Context, s Session, p Presence) error
	// Kick ends one session. The user is shown the reason.
	Kick(ctx context.Context, session jid.JID, reason string) error

	// Subscribers lists the bare JIDs of the users who are connected on a host and
	// subscribed to the presence of an address at the component's domain.
	Subscribers(ctx context.Context, address jid.JID, host string) ([]jid.JID, error)
	// SendPresence sends one recipient the presence of an address at the component's
	// domain.
	SendPresence(ctx context.Context, address, to jid.JID, p Presence) error

	// Started reports whether the server runs. It is false if the server does not
	// answer.
	Started(ctx context.Context) (bool, error)
}

// Presences manages the presences and sessions of a server's users. Its methods may be
// used concurrently. Except OwnPresence they wait for the server, and return its errors.
type Presences struct {
	server Server
	own    ownPresences
}

// New returns the presences of a server. Every address at the component's domain is
// unavailable.
func New(s Server) *Presences { return &Presences{server: s, own: newOwnPresences()} }

// Sessions lists a user's sessions, sorted by JID. For a full JID it lists that session
// only. The error is ErrNoSession if there is none.
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
	slices.SortFunc(sessions, func(a, b Session) int { return compareJIDs(a.JID, b.JID) })
	return sessions, nil
}

// Set changes the presence of all of a user's sessions, or of one session if the JID is
// full. Each presence becomes the result of change, which receives the session's current
// one. A session that ends meanwhile is skipped. The error is ErrNoSession if no session
// was left. ErrIllegalText refuses a status. Set stops at the first failure.
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
		if err != nil && !errors.Is(err, ErrNoSession) && !p.hasEnded(ctx, s) {
			return err
		}
		found = found || err == nil
	}
	if !found {
		return ErrNoSession
	}
	return nil
}

// hasEnded reports whether a session has ended. An ejabberd before 25.03 reports a
// missing session as an internal error only.
func (p *Presences) hasEnded(ctx context.Context, s Session) bool {
	now, err := p.server.Sessions(ctx, s.JID.Bare())
	return err == nil && !slices.ContainsFunc(now, func(n Session) bool { return n.JID.Equal(s.JID) })
}

// Connected lists the full JIDs of all users who are connected on the hosts, sorted.
func (p *Presences) Connected(ctx context.Context, hosts ...string) ([]jid.JID, error) {
	var all []jid.JID
	for _, h := range hosts {
		connected, err := p.server.Connected(ctx, h)
		if err != nil {
			return nil, err
		}
		all = append(all, connected...)
	}
	slices.SortFunc(all, compareJIDs)
	return all, nil
}

// Kick ends all of a user's sessions, or one session if the JID is full. The user is
// shown the reason. The error is ErrNoSession if there is no session. Kick stops at the
// first failure.
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

// Started reports whether the server runs. It is false if the server does not answer.
func (p *Presences) Started(ctx context.Context) (bool, error) { return p.server.Started(ctx) }

func compareJIDs(a, b jid.JID) int { return strings.Compare(a.String(), b.String()) }
