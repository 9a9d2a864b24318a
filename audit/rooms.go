package audit

import (
	"context"

	"mellium.im/xmpp/jid"

	"emanagement/room"
)

// roomServer records what is done to rooms.
type roomServer struct{ room.Server }

// Rooms returns the server with every change of a room recorded, one line
// each, where its context was made by With.
func Rooms(s room.Server) room.Server { return roomServer{s} }

// CreateRoom implements rooms.Server.
func (s roomServer) CreateRoom(ctx context.Context, r room.Room, persistent bool) error {
	err := s.Server.CreateRoom(ctx, r, persistent)
	note(ctx, "room", err, "room", r.String(), "change", "created", "persistent", persistent)
	return err
}

// DestroyRoom implements rooms.Server.
func (s roomServer) DestroyRoom(ctx context.Context, r room.Room) error {
	err := s.Server.DestroyRoom(ctx, r)
	note(ctx, "room", err, "room", r.String(), "change", "destroyed")
	return err
}

// SetAffiliation implements rooms.Server.
func (s roomServer) SetAffiliation(ctx context.Context, r room.Room, a room.Affiliate) error {
	if logOf(ctx) == nil { // then what stood before is not asked for
		return s.Server.SetAffiliation(ctx, r, a)
	}
	before := s.affiliation(ctx, r, a.JID)
	err := s.Server.SetAffiliation(ctx, r, a)
	note(ctx, "room", err, "room", r.String(), "change", "affiliation", "jid", a.JID, "before", before, "after", a.Affiliation)
	return err
}

// affiliation is what somebody has in a room, as far as the server tells: that
// it does not is no reason not to change it.
func (s roomServer) affiliation(ctx context.Context, r room.Room, of jid.JID) string {
	all, err := s.Affiliations(ctx, r)
	if err != nil {
		return "unknown"
	}
	for _, a := range all {
		if a.JID.Equal(of) {
			return string(a.Affiliation)
		}
	}
	return "none"
}
