package rosterpush

import (
	"slices"
	"strings"
	"sync"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/address"
)

// Roster is a user's roster as a server has shown it. It does not change, and may be used
// concurrently. A nil Roster has no items.
type Roster struct {
	version string
	read    time.Time
	items   []Item

	sort   sync.Once
	sorted []Item

	index    sync.Once
	first    map[contactKey]int   // the first item of each contact
	spelling map[contactKey][]int // the other items: a contact in two spellings has two
}

// contactKey is a contact's JID without its resource, prepared.
type contactKey struct{ local, host string }

func keyOf(contact jid.JID) contactKey {
	return contactKey{address.PrepareLocal(contact.Localpart()), address.PrepareHost(contact.Domainpart())}
}

// NewRoster returns a roster that was read just now. version is the server's word for this state of it (RFC 6121
// §2.6), and empty if the server has none. The items must not be changed any more.
func NewRoster(version string, items []Item) *Roster {
	return &Roster{version: version, read: time.Now(), items: items}
}

// Version returns the server's word for this state of the roster. It is empty if there is
// none.
func (r *Roster) Version() string {
	if r == nil {
		return ""
	}
	return r.version
}

// Items returns the items in the order of the server. They must not be changed.
func (r *Roster) Items() []Item {
	if r == nil {
		return nil
	}
	return r.items
}

// Sorted returns the items, sorted by contact. They must not be changed.
func (r *Roster) Sorted() []Item {
	if r == nil {
		return nil
	}
	r.sort.Do(func() {
		type named struct {
			name string
			item *Item
		}
		order := make([]named, len(r.items))
		for n := range r.items {
			order[n] = named{r.items[n].JID.String(), &r.items[n]}
		}
		slices.SortFunc(order, func(a, b named) int { return strings.Compare(a.name, b.name) })
		r.sorted = make([]Item, len(order))
		for n := range order {
			r.sorted[n] = *order[n].item
		}
	})
	return r.sorted
}

// scanned is how many items are searched one by one.
const scanned = 32

// of returns the items of a contact, in all spellings.
func (r *Roster) of(contact jid.JID) (items []Item) {
	key := keyOf(contact)
	if len(r.Items()) <= scanned {
		for _, i := range r.Items() {
			if keyOf(i.JID) == key {
				items = append(items, i)
			}
		}
		return items
	}
	r.index.Do(r.makeIndex)
	if n, ok := r.first[key]; ok {
		items = append(items, r.items[n])
	}
	for _, n := range r.spelling[key] {
		items = append(items, r.items[n])
	}
	return items
}

func (r *Roster) makeIndex() {
	r.first, r.spelling = make(map[contactKey]int, len(r.items)), make(map[contactKey][]int)
	for n := range r.items {
		key := keyOf(r.items[n].JID)
		if _, ok := r.first[key]; ok {
			r.spelling[key] = append(r.spelling[key], n)
		} else {
			r.first[key] = n
		}
	}
}

// size returns about how many bytes the roster takes, sorted and with its index.
func (r *Roster) size() (bytes int) {
	const perRoster, perItem, perGroup = 500, 400, 20
	bytes = perRoster + len(r.version)
	for i := range r.items {
		bytes += perItem + len(r.items[i].Name)
		for _, g := range r.items[i].Groups {
			bytes += perGroup + len(g)
		}
	}
	return bytes
}
