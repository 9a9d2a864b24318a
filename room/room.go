// Package room creates, destroys and lists chat rooms (XEP-0045), and manages their
// affiliations. Server is its interface to the XMPP server.
//
// The rooms of a host are at the service "conference." followed by the host.
package room

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
)

// Server is the interface to an XMPP server. Its methods may be used concurrently and
// return when their context ends. The error wraps fault.ErrNoAnswer if it is unknown
// whether a change was made, and is a *NoServiceError if the host has no rooms.
type Server interface {
	// OnlineRooms lists a host's rooms.
	OnlineRooms(ctx context.Context, host string) ([]Room, error)
	// CreateRoom creates a room, which is persistent or not from its first moment on.
	// The error is ErrExists if the room exists.
	CreateRoom(ctx context.Context, r Room, persistent bool) error
	// DestroyRoom destroys a room, and returns when the room no longer exists. The
	// error is ErrNoRoom if it did not exist.
	DestroyRoom(ctx context.Context, r Room) error
	// Occupants lists the bare JIDs of a room's occupants, once for each session. The
	// error is ErrNoRoom if the room does not exist.
	Occupants(ctx context.Context, r Room) ([]jid.JID, error)
	// Affiliations lists a room's affiliates. The error is ErrNoRoom if the room does
	// not exist.
	Affiliations(ctx context.Context, r Room) ([]Affiliate, error)
	// SetAffiliation sets one affiliation; None removes it. The error is ErrNoRoom if
	// the room does not exist, and a *ForeignUserError if the user cannot have one.
	SetAffiliation(ctx context.Context, r Room, a Affiliate) error
}

// Rooms manages the rooms of a server. Its methods may be used concurrently. They wait
// for the server, and return its errors.
type Rooms struct{ server Server }

// New returns the rooms of a server.
func New(s Server) *Rooms { return &Rooms{server: s} }

// List lists the rooms of the hosts, sorted by JID. If there are several hosts, it skips
// those without rooms.
func (r *Rooms) List(ctx context.Context, hosts ...string) ([]Room, error) {
	var all []Room
	for _, h := range hosts {
		some, err := r.server.OnlineRooms(ctx, h)
		if _, none := errors.AsType[*NoServiceError](err); none && len(hosts) > 1 {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b Room) int { return cmp.Compare(a.String(), b.String()) })
	return all, nil
}

// Create creates a room. A persistent room remains when its last occupant has left.
// Errors: *NameError, ErrExists, *UncertainError.
func (r *Rooms) Create(ctx context.Context, room Room, persistent bool) error {
	if err := room.validateNew(); err != nil {
		return err
	}
	err := r.server.CreateRoom(ctx, room, persistent)
	if errors.Is(err, fault.ErrNoAnswer) {
		return r.uncertain(ctx, room, err)
	}
	return err
}

// Destroy destroys a room. Errors: ErrNoRoom, *UncertainError.
func (r *Rooms) Destroy(ctx context.Context, room Room) error {
	err := r.server.DestroyRoom(ctx, room)
	if !errors.Is(err, fault.ErrNoAnswer) {
		return err
	}
	err = r.uncertain(ctx, room, err)
	if e, ok := errors.AsType[*UncertainError](err); ok && !e.Exists {
		return nil // the room is gone, as requested
	}
	return err
}

// uncertain checks whether a room exists after a change whose outcome is unknown, and
// returns an *UncertainError. If that cannot be found out, it returns err.
func (r *Rooms) uncertain(ctx context.Context, room Room, err error) error {
	_, checkErr := r.server.Affiliations(ctx, room)
	if checkErr != nil && !errors.Is(checkErr, ErrNoRoom) {
		return err
	}
	return &UncertainError{Room: room, Exists: checkErr == nil, Err: err}
}

// Occupants lists the bare JIDs of a room's occupants, sorted and without duplicates. The
// error is ErrNoRoom if the room does not exist.
func (r *Rooms) Occupants(ctx context.Context, room Room) ([]jid.JID, error) {
	occupants, err := r.server.Occupants(ctx, room)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(occupants, compareJIDs)
	return slices.CompactFunc(occupants, jid.JID.Equal), nil
}

// Affiliations lists a room's affiliates, sorted by JID. The error is ErrNoRoom if the
// room does not exist.
func (r *Rooms) Affiliations(ctx context.Context, room Room) ([]Affiliate, error) {
	affiliates, err := r.server.Affiliations(ctx, room)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(affiliates, func(a, b Affiliate) int { return compareJIDs(a.JID, b.JID) })
	return affiliates, nil
}

// SetAffiliation sets the affiliation of a user or of a whole host; None removes it. A
// resource is ignored. If the server does not answer, it reads the affiliation: the
// change succeeded if the affiliation is as requested. Errors: ErrNoRoom,
// *ForeignUserError.
func (r *Rooms) SetAffiliation(ctx context.Context, room Room, a Affiliate) error {
	if !slices.Contains(Affiliations(), a.Affiliation) {
		return fmt.Errorf("%q: not an affiliation", a.Affiliation)
	}
	a.JID = a.JID.Bare()
	err := r.server.SetAffiliation(ctx, room, a)
	if !errors.Is(err, fault.ErrNoAnswer) {
		return err
	}
	all, readErr := r.server.Affiliations(ctx, room)
	switch {
	case readErr != nil:
		return err
	case affiliationOf(a.JID, all) == a.Affiliation:
		return nil
	}
	return fmt.Errorf("%s: affiliation of %s: %w: %v", room, a.JID, fault.ErrNoAnswer, err)
}

func compareJIDs(a, b jid.JID) int { return cmp.Compare(a.String(), b.String()) }
