// Package room creates, destroys and shows chat rooms (XEP-0045), and says
// who belongs to them. What it needs of a server is Server.
//
// A host's rooms are at its service, conference. and its name.
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

// Negative answers about what stands.
var (
	ErrNoRoom = errors.New("no such room")
	ErrExists = errors.New("the room exists already")
)

// NoServiceError is for a host without rooms.
type NoServiceError struct{ Host string }

func (e *NoServiceError) Error() string {
	return fmt.Sprintf("%s has no rooms: the server has no service %s (mod_muc, under that name)", e.Host, Service(e.Host))
}

// ForeignUserError refuses an affiliation of somebody at another server:
// ejabberd's API command checks the user's host, and knows only its own.
type ForeignUserError struct{ User jid.JID }

func (e *ForeignUserError) Error() string {
	return fmt.Sprintf("%s: this server's API sets affiliations of users at its own hosts only, and %s is none of them", e.User, e.User.Domainpart())
}

// UncertainError is a change of a room that the server did not confirm. What
// was seen afterwards may have other causes.
type UncertainError struct {
	Room   Room
	Exists bool // the room, afterwards
	Err    error
}

func (e *UncertainError) Error() string { return fmt.Sprintf("%v (%s)", e.Err, e.Now()) }

// Now says what was seen afterwards.
func (e *UncertainError) Now() string {
	if e.Exists {
		return fmt.Sprintf("%s exists now", e.Room)
	}
	return fmt.Sprintf("%s does not exist now", e.Room)
}

// Unwrap returns why the change is uncertain.
func (e *UncertainError) Unwrap() error { return e.Err }

// Server is what this package needs of a server. All methods may be used by
// many goroutines at once and end with their context. Where the answer does
// not say whether a change was made, the error wraps failure.ErrNoAnswer; for
// a host without rooms it is a *NoServiceError.
type Server interface {
	// OnlineRooms lists a host's rooms.
	OnlineRooms(ctx context.Context, host string) ([]Room, error)
	// CreateRoom creates a room, persistent or not from its first moment on.
	// ErrExists where there is one.
	CreateRoom(ctx context.Context, r Room, persistent bool) error
	// DestroyRoom destroys a room, and returns when it is gone. ErrNoRoom
	// where there is none.
	DestroyRoom(ctx context.Context, r Room) error
	// Occupants lists the bare JIDs of who is in a room, once for each
	// session. ErrNoRoom where there is none.
	Occupants(ctx context.Context, r Room) ([]jid.JID, error)
	// Affiliations lists who has an affiliation. ErrNoRoom where there is no
	// room.
	Affiliations(ctx context.Context, r Room) ([]Affiliate, error)
	// SetAffiliation sets one affiliation; None takes it away. ErrNoRoom where
	// there is no room, a *ForeignUserError for who cannot have one.
	SetAffiliation(ctx context.Context, r Room, a Affiliate) error
}

// Rooms manages the rooms of a server. Its methods may be used by many
// goroutines at once. They wait for the server, with its errors.
type Rooms struct{ server Server }

// New returns the rooms of a server.
func New(s Server) *Rooms { return &Rooms{server: s} }

// List lists the rooms of hosts, sorted. Among several hosts, one without
// rooms is left out.
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

// Create creates a room. A persistent one stays when its last occupant has
// left. Errors: *NameError, ErrExists, *UncertainError.
func (r *Rooms) Create(ctx context.Context, room Room, persistent bool) error {
	if err := room.check(); err != nil {
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
		return nil // as it should be
	}
	return err
}

// uncertain looks whether a room is there after a change of it whose outcome
// is unknown. Where that cannot be seen either, the error stays as it is.
func (r *Rooms) uncertain(ctx context.Context, room Room, err error) error {
	_, look := r.server.Affiliations(ctx, room)
	if look != nil && !errors.Is(look, ErrNoRoom) {
		return err
	}
	return &UncertainError{Room: room, Exists: look == nil, Err: err}
}

// Occupants lists the bare JIDs of who is in a room, sorted, everybody once.
// ErrNoRoom where there is none.
func (r *Rooms) Occupants(ctx context.Context, room Room) ([]jid.JID, error) {
	occupants, err := r.server.Occupants(ctx, room)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(occupants, compare)
	return slices.CompactFunc(occupants, jid.JID.Equal), nil
}

// Affiliations lists who has an affiliation, sorted. ErrNoRoom where there is
// no room.
func (r *Rooms) Affiliations(ctx context.Context, room Room) ([]Affiliate, error) {
	affiliates, err := r.server.Affiliations(ctx, room)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(affiliates, func(a, b Affiliate) int { return compare(a.JID, b.JID) })
	return affiliates, nil
}

// SetAffiliation sets somebody's affiliation, an account's or a whole host's;
// None takes it away. Errors: ErrNoRoom, *ForeignUserError.
func (r *Rooms) SetAffiliation(ctx context.Context, room Room, a Affiliate) error {
	if !slices.Contains(Affiliations(), a.Affiliation) {
		return fmt.Errorf("%q: not an affiliation", a.Affiliation)
	}
	a.JID = a.JID.Bare()
	err := r.server.SetAffiliation(ctx, room, a)
	if !errors.Is(err, fault.ErrNoAnswer) {
		return err
	}
	all, look := r.server.Affiliations(ctx, room)
	switch {
	case look != nil:
		return err
	case affiliationIn(all, a.JID) == a.Affiliation:
		return nil // it stands
	}
	return fmt.Errorf("%s: affiliation of %s: %w: %v", room, a.JID, fault.ErrNoAnswer, err)
}

func compare(a, b jid.JID) int { return cmp.Compare(a.String(), b.String()) }
