package room_test

import (
	"context"
	"slices"

	"mellium.im/xmpp/jid"

	"emanagement/room"
)

// memory is a server that keeps rooms in memory.
type memory struct {
	rooms   map[room.Room][]room.Affiliate
	inside  []jid.JID          // the occupants of every room
	without []string           // hosts without rooms
	created map[room.Room]bool // whether the room is persistent
	changes []string           // the requested changes

	failChange error // of every change
	discard    bool  // do not make a change that fails
	failRead   error // of every read
}

func newMemory(names ...string) *memory {
	m := &memory{rooms: make(map[room.Room][]room.Affiliate), created: make(map[room.Room]bool)}
	for _, n := range names {
		m.rooms[room.Room{Name: n, Host: "a.example"}] = nil
	}
	return m
}

// change records a change and makes it, unless it must be discarded.
func (m *memory) change(what string, do func()) error {
	m.changes = append(m.changes, what)
	if m.failChange == nil || !m.discard {
		do()
	}
	return m.failChange
}

// checkExists returns room.ErrNoRoom if a room does not exist.
func (m *memory) checkExists(r room.Room) error {
	if m.failRead != nil {
		return m.failRead
	}
	if _, ok := m.rooms[r]; !ok {
		return room.ErrNoRoom
	}
	return nil
}

func (m *memory) OnlineRooms(_ context.Context, host string) ([]room.Room, error) {
	if slices.Contains(m.without, host) {
		return nil, &room.NoServiceError{Host: host}
	}
	var all []room.Room
	for r := range m.rooms {
		if r.Host == host {
			all = append(all, r)
		}
	}
	return all, m.failRead
}

func (m *memory) CreateRoom(_ context.Context, r room.Room, persistent bool) error {
	if _, ok := m.rooms[r]; ok {
		return room.ErrExists
	}
	return m.change("create", func() { m.rooms[r], m.created[r] = nil, persistent })
}

func (m *memory) DestroyRoom(_ context.Context, r room.Room) error {
	if _, ok := m.rooms[r]; !ok {
		return room.ErrNoRoom
	}
	return m.change("destroy", func() { delete(m.rooms, r) })
}

func (m *memory) Occupants(_ context.Context, r room.Room) ([]jid.JID, error) {
	return slices.Clone(m.inside), m.checkExists(r)
}

func (m *memory) Affiliations(ctx context.Context, r room.Room) ([]room.Affiliate, error) {
	if err := m.checkExists(r); err != nil {
		return nil, err
	}
	return slices.Clone(m.rooms[r]), nil
}

func (m *memory) SetAffiliation(_ context.Context, r room.Room, a room.Affiliate) error {
	if _, ok := m.rooms[r]; !ok {
		return room.ErrNoRoom
	}
	return m.change("affiliation", func() {
		others := slices.DeleteFunc(m.rooms[r], func(o room.Affiliate) bool { return o.JID.Equal(a.JID) })
		if a.Affiliation != room.None {
			others = append(others, a)
		}
		m.rooms[r] = others
	})
}
