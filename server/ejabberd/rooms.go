package ejabberd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/room"
	"emanagement/server"
	"emanagement/xmpp/address"
)

// The commands that must not be repeated when their outcome is unknown.
const (
	createRoom  = "create_room_with_opts"
	destroyRoom = "destroy_room"
)

// OnlineRooms implements rooms.Server. Rooms that hibernate are not listed.
func (a *API) OnlineRooms(ctx context.Context, host string) ([]room.Room, error) {
	got, err := a.callRooms(ctx, host, "muc_online_rooms", arg{"service", room.Service(host)})
	if err != nil {
		return nil, err
	}
	var list []room.Room
	for _, name := range got.list() {
		// What the server keeps is taken as it is.
		list = append(list, room.Room{Name: strings.TrimSuffix(name, "@"+room.Service(host)), Host: host})
	}
	return list, nil
}

// CreateRoom implements rooms.Server.
func (a *API) CreateRoom(ctx context.Context, r room.Room, persistent bool) error {
	_, err := a.callRoom(ctx, r, createRoom,
		arg{"host", r.Host},
		arg{"options", map[string]string{"persistent": strconv.FormatBool(persistent)}},
	)
	return err
}

// How long a destroyed room may take to be gone, and how often that is looked
// at.
const (
	endTimeout  = 5 * time.Second
	endInterval = time.Millisecond
)

// DestroyRoom implements rooms.Server. ejabberd answers before the room is
// gone, so it is asked until it says that there is none: a look at a room that
// is about to end would crash, and leave an error in the server's log.
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
	return untilGone(ctx, r, destroy)
}

// untilGone destroys a room until there is none, or the context ends.
func untilGone(ctx context.Context, r room.Room, destroy func() error) error {
	again := time.NewTicker(endInterval)
	defer again.Stop()
	for {
		switch err := destroy(); {
		case errors.Is(err, room.ErrNoRoom):
			return nil
		case err != nil:
			return err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: does not end: %w", r, fault.ErrNoAnswer)
		}
	}
}

// Occupants implements rooms.Server.
func (a *API) Occupants(ctx context.Context, r room.Room) ([]jid.JID, error) {
	got, err := a.callRoom(ctx, r, "get_room_occupants")
	if err != nil {
		return nil, err
	}
	// A resource and a nick may hold even what separates columns; the bare JID
	// before them may not.
	var occupants []jid.JID
	for row, err := range got.rows("jid", "nick", "role") {
		if err != nil {
			return nil, err
		}
		j, err := bare(row["jid"])
		if err != nil {
			return nil, err
		}
		occupants = append(occupants, j)
	}
	return occupants, nil
}

// Affiliations implements rooms.Server.
func (a *API) Affiliations(ctx context.Context, r room.Room) ([]room.Affiliate, error) {
	got, err := a.callRoom(ctx, r, "get_room_affiliations")
	if err != nil {
		return nil, err
	}
	var affiliates []room.Affiliate
	for row, err := range got.rows("jid", "affiliation", "reason") {
		if err != nil {
			return nil, err
		}
		j, err := bare(row["jid"])
		if err != nil {
			return nil, err
		}
		affiliates = append(affiliates, room.Affiliate{JID: j, Affiliation: room.Affiliation(row["affiliation"])})
	}
	return affiliates, nil
}

// SetAffiliation implements rooms.Server.
func (a *API) SetAffiliation(ctx context.Context, r room.Room, who room.Affiliate) error {
	_, err := a.callRoom(ctx, r, "set_room_affiliation",
		arg{"user", who.JID.Localpart()},
		arg{"host", who.JID.Domainpart()},
		arg{"affiliation", string(who.Affiliation)},
	)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == Forbidden && !address.HasHost(a.served(), who.JID.Domainpart()) {
		return &room.ForeignUserError{User: who.JID}
	}
	return err
}

// callRoom runs a command on one room.
func (a *API) callRoom(ctx context.Context, r room.Room, command string, args ...arg) (answer, error) {
	got, err := a.callRooms(ctx, r.Host, command, append([]arg{{"room", r.Name}, {"service", r.Service()}}, args...)...)
	if e, ok := errors.AsType[*Error](err); ok && strings.Contains(e.Text, "Invalid value of room name") {
		return nil, &room.NameError{Name: r.Name, Why: "not a room's name to this server"}
	}
	return got, err
}

// callRooms runs a command on the rooms of a host, and gives its error the
// name that rooms knows it by.
func (a *API) callRooms(ctx context.Context, host, command string, args ...arg) (got answer, err error) {
	call := func() error {
		got, err = a.call(ctx, host, command, args...)
		return err
	}
	if command == createRoom || command == destroyRoom {
		err = call()
	} else {
		err = server.Repeat(ctx, call)
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return nil, a.classifyRoomError(ctx, host, e)
	}
	return got, server.Classify(ctx, room.Service(host), err)
}

// classifyRoomError returns what a refusal means to package room.
func (a *API) classifyRoomError(ctx context.Context, host string, e *Error) error {
	for said, meant := range map[string]error{
		"Room already exists":      room.ErrExists,
		"Room doesn't exists":      room.ErrNoRoom,
		"The room does not exist.": room.ErrNoRoom,
		"room_not_found":           room.ErrNoRoom,
		"Unknown host passed in":   &room.NoServiceError{Host: host},
	} {
		if strings.Contains(e.Text, said) {
			return meant
		}
	}
	switch {
	case e.Code == Forbidden || e.Code == 0 && e.HTTP:
		return fmt.Errorf("%w: %w", a.NotPermitted(ctx, host, e), e)
	case e.Code == 0: // not loaded, or it crashed, or took too long
		denied := a.NotPermitted(ctx, host, e)
		unsure := &fault.Error{Code: fault.Refused, Text: denied.Error(), ServerAway: true}
		return fmt.Errorf("%w: %w: %w: %w", unsure, denied, fault.ErrNoAnswer, e)
	case e.Code >= 500: // it crashed, or took too long
		return fmt.Errorf("%w: %w", fault.ErrNoAnswer, e)
	}
	return e
}

// bare reads a JID that the server keeps, which is taken as it is even where
// today's rules would not let it be created.
func bare(s string) (jid.JID, error) {
	j, err := jid.ParseUnsafe(s)
	if err != nil {
		return jid.JID{}, fmt.Errorf("%q: %w", s, err)
	}
	return j.Bare(), nil
}
