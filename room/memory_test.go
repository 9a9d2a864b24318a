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
	inside  []jid.JID          // who is in every room
	without []string           // hosts without rooms
	fail    error              // of every change
	deaf    bool               // and a change that fails is not made either
	blind   error              // of every look
	created map[room.Room]bool // persistent?
	asked   []string
}

func newMemory(names ...string) *memory {
	m := &memory{rooms: make(map[room.Room][]room.Affiliate), created: make(map[room.Room]bool)}
	for _, n := range names {
		m.rooms[room.Room{Name: n, Host: "a.example"}] = nil
	}
	return m
}

// change makes a change, unless it fails and is not made.
func (m *memory) change(what string, do func()) error {
	m.asked = append(m.asked, what)
	if m.fail == nil || !m.deaf {
		do()
	}
	return m.fail
}

// stands looks whether there is a room.
func (m *memory) stands(r room.Room) error {
	if m.blind != nil {
		return m.blind
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
	return all, m.blind
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
	return slices.Clone(m.inside), m.stands(r)
}

func (m *memory) Affiliations(ctx context.Context, r room.Room) ([]room.Affiliate, error) {
	if err := m.stands(r); err != nil {
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
