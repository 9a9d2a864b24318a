package ejabberd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"emanagement/fault"
	"emanagement/room"
	"emanagement/server"
)

// callRoom runs a command on one room. Its errors are those of callRooms, and a
// *room.NameError.
func (a *API) callRoom(ctx context.Context, r room.Room, command string, args ...arg) (answer, error) {
	got, err := a.callRooms(ctx, r.Host, command, append([]arg{{"room", r.Name}, {"service", r.Service()}}, args...)...)
	if e, ok := errors.AsType[*Error](err); ok && strings.Contains(e.Text, "Invalid value of room name") {
		return nil, &room.NameError{Name: r.Name, Why: "not a room's name that this server accepts"}
	}
	return got, err
}

// callRooms runs a command on the rooms of a host, and classifies its error. It repeats a
// command whose stream was lost, unless the command must not be repeated.
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

// classifyRoomError returns a refusal as an error of package room, or one with a fault. A
// refusal that means neither is returned unchanged.
func (a *API) classifyRoomError(ctx context.Context, host string, e *Error) error {
	for text, meaning := range map[string]error{
		"Room already exists":      room.ErrExists,
		"Room doesn't exists":      room.ErrNoRoom,
		"The room does not exist.": room.ErrNoRoom,
		"room_not_found":           room.ErrNoRoom,
		"Unknown host passed in":   &room.NoServiceError{Host: host},
	} {
		if strings.Contains(e.Text, text) {
			return meaning
		}
	}
	switch {
	case e.Code == Forbidden || e.Code == 0 && e.HTTP:
		return fmt.Errorf("%w: %w", a.NotPermitted(ctx, host, e), e)
	case e.Code == 0: // the module is not loaded, or the command crashed or took too long
		denied := a.NotPermitted(ctx, host, e)
		uncertain := &fault.Error{Code: fault.NotPermitted, Text: denied.Error(), ServerAway: true}
		return fmt.Errorf("%w: %w: %w: %w", uncertain, denied, fault.ErrNoAnswer, e)
	case e.Code >= internalError: // the command crashed, or took too long
		return fmt.Errorf("%w: %w", fault.ErrNoAnswer, e)
	}
	return e
}
