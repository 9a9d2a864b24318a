package rosterpush

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
)

// Server is what this package needs of a server. Users are bare JIDs; a
// contact's resource, which a client may have stored, does not count. An error
// is one of this package's where it has one that fits; one that wraps
// failure.ErrNoAnswer leaves open whether the request was carried out. All
// methods may be used by many goroutines at once and end with their context.
type Server interface {
	// Roster reads a user's whole roster. That of a user the server does not
	// know is empty.
	Roster(ctx context.Context, user jid.JID) ([]Item, error)
	// Put writes an item's name, groups and subscription, exactly. was is what
	// stands there, nil for nothing. A pending request may stay; but where nothing
	// stands, none of the contact's stays that nobody could answer any more.
	Put(ctx context.Context, user jid.JID, item Item, was *Item) error
	// Remove removes an item, which is as was says. Both subscriptions end (RFC
	// 6121 §2.5): a server that knows the contact changes its item too.
	Remove(ctx context.Context, user jid.JID, was Item) error
	// Spelling returns a host as the server spells it, if it knows it by any
	// spelling; any other as it is. It does not wait.
	Spelling(host string) string
}

// Rosters manages rosters on a server. Make it with New. Its methods may be
// used by many goroutines at once; those that touch the same user wait for
// each other.
type Rosters struct {
	server  Server
	sources []Source
	locks   locks
	wiped   wiped
}

// New returns the rosters of a server. The sources, the quickest first, are
// what whole hosts need.
func New(s Server, sources ...Source) *Rosters { return &Rosters{server: s, sources: sources} }

// Get reads a user's roster, sorted by contact. It is empty where the user
// has none, registered or not. With a *DamagedError, which names what cannot be
// shown, the items are returned all the same.
func (r *Rosters) Get(ctx context.Context, user jid.JID) ([]Item, error) {
	user = r.address(user)
	unlock, err := r.locks.lock(ctx, user)
	if err != nil {
		return nil, err
	}
	defer unlock()
	items, err := r.server.Roster(ctx, user)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(items, func(a, b Item) int { return compare(a.JID, b.JID) })
	return items, damage(user, items)
}

// damage is a *DamagedError where an item is damaged.
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

// Put makes an item of the user's roster exactly as given, whatever stood
// there; the contact's own roster is not touched. Where the item already
// stands, nothing is written. A pending request ends with a subscription that
// includes the contact's presence and stays otherwise. changed says whether
// anything was written. Fields names the arguments for an *InvalidError. A
// *ChangeError says what stands where the last of several writes failed,
// ErrSharedItem that the item was written, and the server shows it otherwise.
func (r *Rosters) Put(ctx context.Context, user jid.JID, want Item, f Fields) (changed bool, err error) {
	contact := want.JID
	want = want.clean()
	if err := want.check(f); err != nil {
		return false, err
	}
	user, want.JID = r.address(user), r.address(contact)
	unlock, err := r.locks.lock(ctx, user)
	if err != nil {
		return false, err
	}
	defer unlock()
	was, err := r.item(ctx, user, contact)
	if _, unreadable := errors.AsType[*UnreadableError](err); unreadable {
		err = nil // what stands there may be what is to be written over
	}
	if err != nil {
		return false, err
	}
	if was == nil {
		// What stands there has been let in by somebody; what does not must be a JID
		// that servers take.
		if _, err := address.ParseNew(contact.String()); err != nil {
			return false, &InvalidError{f.JID, contact.String(), "is " + err.Error()}
		}
	}
	want = want.over(was)
	if was != nil && was.settles(want) {
		return false, nil
	}
	if err := r.put(ctx, user, want, was); err != nil {
		return true, err
	}
	stays, err := r.requestStays(ctx, user, want, was)
	if err == nil && stays {
		err = r.anew(ctx, user, want, was)
	}
	if err != nil {
		return true, r.restore(ctx, err, change{user: user, contact: want.JID, was: was, want: &want})
	}
	return true, r.shownAs(ctx, user, want, was)
}

// shownAs wraps ErrSharedItem where an item was written over one that the server
// shows on as it was, or with more groups: what a shared roster group says of a
// contact counts more than what the user's own item does. A new item is none of
// those, for they were there before.
func (r *Rosters) shownAs(ctx context.Context, user jid.JID, want Item, was *Item) error {
	if was == nil {
		return nil
	}
	now, err := r.item(ctx, user, want.JID)
	if err != nil || now == nil {
		return nil // the write itself was answered
	}
	more := slices.ContainsFunc(now.Groups, func(g string) bool { return !slices.Contains(want.Groups, g) && slices.Contains(was.Groups, g) })
	if now.Subscription == was.Subscription && now.Subscription != want.Subscription || more {
		return shared(user, want.JID)
	}
	return nil
}

// shared says which item is of a shared roster group.
func shared(user, contact jid.JID) error {
	return fmt.Errorf("%s in the roster of %s: %w", contact, user, ErrSharedItem)
}

// Remove removes a contact from a user's roster, with both subscriptions
// (RFC 6121 §2.5). A request of the contact's that stands there alone is removed, too.
// ErrNotInRoster where there is nothing, ErrSharedItem where the server shows it on.
func (r *Rosters) Remove(ctx context.Context, user, contact jid.JID) error {
	user = r.address(user)
	// The server changes the contact's item too.
	unlock, err := r.locks.lock(ctx, user, r.address(contact))
	if err != nil {
		return err
	}
	defer unlock()
	was, err := r.item(ctx, user, contact)
	if _, unreadable := errors.AsType[*UnreadableError](err); unreadable {
		// That may be the item for whose sake it is.
		return r.server.Remove(ctx, user, Item{JID: contact})
	}
	if err != nil {
		return err
	}
	if was == nil {
		return r.removeHidden(ctx, user, contact)
	}
	if err := r.remove(ctx, user, *was); err != nil {
		return err
	}
	return r.gone(ctx, user, was.JID)
}

// gone is nil where an item that was removed is: one of that very text. Another
// spelling of the contact is another item.
func (r *Rosters) gone(ctx context.Context, user, contact jid.JID) error {
	left, err := r.item(ctx, user, contact)
	if err == nil && left != nil && left.JID.Bare().Equal(contact.Bare()) {
		return ErrSharedItem
	}
	return err
}

// removesAtOnce is how many removals of one roster are under way at once:
// enough to keep the server busy, few enough to leave room for others.
const removesAtOnce = 8

// Clear removes every item of a user's roster, one by one, as Remove does. What
// the server refuses does not keep it from the others; another failure ends it,
// and what was removed until then stays removed. removed counts the items that
// are gone, kept those of shared roster groups, which a server shows on; progress
// is told after each how many of all were removed. Contacts are not waited for:
// theirs are single items, which the server itself changes. ErrNoRoster where
// there is none, ErrShared where all of them are such, an *ItemsError where some
// could not be removed.
func (r *Rosters) Clear(ctx context.Context, user jid.JID, progress func(removed, all int)) (removed, kept int, err error) {
	c, err := r.clear(ctx, r.address(user), func([]Item) error { return nil }, progress)
	switch {
	case err != nil:
		return c.removed, 0, err
	case len(c.items) == 0:
		return 0, 0, ErrNoRoster
	case c.removed == 0:
		return 0, c.kept(), ErrShared
	}
	return c.removed, c.kept(), nil
}

// cleared is a roster as it stood, and how many of its items are gone.
type cleared struct {
	items   []Item
	removed int
}

// kept counts the items that are still there although all could be removed.
func (c cleared) kept() int { return len(c.items) - c.removed }

// clear is Clear, but that a roster without items is no error. first is called
// before any is removed; its error leaves them all.
func (r *Rosters) clear(ctx context.Context, user jid.JID, first func([]Item) error, progress func(removed, all int)) (c cleared, err error) {
	unlock, err := r.locks.lock(ctx, user)
	if err != nil {
		return c, err
	}
	defer unlock()
	c.items, err = r.server.Roster(ctx, user)
	if err != nil || len(c.items) == 0 {
		return c, err
	}
	if err := first(c.items); err != nil {
		return c, err
	}
	taken, err := r.removeEach(ctx, user, c.items, progress)
	left, lerr := r.left(ctx, user, c.items)
	if lerr != nil {
		c.removed = taken
		return c, errors.Join(err, lerr)
	}
	c.removed = len(c.items) - left
	return c, err
}

// removeEach removes items, and says how many the server took. After a failure
// that is no refusal of one item no other is begun; what is under way then comes
// to its own end.
func (r *Rosters) removeEach(ctx context.Context, user jid.JID, items []Item, progress func(removed, all int)) (taken int, err error) {
	var (
		group  errgroup.Group
		mu     sync.Mutex
		failed []Failure
		ended  bool
	)
	note := func(contact jid.JID, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			taken++
			progress(taken, len(items))
			return
		}
		failed = append(failed, Failure{contact, err})
		ended = ended || !isRefusal(err)
	}
	over := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return ended || ctx.Err() != nil
	}
	group.SetLimit(removesAtOnce)
	for _, i := range items {
		group.Go(func() error {
			if !over() {
				note(i.JID, r.remove(ctx, user, i))
			}
			return nil
		})
	}
	_ = group.Wait() // failures are noted
	if len(failed) > 0 {
		slices.SortFunc(failed, func(a, b Failure) int { return compare(a.JID, b.JID) })
		return taken, &ItemsError{Failed: failed}
	}
	return taken, context.Cause(ctx)
}

// isRefusal says whether a server would not do what was asked, in its own words.
func isRefusal(err error) bool {
	_, byStanza := errors.AsType[stanza.Error](err)
	_, byAPI := errors.AsType[*RefusedError](err)
	return byStanza || byAPI
}

// left counts those of a roster's items that it still has: what the server
// answered says nothing about items that it shows but does not keep. That is
// found out even where the request's own time is over. What the user has added
// meanwhile does not count.
func (r *Rosters) left(ctx context.Context, user jid.JID, of []Item) (n int, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTimeout)
	defer cancel()
	items, err := r.server.Roster(ctx, user)
	there := make(map[string]bool)
	for _, i := range items {
		there[i.JID.String()] = true
	}
	for _, i := range of {
		if there[i.JID.String()] {
			n++
		}
	}
	return n, err
}

// item reads one item, nil where it is not there.
func (r *Rosters) item(ctx context.Context, user, contact jid.JID) (*Item, error) {
	items, err := r.server.Roster(ctx, user)
	if err != nil {
		return nil, err
	}
	return r.find(items, contact), nil
}

// put writes an item, keeping an approval that stands.
func (r *Rosters) put(ctx context.Context, user jid.JID, want Item, was *Item) error {
	if was != nil {
		want.Approved = was.Approved
	}
	return r.server.Put(ctx, user, want, was)
}
