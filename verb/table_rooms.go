package verb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"emanagement/fault"
	"emanagement/room"
	"emanagement/verb/wire"
)

// roomVerbs are the verbs about chat rooms.
func roomVerbs() []*Verb {
	roomName := Param{Name: "roomName", Label: "Room, the part before the @", Kind: Room, Required: true}
	host := Param{Name: "domain", Label: "Host", Kind: Host, Required: true}
	const service = "The room is at the service conference. of the host, with the server's defaults. "
	const confirmation = "Without confirmation it destroys nothing, and reports the number of rooms."
	return []*Verb{
		{
			Name:    "createPersistentRoom",
			Title:   "Create lasting room",
			Summary: "create a room that stays",
			Help:    service + "It stays when its last occupant has left, and when the server restarts.",
			Role:    Write,
			Once:    true,
			Params:  []Param{roomName, host},
			run:     func(ctx context.Context, c *call) (Result, error) { return c.createRoom(ctx, true) },
		},
		{
			Name:    "createRoom",
			Title:   "Create room",
			Summary: "create a temporary room",
			Help:    service + "It ends when its last occupant has left, or after half a minute if no user enters it.",
			Role:    Write,
			Once:    true,
			Params:  []Param{roomName, host},
			run:     func(ctx context.Context, c *call) (Result, error) { return c.createRoom(ctx, false) },
		},
		{
			Name:    "destroyRoom",
			Title:   "Destroy room",
			Summary: "destroy a room",
			Help:    "The occupants are informed and removed. Clients may return at once, which creates a new room of that name.",
			Role:    Write,
			Once:    true,
			Params:  []Param{roomName, host},
			run: func(ctx context.Context, c *call) (Result, error) {
				return c.withRoom(func(r room.Room) (Result, error) { return Result{}, c.Rooms.Destroy(ctx, r) })
			},
		},
		{
			Name:    "destroyAllRoomsByDomain",
			Title:   "Destroy host's rooms",
			Summary: "destroy every room of a host",
			Help:    "It destroys each room as destroyRoom does. " + confirmation,
			Role:    Admin,
			Once:    true,
			Long:    true,
			Params:  []Param{domainParam, confirmParam},
			run:     destroyAllRooms,
			preview: previewDestroyAllRooms,
		},
		{
			Name:    "destroyAllRooms",
			Title:   "Destroy all rooms",
			Summary: "destroy every room",
			Help:    "It destroys the rooms of all hosts, each as destroyRoom does. " + confirmation,
			Role:    Admin,
			Once:    true,
			Long:    true,
			Params:  []Param{confirmParam},
			run:     destroyAllRooms,
			preview: previewDestroyAllRooms,
		},
		{
			Name:    "getAllJidsOfRoom",
			Title:   "Occupants of a room",
			Summary: "show the occupants of a room",
			Help:    "One bare JID per line, even if a user has entered the room more than once.",
			Role:    Read,
			Params:  []Param{roomName, host},
			run:     getAllJidsOfRoom,
		},
		{
			Name:    "getAffiliationsOfRoom",
			Title:   "Show affiliations",
			Summary: "show the affiliations of a room",
			Help:    "One line per affiliation: the JID, and owner, admin, member or outcast, separated by a tab. A user who is not listed has none.",
			Role:    Read,
			Params:  []Param{roomName, host},
			run:     getAffiliationsOfRoom,
		},
		{
			Name:    "setJidAffiliationOfRoom",
			Title:   "Set affiliation",
			Summary: "set a user's affiliation to a room",
			Help:    "The value none removes the affiliation. A user who becomes an outcast is removed from the room.",
			Role:    Write,
			Params: []Param{
				roomName, host,
				{Name: "jid", Label: "User, or a whole host", Kind: Contact, Required: true, New: true},
				{Name: "affiliation", Label: "Affiliation", Kind: Affiliation, Required: true},
			},
			run: setJidAffiliationOfRoom,
		},
		{
			Name:    "printAllRoomsByDomain",
			Title:   "Show host's rooms",
			Summary: "show the rooms of a host",
			Help:    "One JID per line. Rooms that hibernate are not listed.",
			Role:    Read,
			Params:  []Param{domainParam},
			run:     printAllRooms,
		},
		{
			Name:    "printAllRooms",
			Title:   "Show all rooms",
			Summary: "show all rooms",
			Help:    "The rooms of all hosts, one JID per line. Rooms that hibernate are not listed.",
			Role:    Read,
			run:     printAllRooms,
		},
	}
}

// withRoom calls do with the room that the call names. It words the errors that name a
// room.
func (c *call) withRoom(do func(room.Room) (Result, error)) (Result, error) {
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
	case fault.Is(err, fault.Invalid): // the name of the room; the fault names no parameter
		return r, BadArgument("roomName", fault.Of(err).Text)
	}
	return r, err
}

func (c *call) createRoom(ctx context.Context, persistent bool) (Result, error) {
	return c.withRoom(func(r room.Room) (Result, error) { return Result{}, c.Rooms.Create(ctx, r, persistent) })
}

func getAllJidsOfRoom(ctx context.Context, c *call) (Result, error) {
	return c.withRoom(func(r room.Room) (Result, error) {
		occupants, err := c.Rooms.Occupants(ctx, r)
		var jids []string
		for _, j := range occupants {
			jids = append(jids, j.String())
		}
		return lines("occupant", jids), err
	})
}

// affiliate is an affiliation with a room, as JSON.
type affiliate struct {
	JID         string `json:"jid"`
	Affiliation string `json:"affiliation"`
}

func getAffiliationsOfRoom(ctx context.Context, c *call) (Result, error) {
	return c.withRoom(func(r room.Room) (Result, error) {
		affiliates, err := c.Rooms.Affiliations(ctx, r)
		table := Result{shape: wire.Table, noun: "affiliation"}
		for _, a := range affiliates {
			table.add(affiliate{a.JID.String(), string(a.Affiliation)}, escapeControls(a.JID.String()), string(a.Affiliation))
		}
		return table, err
	})
}

func setJidAffiliationOfRoom(ctx context.Context, c *call) (Result, error) {
	return c.withRoom(func(r room.Room) (Result, error) {
		return Result{}, c.Rooms.SetAffiliation(ctx, r, room.Affiliate{
			JID: c.jid("jid"), Affiliation: room.Affiliation(c.str("affiliation")),
		})
	})
}

// rooms lists the rooms of the hosts that the call names.
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

// previewDestroyAllRooms counts the rooms that destroyAllRooms would destroy.
func previewDestroyAllRooms(ctx context.Context, c *call) (string, error) {
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

// destroyAllRooms continues after a room that cannot be destroyed. Its error names these
// rooms.
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
		c.progress(Progress{Text: fmt.Sprintf("%d of %s, %d failed", i, wire.Count(len(all), "room"), len(failures)), Done: i, Total: len(all)})
		switch err := c.Rooms.Destroy(ctx, r); {
		case err == nil:
			destroyed++
		case !errors.Is(err, room.ErrNoRoom): // that room has ended in the meantime
			failures = append(failures, fmt.Sprintf("%s: %s", r, reason(err, true)))
			causes = append(causes, fmt.Errorf("%s: %w", r, err))
		}
	}
	if len(failures) > 0 {
		return Result{}, someRoomsFailed(len(all), failures, errors.Join(causes...))
	}
	return Result{remarks: []string{wire.Count(destroyed, "room") + " destroyed"}}, nil
}

// someRoomsFailed returns the error of a verb that failed for some of its rooms.
func someRoomsFailed(rooms int, failures []string, cause error) error {
	text := fmt.Sprintf("%d of %s failed:\n", len(failures), wire.Count(rooms, "room"))
	shown := failures[:min(len(failures), fault.MaxNamed)]
	text += strings.Join(shown, "\n")
	if more := len(failures) - len(shown); more > 0 {
		text += fmt.Sprintf("\nand %d more, which the log names", more)
	}
	return &wire.Error{Kind: wire.Failed, Text: text, Err: cause}
}
