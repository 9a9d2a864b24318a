package rosterpush

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"
	"mellium.im/xmpp/jid"

	"emanagement/xmpp/address"
)

// Target is how an item of a roster must stand.
type Target struct {
	Contact jid.JID
	// Item is the item, under any JID. Nil means that there must be none; the contact's own
	// item stays as it is.
	Item   *Item
	Fields Fields // for an *InvalidError
	// When, if it is not nil, is called with the item that stands, or nil. If it returns
	// false, the target is left alone with ErrOtherwise.
	When func(now *Item) bool
}

// ErrOtherwise says that an item was not as a target expects.
var ErrOtherwise = errors.New("the item is otherwise than expected")

// Applied is what became of a target.
type Applied struct {
	Changed bool  // something was written
	Err     error // see Rosters.Put; ErrSharedItem also if an item that was removed is still shown
}

// Apply makes items of a user's roster exactly as given. It reads the roster once, and writes
// what differs: several items at once, each on its own, so that a target that fails stops no
// other. It reads the roster once more if the server's answers do not prove what was written.
// A contact must not occur twice.
//
// The result has one element for each target. The error is that of the first read, or the
// cause of the context's end, and nothing was written then.
func (r *Rosters) Apply(ctx context.Context, user jid.JID, targets ...Target) ([]Applied, error) {
	user = r.address(user)
	applied := make([]Applied, len(targets))
	changes := make([]itemChange, len(targets))
	wishes := []lockWish{wholeRoster(user, changingItems)}
	for n, t := range targets {
		changes[n], applied[n].Err = r.newItemChange(user, t)
		if applied[n].Err == nil {
			wishes = append(wishes, bothItems(user, r.address(t.Contact)))
		}
	}
	if len(wishes) == 1 {
		return applied, nil
	}
	unlock, err := r.lock(ctx, wishes...)
	if err != nil {
		return nil, err
	}
	defer unlock()
	roster, err := r.read(ctx, user)
	_, unreadable := errors.AsType[*UnreadableError](err)
	if err != nil && !unreadable {
		return nil, err
	}
	var different []int
	for n, t := range targets {
		switch {
		case applied[n].Err != nil:
			continue
		case unreadable && (t.Item == nil || t.When != nil):
			applied[n].Err = err
			continue
		}
		// One of the targets may be what makes an unreadable roster so.
		changes[n] = changes[n].over(r.find(roster, t.Contact))
		if t.When != nil && !t.When(changes[n].was) {
			applied[n].Err = ErrOtherwise
			continue
		}
		if applied[n].Err = t.checkNew(changes[n]); applied[n].Err == nil && !changes[n].isSatisfied() {
			different = append(different, n)
		}
	}
	if len(different) == 0 {
		return applied, nil
	}
	if err := r.gather(ctx, user); err != nil {
		return nil, err
	}
	r.applyEach(ctx, user, different, changes, applied)
	return applied, nil
}

// newItemChange returns the change for a target. The error is an *InvalidError.
func (r *Rosters) newItemChange(user jid.JID, t Target) (itemChange, error) {
	c := itemChange{user: user, contact: r.address(t.Contact)}
	if t.Item == nil {
		return c, nil
	}
	want := *t.Item
	want.JID = t.Contact
	want = want.normalized()
	if err := want.validate(t.Fields); err != nil {
		return itemChange{}, err
	}
	want.JID = c.contact
	c.want = &want
	return c, nil
}

// checkNew refuses a new item whose JID servers do not accept, by an *InvalidError. The JID of
// an item that stands was accepted before.
func (t Target) checkNew(c itemChange) error {
	if c.was != nil || c.want == nil {
		return nil
	}
	if _, err := address.ParseNew(t.Contact.String()); err != nil {
		return &InvalidError{t.Fields.JID, t.Contact.String(), "is " + err.Error()}
	}
	return nil
}

// applyEach makes the changes of which different has the numbers, several at the same time.
func (r *Rosters) applyEach(ctx context.Context, user jid.JID, different []int, changes []itemChange, applied []Applied) {
	var group errgroup.Group
	group.SetLimit(concurrentItems)
	for _, n := range different {
		group.Go(func() error {
			applied[n].Changed, applied[n].Err = r.applyItem(ctx, changes[n])
			return nil
		})
	}
	_ = group.Wait() // applied has the failures
	var written []int
	var looked []itemChange
	if slices.ContainsFunc(applied, func(a Applied) bool { return a.Changed }) {
		r.noteChange(user)
	}
	for _, n := range different {
		if applied[n].Err == nil {
			written, looked = append(written, n), append(looked, changes[n])
		}
	}
	for i, err := range r.checkShown(ctx, looked...) {
		applied[written[i]].Err = err
	}
}

// applyItem makes one change, which is not satisfied. changed reports whether something else
// stands than before, or may stand.
func (r *Rosters) applyItem(ctx context.Context, c itemChange) (changed bool, err error) {
	e, err := r.begin(ctx, Write, c.change())
	if err != nil {
		return false, err
	}
	if err := r.writeChange(ctx, c); err != nil {
		err = r.failed(ctx, e, err, c)
		_, partly := errors.AsType[*ChangeError](err)
		return partly || !isFinal(err), err
	}
	if err := r.endRequest(ctx, c); err != nil {
		return true, r.undo(ctx, e, err, c)
	}
	r.end(e, e.Changes...)
	return true, nil
}
