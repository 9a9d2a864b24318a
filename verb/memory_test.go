package verb_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"

	"mellium.im/xmpp/jid"

	"emanagement/message"
	"emanagement/presence"
	"emanagement/room"
	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
	"emanagement/verb"
	"emanagement/verb/jobs"
)

// own is the component's own domain.
const own = "emanagement.a.example"

// served are the hosts of the server in memory.
var served = []string{"a.example", "b.example"}

// memory is a server in memory. It records the JIDs of its reads and writes, and fails if
// told to.
type memory struct {
	mu      sync.Mutex
	rosters map[string][]rosterpush.Item // by user
	rooms   map[room.Room][]room.Affiliate
	read    []jid.JID
	written []jid.JID
	fail    func(write bool) error // called before each operation
	wait    func(user jid.JID)     // called before each read of a roster
}

func (*memory) MayShare(context.Context, string) bool { return false }

func (m *memory) Roster(_ context.Context, user jid.JID, _ *rosterpush.Roster) (*rosterpush.Roster, error) {
	if m.wait != nil {
		m.wait(user)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read = append(m.read, user)
	if err := m.failure(false); err != nil {
		return nil, err
	}
	return rosterpush.NewRoster("", slices.Clone(m.rosters[user.String()])), nil
}

func (m *memory) Put(_ context.Context, user jid.JID, item rosterpush.Item, _ *rosterpush.Item) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.written = append(m.written, user)
	if err := m.failure(true); err != nil {
		return err
	}
	m.takeOut(user, item.JID)
	m.rosters[user.String()] = append(m.rosters[user.String()], item)
	return nil
}

// Remove counts as a write of the contact's roster too: servers end the contact's
// subscription.
func (m *memory) Remove(_ context.Context, user jid.JID, was rosterpush.Item) error {
	contact := was.JID
	m.mu.Lock()
	defer m.mu.Unlock()
	m.written = append(m.written, user)
	if slices.Contains(served, contact.Domainpart()) {
		m.written = append(m.written, contact)
	}
	if err := m.failure(true); err != nil {
		return err
	}
	m.takeOut(user, contact)
	return nil
}

func (m *memory) takeOut(user, contact jid.JID) {
	m.rosters[user.String()] = slices.DeleteFunc(m.rosters[user.String()], func(i rosterpush.Item) bool { return i.JID.Equal(contact) })
}

// Sessions implements presence.Server. Every user has one.
func (m *memory) Sessions(_ context.Context, user jid.JID) ([]presence.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read = append(m.read, user)
	full, err := user.WithResource("r")
	return []presence.Session{{JID: full}}, errors.Join(err, m.failure(false))
}

// Connected implements presence.Server.
func (m *memory) Connected(_ context.Context, host string) ([]jid.JID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := jid.MustParse("x@" + host + "/r")
	m.read = append(m.read, x)
	return []jid.JID{x}, m.failure(false)
}

// SetPresence implements presence.Server.
func (m *memory) SetPresence(_ context.Context, s presence.Session, _ presence.Presence) error {
	return m.touch(s.JID)
}

// Kick implements presence.Server.
func (m *memory) Kick(_ context.Context, session jid.JID, _ string) error { return m.touch(session) }

// SendMessage implements message.Server.
func (m *memory) SendMessage(_ context.Context, _, to jid.JID, _ string) error { return m.touch(to) }

// OnlineRooms implements room.Server.
func (m *memory) OnlineRooms(_ context.Context, host string) ([]room.Room, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read = append(m.read, jid.MustParse(host))
	var list []room.Room
	for r := range m.rooms {
		if r.Host == host {
			list = append(list, r)
		}
	}
	return list, m.failure(false)
}

// CreateRoom implements room.Server.
func (m *memory) CreateRoom(_ context.Context, r room.Room, _ bool) error {
	return m.change(r, false, room.ErrExists, func() { m.rooms[r] = nil })
}

// DestroyRoom implements room.Server.
func (m *memory) DestroyRoom(_ context.Context, r room.Room) error {
	return m.change(r, true, room.ErrNoRoom, func() { delete(m.rooms, r) })
}

// SetAffiliation implements room.Server.
func (m *memory) SetAffiliation(_ context.Context, r room.Room, a room.Affiliate) error {
	return m.change(r, true, room.ErrNoRoom, func() { m.rooms[r] = append(m.rooms[r], a) })
}

// Affiliations implements room.Server.
func (m *memory) Affiliations(_ context.Context, r room.Room) ([]room.Affiliate, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read = append(m.read, jid.MustParse(r.Host))
	affiliates, ok := m.rooms[r]
	if !ok {
		return nil, room.ErrNoRoom
	}
	return slices.Clone(affiliates), m.failure(false)
}

// Occupants implements room.Server. Every JID with an affiliation is an occupant.
func (m *memory) Occupants(ctx context.Context, r room.Room) ([]jid.JID, error) {
	affiliates, err := m.Affiliations(ctx, r)
	var jids []jid.JID
	for _, a := range affiliates {
		jids = append(jids, a.JID)
	}
	return jids, err
}

// change changes a room. It returns the error unexpected unless exists tells correctly
// whether the room exists.
func (m *memory) change(r room.Room, exists bool, unexpected error, do func()) error {
	if err := m.touch(jid.MustParse(r.Host)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.rooms[r]; ok != exists {
		return unexpected
	}
	do()
	return nil
}

// Subscribers implements presence.Server. Every user is subscribed to every address.
func (m *memory) Subscribers(ctx context.Context, _ jid.JID, host string) ([]jid.JID, error) {
	return m.Connected(ctx, host)
}

// SendPresence implements presence.Server.
func (m *memory) SendPresence(_ context.Context, _, to jid.JID, _ presence.Presence) error {
	return m.touch(to)
}

// Started implements presence.Server.
func (m *memory) Started(context.Context) (bool, error) { return true, m.failure(false) }

func (m *memory) touch(user jid.JID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.written = append(m.written, user)
	return m.failure(true)
}

func (m *memory) failure(write bool) error {
	if m.fail == nil {
		return nil
	}
	return m.fail(write)
}

// source lists every user who has a roster, and one other user.
func (m *memory) source() hosts.Source {
	return hosts.Source{Name: "memory", Users: func(_ context.Context, host string) ([]jid.JID, bool, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		users := []jid.JID{jid.MustParse("else@" + host)}
		for name := range m.rosters {
			if u := jid.MustParse(name); u.Domainpart() == host {
				users = append(users, u)
			}
		}
		return users, true, nil
	}}
}

// newNamespace returns the namespace of a server in memory.
func newNamespace(m *memory, access ...verb.Grant) *verb.Namespace {
	if m.rosters == nil {
		m.rosters = make(map[string][]rosterpush.Item)
	}
	if m.rooms == nil {
		m.rooms = make(map[room.Room][]room.Affiliate)
	}
	discard := slog.New(slog.DiscardHandler)
	rosters := rosterpush.New(m)
	services := verb.Services{
		Rosters: rosters, HostRosters: hosts.New(rosters, m.source()), Presences: presence.New(m), Messages: message.New(m), Rooms: room.New(m), Jobs: jobs.New(context.Background()), OwnDomain: own,
		Hosts:  func(context.Context) ([]string, error) { return served, nil },
		Notify: func(context.Context, jid.JID, string) error { return nil },
	}
	return verb.New(services, access, discard, discard)
}

var (
	admin      = jid.MustParse("admin@a.example/r")
	everything = verb.Grant{JID: admin.Bare(), Role: verb.Admin}
)

// args makes arguments from pairs of name and value.
func args(pairs ...string) map[string][]string {
	m := make(map[string][]string)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = append(m[pairs[i]], pairs[i+1])
	}
	return m
}

func (*memory) Spelling(host string) string { return host }
