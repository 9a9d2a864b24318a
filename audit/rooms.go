package audit

import (
	"context"

	"mellium.im/xmpp/jid"

	"emanagement/room"
)

// roomServer records changes of rooms.
type roomServer struct{ room.Server }

// Rooms returns the server with every change of a room recorded, one line each, that is
// made under a context made by With.
func Rooms(s room.Server) room.Server { return roomServer{s} }

// CreateRoom implements room.Server.
func (s roomServer) CreateRoom(ctx context.Context, r room.Room, persistent bool) error {
	err := s.Server.CreateRoom(ctx, r, persistent)
	writeRecord(ctx, "room", err, "room", r.String(), "change", "created", "persistent", persistent)
	return err
}

// DestroyRoom implements room.Server.
func (s roomServer) DestroyRoom(ctx context.Context, r room.Room) error {
	err := s.Server.DestroyRoom(ctx, r)
	writeRecord(ctx, "room", err, "room", r.String(), "change", "destroyed")
	return err
}

// SetAffiliation implements room.Server.
func (s roomServer) SetAffiliation(ctx context.Context, r room.Room, a room.Affiliate) error {
	if logOf(ctx) == nil { // no line is written that needs the present affiliation
		return s.Server.SetAffiliation(ctx, r, a)
	}
	before := s.affiliation(ctx, r, a.JID)
	err := s.Server.SetAffiliation(ctx, r, a)
	writeRecord(ctx, "room", err, "room", r.String(), "change", "affiliation", "jid", a.JID, "before", before, "after", a.Affiliation)
	return err
}

// affiliation returns an entity's affiliation in a room. It returns "unknown" if the
// server does not tell it: that does not prevent the change.
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
