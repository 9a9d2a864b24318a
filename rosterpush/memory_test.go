package rosterpush_test

import (
	"context"
	"sync"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
)

// memory is a server that keeps rosters as ejabberd was seen to: a write
// leaves a pending request as it is, a removal ends the subscriptions of the
// other side's item.
type memory struct {
	mu      sync.Mutex
	rosters map[string]map[string]rosterpush.Item // by user and contact
	writes  int
	fail    func(write int) error // asked before each write, counted from one
	broken  error                 // of every read, where not nil
}

func newMemory() *memory {
	return &memory{rosters: make(map[string]map[string]rosterpush.Item), fail: func(int) error { return nil }}
}

func (m *memory) write(change func()) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	if err := m.fail(m.writes); err != nil {
		return err
	}
	change()
	return nil
}

func (m *memory) Roster(_ context.Context, user jid.JID) ([]rosterpush.Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var items []rosterpush.Item
	for _, i := range m.rosters[user.String()] {
		items = append(items, i)
	}
	return items, m.broken
}

func (m *memory) Put(_ context.Context, user jid.JID, item rosterpush.Item, _ *rosterpush.Item) error {
	return m.write(func() {
		roster := m.rosters[user.String()]
		if roster == nil {
			roster = make(map[string]rosterpush.Item)
			m.rosters[user.String()] = roster
		}
		item.Pending = roster[item.JID.String()].Pending
		roster[item.JID.String()] = item
	})
}

func (m *memory) Remove(_ context.Context, user jid.JID, was rosterpush.Item) error {
	contact := was.JID
	return m.write(func() {
		gone := m.rosters[user.String()][contact.String()]
		delete(m.rosters[user.String()], contact.String())
		if other, ok := m.rosters[contact.String()][user.String()]; ok && gone.Subscription != rosterpush.None {
			other.Subscription = rosterpush.None
			m.rosters[contact.String()][user.String()] = other
		}
	})
}

// has puts an item in place without counting a write.
func (m *memory) has(user string, item rosterpush.Item) {
	if m.rosters[user] == nil {
		m.rosters[user] = make(map[string]rosterpush.Item)
	}
	m.rosters[user][item.JID.String()] = item
}

func (*memory) Spelling(host string) string { return host }
