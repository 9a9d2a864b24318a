package rosterpush

import (
	"container/list"
	"sync"
	"time"

	"mellium.im/xmpp/jid"
)

const (
	// maxKeptBytes limits the memory of the rosters that are kept.
	maxKeptBytes = 12 << 20
	// largeRoster is the size of a roster, in bytes, from which on it is kept: some 150 items.
	// The server sends a smaller one about as quickly as it says that it has not changed.
	largeRoster = 64 << 10
	// keptTime is how long a roster may count after it was read. As measured, ejabberd leaves
	// the version of a roster as it is when the account is unregistered.
	keptTime = time.Minute
)

// kept holds the large rosters that were read last, so that the server need not send those
// again that have not changed. It is up to the server to say which those are: a roster that is
// kept proves nothing by itself.
type kept struct {
	mu     sync.Mutex
	limit  int // in bytes
	bytes  int
	byUser map[string]*list.Element // of *keptRoster
	recent *list.List               // the one that was used last comes first
}

type keptRoster struct {
	user   string
	roster *Roster
	bytes  int
}

func newKept(limit int) *kept {
	return &kept{limit: limit, byUser: make(map[string]*list.Element), recent: list.New()}
}

// get returns the roster of a user, or nil. It is unversioned if it was read too long ago.
func (k *kept) get(user jid.JID) *Roster {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.byUser[user.String()]
	if e == nil {
		return nil
	}
	k.recent.MoveToFront(e)
	if roster := e.Value.(*keptRoster).roster; time.Since(roster.read) < keptTime {
		return roster
	}
	return unversioned
}

// clear forgets all rosters.
func (k *kept) clear() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.byUser)
	k.recent.Init()
	k.bytes = 0
}

// unversioned is kept in place of a roster without a version. The next read asks for the
// version. The first one does not: ejabberd would write a version for every user who has
// none yet, and most users are not read twice.
var unversioned = new(Roster)

// put keeps a large roster in place of the user's earlier one. The rosters that were not used
// for the longest time make room.
func (k *kept) put(user jid.JID, r *Roster) {
	large := r.size() >= largeRoster
	if r.Version() == "" {
		r = unversioned
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	name := user.String()
	if e := k.byUser[name]; e != nil {
		if e.Value.(*keptRoster).roster == r {
			return
		}
		k.remove(e)
	}
	size := r.size()
	if !large || size > k.limit {
		return
	}
	k.byUser[name] = k.recent.PushFront(&keptRoster{name, r, size})
	for k.bytes += size; k.bytes > k.limit; {
		k.remove(k.recent.Back())
	}
}

// bytesOf returns how many bytes the roster of a user takes that is kept, or 0.
func (k *kept) bytesOf(user jid.JID) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e := k.byUser[user.String()]; e != nil {
		return e.Value.(*keptRoster).bytes
	}
	return 0
}

func (k *kept) remove(e *list.Element) {
	r := k.recent.Remove(e).(*keptRoster)
	delete(k.byUser, r.user)
	k.bytes -= r.bytes
}
