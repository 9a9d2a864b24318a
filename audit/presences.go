package audit

import (
	"context"
	"fmt"

	"mellium.im/xmpp/jid"

	"emanagement/presence"
)

// presenceServer records changes of presences and sessions.
type presenceServer struct{ presence.Server }

// Presences returns the server with every presence recorded that is set or sent, and
// every session that is ended, under a context made by With.
func Presences(s presence.Server) presence.Server { return presenceServer{s} }

// SetPresence implements presence.Server.
func (s presenceServer) SetPresence(ctx context.Context, of presence.Session, p presence.Presence) error {
	err := s.Server.SetPresence(ctx, of, p)
	writeRecord(ctx, "presence", err, "session", of.JID, "before", presenceText(of.Presence), "after", presenceText(p))
	return err
}

// Kick implements presence.Server.
func (s presenceServer) Kick(ctx context.Context, session jid.JID, reason string) error {
	err := s.Server.Kick(ctx, session, reason)
	writeRecord(ctx, "kick", err, "session", session, "reason", reason)
	return err
}

// SendPresence implements presence.Server.
func (s presenceServer) SendPresence(ctx context.Context, address, to jid.JID, p presence.Presence) error {
	err := s.Server.SendPresence(ctx, address, to, p)
	writeRecord(ctx, "announcement", err, "from", address, "to", to, "after", presenceText(p))
	return err
}

// presenceText formats a presence: the show value, the quoted status, the priority.
func presenceText(p presence.Presence) string {
	show := p.Show
	switch {
	case p.Unavailable:
		show = "unavailable"
	case show == "":
		show = "available"
	}
	return fmt.Sprintf("%s %q %d", show, p.Status, p.Priority)
}
