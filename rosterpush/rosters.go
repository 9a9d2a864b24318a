package rosterpush

import (
	"context"
	"errors"
	"strings"

	"mellium.im/xmpp/jid"
)

// Rosters manages rosters on a server. New makes one. Its methods may be used
// concurrently; those that touch the same item wait for each other. Each blocks
// until the server has answered or the context ends. Besides the errors that a
// method lists, it returns those of the Server and the cause of the context's end.
type Rosters struct {
	server  Server
	locks   locks
	backlog *backlog
	kept    *kept
	reads   reads
	changed *changedRosters

	journal   Journal // nil: none
	asOrigin  func(context.Context, Origin) context.Context
	onSettled func(context.Context, Settled)
}

// New returns the rosters of a server. There is no journal: a change of which only a
// part was made, and which cannot be undone, stays so.
func New(s Server) *Rosters {
	return &Rosters{server: s, backlog: newBacklog(), kept: newKept(maxKeptBytes), changed: newChangedRosters()}
}

// NewJournaled returns the rosters of a server with a journal of the intents. asOrigin
// returns a context under which writes are recorded as those of a request, and onSettled
// is called with that context for each settlement (see Recover, Suspect and Settle), also
// by several goroutines at a time.
func NewJournaled(s Server, j Journal, asOrigin func(context.Context, Origin) context.Context, onSettled func(context.Context, Settled)) *Rosters {
	r := New(s)
	r.journal, r.asOrigin, r.onSettled = j, asOrigin, onSettled
	return r
}

// Get reads a user's roster, sorted by contact. It is empty if the user has none,
// registered or not. A *DamagedError names the contacts whose items cannot be shown;
// the items are returned all the same. They must not be changed.
func (r *Rosters) Get(ctx context.Context, user jid.JID) ([]Item, error) {
	user = r.address(user)
	unlock, err := r.lock(ctx, wholeRoster(user, looking))
	if err != nil {
		return nil, err
	}
	defer unlock()
	roster, err := r.read(ctx, user)
	if err != nil {
		return nil, err
	}
	return roster.Sorted(), damage(user, roster.Items())
}

// Peek reads a user's roster as Get does, but does not wait for other requests
// that touch the user, and does not sort. So it may show a change that is only half
// done. It has the server send the whole roster: the version of a roster tells of no change
// that was made in the server's database. The items are the caller's.
func (r *Rosters) Peek(ctx context.Context, user jid.JID) ([]Item, error) {
	user = r.address(user)
	roster, err := r.server.Roster(ctx, user, nil)
	if err != nil {
		return nil, err
	}
	return roster.Items(), damage(user, roster.Items())
}

// PeekSince reads a user's roster as Peek does, unless the server says that it still has the
// given version. Then the roster is nil. With an empty version it reads the whole roster, and
// asks for the version. (ejabberd leaves the version as it is when an account is
// unregistered, or when its database is changed by other means.)
func (r *Rosters) PeekSince(ctx context.Context, user jid.JID, version string) (*Roster, error) {
	user = r.address(user)
	known := unversioned
	if version != "" {
		known = NewRoster(version, nil)
	}
	roster, err := r.server.Roster(ctx, user, known)
	if err != nil || roster == known {
		return nil, err
	}
	return roster, damage(user, roster.Items())
}

// read reads a roster, and keeps it. Requests share the reads of a roster.
func (r *Rosters) read(ctx context.Context, user jid.JID) (*Roster, error) {
	return r.reads.read(ctx, user, func(ctx context.Context) (*Roster, error) {
		roster, err := r.server.Roster(ctx, user, r.kept.get(user))
		if err == nil {
			r.kept.put(user, roster)
		}
		return roster, err
	})
}

// damage returns a *DamagedError if any of a roster's items is damaged.
func damage(user jid.JID, items []Item) error {
	var contacts []jid.JID
	for _, i := range items {
		if i.Damaged {
			contacts = append(contacts, i.JID)
		}
	}
	if contacts == nil {
		return nil
	}
	return &DamagedError{User: user, Contacts: contacts}
}

// Remove removes a contact from a user's roster, with both subscriptions (RFC 6121
// §2.5). If there is no item but a hidden request of the contact, it removes the
// request. Errors: ErrNotInRoster if there is neither, ErrSharedItem if the server
// goes on to show the item.
func (r *Rosters) Remove(ctx context.Context, user, contact jid.JID) error {
	user = r.address(user)
	other := r.address(contact)
	// The server changes the contact's item too.
	unlock, err := r.lock(ctx, wholeRoster(user, changingItems), wholeRoster(other, changingItems), bothItems(user, other))
	if err != nil {
		return err
	}
	defer unlock()
	was, err := r.item(ctx, user, contact)
	if _, unreadable := errors.AsType[*UnreadableError](err); unreadable {
		// This item may be what makes the roster unreadable.
		return r.server.Remove(ctx, user, Item{JID: contact})
	}
	if err != nil {
		return err
	}
	if was == nil {
		return r.removeHiddenRequest(ctx, user, contact)
	}
	defer r.noteChange(user)
	defer r.noteChange(other)
	if err := r.gather(ctx, user, other); err != nil {
		return err
	}
	c := itemChange{user: user}.over(was)
	e, err := r.begin(ctx, Removal, c.change())
	if err != nil {
		return err
	}
	if err := r.removeItem(ctx, user, *was); err != nil {
		return r.failed(ctx, e, err, c)
	}
	if err := r.checkShown(ctx, c)[0]; err != nil {
		r.end(e)
		return err
	}
	r.end(e, e.Changes...)
	return nil
}

// removeOneSided removes the item that stands, if there is one, and leaves the contact's own
// item as it is. A plain removal would end the contact's subscription too. If the item's
// subscription is none, there is none to end.
func (r *Rosters) removeOneSided(ctx context.Context, user jid.JID, now *Item) error {
	if now == nil {
		return nil
	}
	unsubscribed := *now
	unsubscribed.Subscription = None
	if now.Subscription != None {
		if err := r.server.Put(ctx, user, unsubscribed, now); err != nil {
			return err
		}
	}
	return r.server.Remove(ctx, user, unsubscribed)
}

// item reads one item. It returns nil if there is none.
func (r *Rosters) item(ctx context.Context, user, contact jid.JID) (*Item, error) {
	roster, err := r.read(ctx, user)
	if err != nil {
		return nil, err
	}
	return r.find(roster, contact), nil
}

// write writes an item, and keeps an approval that stands.
func (r *Rosters) write(ctx context.Context, user jid.JID, want Item, was *Item) error {
	if was != nil {
		want.Approved = was.Approved
	}
	return r.server.Put(ctx, user, want, was)
}

func compareJIDs(a, b jid.JID) int { return strings.Compare(a.String(), b.String()) }
