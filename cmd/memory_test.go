package cmd_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"mellium.im/xmpp/jid"

	"emanagement/cmd"
	"emanagement/rosterpush"
)

// served are the hosts of the server in memory.
var served = []string{"a.example", "b.example"}

// memory is a server that keeps rosters in memory, remembers whose it was
// asked for, and fails where it is told to.
type memory struct {
	mu      sync.Mutex
	rosters map[string][]rosterpush.Item // by user
	read    []jid.JID
	written []jid.JID
	fail    func(write bool) error // before anything is done
}

func (m *memory) Roster(_ context.Context, user jid.JID) ([]rosterpush.Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read = append(m.read, user)
	if err := m.failure(false); err != nil {
		return nil, err
	}
	return slices.Clone(m.rosters[user.String()]), nil
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

// Remove ends the contact's subscription too, as servers do.
func (m *memory) Remove(_ context.Context, user, contact jid.JID) error {
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

func (m *memory) failure(write bool) error {
	if m.fail == nil {
		return nil
	}
	return m.fail(write)
}

// newNamespace is the namespace on a server in memory.
func newNamespace(m *memory, access ...cmd.Grant) *cmd.Namespace {
	if m.rosters == nil {
		m.rosters = make(map[string][]rosterpush.Item)
	}
	return cmd.New(rosterpush.New(m), access, slog.New(slog.DiscardHandler))
}

var (
	admin      = jid.MustParse("admin@a.example/r")
	everything = cmd.Grant{JID: admin.Bare(), Role: cmd.Admin}
)

// args makes a verb's arguments from pairs of name and value.
func args(pairs ...string) map[string][]string {
	m := make(map[string][]string)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = append(m[pairs[i]], pairs[i+1])
	}
	return m
}
