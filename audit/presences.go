package audit

import (
	"context"
	"fmt"

	"mellium.im/xmpp/jid"

	"emanagement/presence"
)

// presences records what is done to sessions and sent to people.
type presences struct{ presence.Server }

// Presences returns the server with every presence that is set, every session
// that is ended and every message that is sent recorded, but not what the
// message says, where its context was made by With.
func Presences(s presence.Server) presence.Server { return presences{s} }

// SetPresence implements presence.Server.
func (s presences) SetPresence(ctx context.Context, of presence.Session, p presence.Presence) error {
	err := s.Server.SetPresence(ctx, of, p)
	note(ctx, "presence", err, "session", of.JID, "before", shown(of.Presence), "after", shown(p))
	return err
}

// Kick implements presence.Server.
func (s presences) Kick(ctx context.Context, session jid.JID, reason string) error {
	err := s.Server.Kick(ctx, session, reason)
	note(ctx, "kick", err, "session", session, "reason", reason)
	return err
}

// Message implements presence.Server.
func (s presences) Message(ctx context.Context, from, to jid.JID, body string) error {
	err := s.Server.Message(ctx, from, to, body)
	note(ctx, "message", err, "from", from, "to", to)
	return err
}

// Announce implements presence.Server.
func (s presences) Announce(ctx context.Context, name, to jid.JID, p presence.Presence) error {
	err := s.Server.Announce(ctx, name, to, p)
	note(ctx, "announcement", err, "from", name, "to", to, "after", shown(p))
	return err
}

// shown is a presence in words.
func shown(p presence.Presence) string {
	what := p.Show
	switch {
	case p.Unavailable:
		what = "unavailable"
	case what == "":
		what = "available"
	}
	return fmt.Sprintf("%s %q %d", what, p.Status, p.Priority)
}
