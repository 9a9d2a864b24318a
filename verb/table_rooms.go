package verb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"emanagement/room"
	"emanagement/verb/wire"
)

// maxFailures is how many failures are told one by one; the log has them all.
const maxFailures = 20

// roomVerbs is the part of the table about chat rooms.
func roomVerbs() []*Verb {
	roomParams := []Param{{Name: "roomName", Label: "Room, what stands before the @", Kind: Room, Required: true}, {Name: "domain", Label: "Host", Kind: Host, Required: true}}
	domain := Param{Name: "domain", Label: "Host, or all", Kind: Domain, Required: true}
	confirm := Param{Name: "confirm", Label: "Confirm: the host again, or all", Kind: Confirm, Extra: true}
	return []*Verb{
		{
			Name:    "createPersistentRoom",
			Title:   "Create lasting room",
			Summary: "create a room that stays",
			Help:    "At the service conference. of the host, with the server's defaults. It stays when its last occupant has left, and when the server restarts.",
			Role:    Write,
			Once:    true,
			Params:  roomParams,
			run:     func(ctx context.Context, c *call) (Result, error) { return c.createRoom(ctx, true) },
		},
		{
			Name:    "createRoom",
			Title:   "Create room",
			Summary: "create a room for the moment",
			Help:    "At the service conference. of the host, with the server's defaults. The room ends when its last occupant has left, and after half a minute if nobody comes.",
			Role:    Write,
			Once:    true,
			Params:  roomParams,
			run:     func(ctx context.Context, c *call) (Result, error) { return c.createRoom(ctx, false) },
		},
		{
			Name:    "destroyRoom",
			Title:   "Destroy room",
			Summary: "destroy a room",
			Help:    "Those who are in it are told, and put out. Clients may come back at once, which makes a new room of that name.",
			Role:    Write,
			Once:    true,
			Params:  roomParams,
			run: func(ctx context.Context, c *call) (Result, error) {
				return c.onRoom(func(r room.Room) (Result, error) { return Result{}, c.Rooms.Destroy(ctx, r) })
			},
		},
		{
			Name:    "destroyAllRoomsByDomain",
			Title:   "Destroy host's rooms",
			Summary: "destroy every room of a host",
			Help:    "Each as destroyRoom does. Unless that is confirmed, nothing is destroyed and the number of rooms is told.",
			Role:    Admin,
			Once:    true,
			Long:    true,
			Params:  []Param{domain, confirm},
			run:     destroyAllRooms,
			stakes:  roomsAtStake,
		},
		{
			Name:    "destroyAllRooms",
			Title:   "Destroy all rooms",
			Summary: "destroy every room",
			Help:    "Those of all hosts, each as destroyRoom does. Unless that is confirmed, nothing is destroyed and the number of rooms is told.",
			Role:    Admin,
			Once:    true,
			Long:    true,
			Params:  []Param{confirm},
			run:     destroyAllRooms,
			stakes:  roomsAtStake,
		},
		{
			Name:    "getAllJidsOfRoom",
			Title:   "Who is in a room",
			Summary: "show who is in a room",
			Help:    "One bare JID a line, also of those who came in more than once.",
			Role:    Read,
			Params:  roomParams,
			run:     getAllJidsOfRoom,
		},
		{
			Name:    "getAffiliationsOfRoom",
			Title:   "Show affiliations",
			Summary: "show who belongs to a room, and how",
			Help:    "One line each: JID, affiliation (owner, admin, member, outcast), separated by a tab. Whoever is not there has none.",
			Role:    Read,
			Params:  roomParams,
			run:     getAffiliationsOfRoom,
		},
		{
			Name:    "setJidAffiliationOfRoom",
			Title:   "Set affiliation",
			Summary: "set how somebody belongs to a room",
			Help:    "none takes an affiliation away. An outcast is put out of the room.",
			Role:    Write,
			Params: []Param{
				roomParams[0], roomParams[1],
				{Name: "jid", Label: "User, or a whole host", Kind: Contact, Required: true, New: true},
				{Name: "affiliation", Label: "Affiliation", Kind: Affiliation, Required: true},
			},
			run: setJidAffiliationOfRoom,
		},
		{
			Name:    "printAllRoomsByDomain",
			Title:   "Show host's rooms",
			Summary: "show the rooms of a host",
			Help:    "One JID a line. Rooms that the server has put to sleep are not listed.",
			Role:    Read,
			Params:  []Param{domain},
			run:     printAllRooms,
		},
		{
			Name:    "printAllRooms",
			Title:   "Show all rooms",
			Summary: "show all rooms",
			Help:    "Those of all hosts, one JID a line. Rooms that the server has put to sleep are not listed.",
			Role:    Read,
			run:     printAllRooms,
		},
	}
}

// onRoom does something with the room that a call names, and turns what is
// known of rooms into an answer.
func (c *call) onRoom(do func(room.Room) (Result, error)) (Result, error) {
	named, err := room.Parse(c.str("roomName"), c.str("domain"))
	var r Result
	if err == nil {
		r, err = do(named)
	}
	switch {
	case errors.Is(err, room.ErrNoRoom):
		return refused("Room %s not found", named), nil
	case errors.Is(err, room.ErrExists):
		return refused("Room %s already exists", named), nil
	}
	if e, ok := errors.AsType[*room.NameError](err); ok {
		return r, BadArgument("roomName", e.Error())
	}
	if e, ok := errors.AsType[*room.ForeignUserError](err); ok {
		return refused("%s", e.Error()), nil
	}
	return r, err
}

func (c *call) createRoom(ctx context.Context, persistent bool) (Result, error) {
	return c.onRoom(func(r room.Room) (Result, error) { return Result{}, c.Rooms.Create(ctx, r, persistent) })
}

func getAllJidsOfRoom(ctx context.Context, c *call) (Result, error) {
	return c.onRoom(func(r room.Room) (Result, error) {
		occupants, err := c.Rooms.Occupants(ctx, r)
		var jids []string
		for _, j := range occupants {
			jids = append(jids, j.String())
		}
		return lines("occupant", jids), err
	})
}

// affiliate is somebody who belongs to a room, in JSON.
type affiliate struct {
	JID         string `json:"jid"`
	Affiliation string `json:"affiliation"`
}

func getAffiliationsOfRoom(ctx context.Context, c *call) (Result, error) {
	return c.onRoom(func(r room.Room) (Result, error) {
		affiliates, err := c.Rooms.Affiliations(ctx, r)
		table := Result{shape: wire.Table, counted: "affiliation"}
		for _, a := range affiliates {
			table.add(affiliate{a.JID.String(), string(a.Affiliation)}, oneLine(a.JID.String()), string(a.Affiliation))
		}
		return table, err
	})
}

func setJidAffiliationOfRoom(ctx context.Context, c *call) (Result, error) {
	return c.onRoom(func(r room.Room) (Result, error) {
		return Result{}, c.Rooms.SetAffiliation(ctx, r, room.Affiliate{
			JID: c.jid("jid"), Affiliation: room.Affiliation(c.str("affiliation")),
		})
	})
}

// rooms lists the rooms of the hosts that a call means.
func (c *call) rooms(ctx context.Context) ([]room.Room, error) {
	hosts, err := c.domains(ctx)
	if err != nil {
		return nil, err
	}
	return c.Rooms.List(ctx, hosts...)
}

func printAllRooms(ctx context.Context, c *call) (Result, error) {
	all, err := c.rooms(ctx)
	var jids []string
	for _, r := range all {
		jids = append(jids, r.String())
	}
	return lines("room", jids), err
}

func roomsAtStake(ctx context.Context, c *call) (string, error) {
	hosts, err := c.domains(ctx)
	if err != nil {
		return "", err
	}
	all, err := c.Rooms.List(ctx, hosts...)
	if err == nil && len(all) == 0 {
		return "", nil
	}
	return fmt.Sprintf("%s on %s would be destroyed", wire.Count(len(all), "room"), strings.Join(hosts, ", ")), err
}

// destroyAllRooms goes on where one room cannot be destroyed, and says at the
// end which could not.
func destroyAllRooms(ctx context.Context, c *call) (Result, error) {
	all, err := c.rooms(ctx)
	if err != nil {
		return Result{}, err
	}
	var failures []string
	var causes []error // for the log
	destroyed := 0
	for i, r := range all {
		if ctx.Err() != nil {
			return Result{}, context.Cause(ctx)
		}
		c.say(Progress{Text: fmt.Sprintf("%d of %s, %d failed", i, wire.Count(len(all), "room"), len(failures)), Done: i, Total: len(all)})
		switch err := c.Rooms.Destroy(ctx, r); {
		case err == nil:
			destroyed++
		case !errors.Is(err, room.ErrNoRoom): // gone by itself meanwhile is as good
			failures = append(failures, fmt.Sprintf("%s: %s", r, explain(err, true)))
			causes = append(causes, fmt.Errorf("%s: %w", r, err))
		}
	}
	if len(failures) > 0 {
		return Result{}, incomplete(len(all), "room", failures, errors.Join(causes...))
	}
	return Result{remarks: []string{wire.Count(destroyed, "room") + " destroyed"}}, nil
}

// incomplete is the end of a verb that did only some of many.
func incomplete(of int, what string, failures []string, cause error) error {
	text := fmt.Sprintf("%d of %s failed:\n", len(failures), wire.Count(of, what))
	shown := failures[:min(len(failures), maxFailures)]
	text += strings.Join(shown, "\n")
	if more := len(failures) - len(shown); more > 0 {
		text += fmt.Sprintf("\nand %d more, which the log has", more)
	}
	return &wire.Error{Kind: wire.Failed, Text: text, Err: cause}
}
