package ejabberd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/room"
	"emanagement/xmpp/address"
)

// The commands that must not be repeated if their outcome is unknown.
const (
	createRoom  = "create_room_with_opts"
	destroyRoom = "destroy_room"
)

// OnlineRooms implements room.Server. It does not list hibernating rooms.
func (a *API) OnlineRooms(ctx context.Context, host string) ([]room.Room, error) {
	got, err := a.callRooms(ctx, host, "muc_online_rooms", arg{"service", room.Service(host)})
	if err != nil {
		return nil, err
	}
	return roomsOn(host, got.list()), nil
}

// CreateRoom implements room.Server.
func (a *API) CreateRoom(ctx context.Context, r room.Room, persistent bool) error {
	_, err := a.callRoom(ctx, r, createRoom,
		arg{"host", r.Host},
		arg{"options", map[string]string{"persistent": strconv.FormatBool(persistent)}},
	)
	return err
}

// The time that a destroyed room may take to end, and the interval at which that is
// checked.
const (
	endTimeout  = 5 * time.Second
	endInterval = time.Millisecond
)

// DestroyRoom implements room.Server. ejabberd answers before the room has ended, so
// DestroyRoom repeats the command until the server says that there is no such room. Any
// other command on a room that is about to end would crash and leave an error in the
// server's log.
func (a *API) DestroyRoom(ctx context.Context, r room.Room) error {
	destroy := func() error {
		_, err := a.callRoom(ctx, r, destroyRoom)
		return err
	}
	if err := destroy(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	return destroyUntilGone(ctx, r, destroy)
}

// destroyUntilGone calls destroy until its error is room.ErrNoRoom, or the context ends.
func destroyUntilGone(ctx context.Context, r room.Room, destroy func() error) error {
	ticker := time.NewTicker(endInterval)
	defer ticker.Stop()
	for {
		switch err := destroy(); {
		case errors.Is(err, room.ErrNoRoom):
			return nil
		case err != nil:
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: does not end: %w", r, fault.ErrNoAnswer)
		}
	}
}

// Occupants implements room.Server.
func (a *API) Occupants(ctx context.Context, r room.Room) ([]jid.JID, error) {
	got, err := a.callRoom(ctx, r, "get_room_occupants")
	if err != nil {
		return nil, err
	}
	// A resource and a nick may contain the separator of columns. The bare JID, which
	// comes first, may not.
	var occupants []jid.JID
	for rec, err := range got.records("jid", "nick", "role") {
		if err != nil {
			return nil, err
		}
		j, err := parseStored(rec["jid"])
		if err != nil {
			return nil, err
		}
		occupants = append(occupants, j.Bare())
	}
	return occupants, nil
}

// Affiliations implements room.Server.
func (a *API) Affiliations(ctx context.Context, r room.Room) ([]room.Affiliate, error) {
	got, err := a.callRoom(ctx, r, "get_room_affiliations")
	if err != nil {
		return nil, err
	}
	var affiliates []room.Affiliate
	for rec, err := range got.records("jid", "affiliation", "reason") {
		if err != nil {
			return nil, err
		}
		j, err := parseStored(rec["jid"])
		if err != nil {
			return nil, err
		}
		affiliates = append(affiliates, room.Affiliate{JID: j.Bare(), Affiliation: room.Affiliation(rec["affiliation"])})
	}
	return affiliates, nil
}

// SetAffiliation implements room.Server.
func (a *API) SetAffiliation(ctx context.Context, r room.Room, affiliate room.Affiliate) error {
	_, err := a.callRoom(ctx, r, "set_room_affiliation",
		arg{"user", affiliate.JID.Localpart()},
		arg{"host", affiliate.JID.Domainpart()},
		arg{"affiliation", string(affiliate.Affiliation)},
	)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == Forbidden && !address.HasHost(a.served(), affiliate.JID.Domainpart()) {
		return &room.ForeignUserError{User: affiliate.JID}
	}
	return err
}
