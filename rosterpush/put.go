package rosterpush

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/address"
)

// Put makes an item of the user's roster exactly as given, whatever stood there.
// The contact's own roster is not touched. If the item already stands, nothing is
// written. A pending request ends if the new subscription includes the contact's
// presence, and stays otherwise. f names the arguments for an *InvalidError.
//
// changed reports whether anything was written. Errors: an *InvalidError before
// anything is sent; a *ChangeError, which says what stands, if the last of several
// writes failed; ErrSharedItem if the item was written and the server shows it
// otherwise.
func (r *Rosters) Put(ctx context.Context, user jid.JID, want Item, f Fields) (changed bool, err error) {
	contact := want.JID
	want = want.normalized()
	if err := want.validate(f); err != nil {
		return false, err
	}
	user, want.JID = r.address(user), r.address(contact)
	unlock, err := r.lock(ctx, []jid.JID{user}, wholeRoster(user, changingItems), bothItems(user, want.JID))
	if err != nil {
		return false, err
	}
	defer unlock()
	was, err := r.item(ctx, user, contact)
	if _, unreadable := errors.AsType[*UnreadableError](err); unreadable {
		err = nil // This item may be what makes the roster unreadable.
	}
	if err != nil {
		return false, err
	}
	if was == nil {
		// The JID of an item that stands was accepted before. A new one must be a JID
		// that servers accept.
		if _, err := address.ParseNew(contact.String()); err != nil {
			return false, &InvalidError{f.JID, contact.String(), "is " + err.Error()}
		}
	}
	want = want.withJIDOf(was)
	if was != nil && was.satisfies(want) {
		return false, nil
	}
	defer r.noteChange(user)
	e, err := r.begin(ctx, Write, Change{User: user, Contact: want.JID, Before: was, After: &want})
	if err != nil {
		return false, err
	}
	if err := r.write(ctx, user, want, was); err != nil {
		r.fail(e, err)
		return true, err
	}
	stays, err := r.requestStays(ctx, user, want, was)
	if err == nil && stays {
		err = r.rewrite(ctx, user, want, was)
	}
	if err != nil {
		return true, r.undo(ctx, e, err, sideChange{user: user, contact: want.JID, was: was, want: &want})
	}
	r.end(e, e.Changes...)
	return true, r.checkShown(ctx, user, want, was)
}

// checkShown returns an error that wraps ErrSharedItem if the server still shows an
// item as it was before it was written, or with more of its former groups. What a
// shared roster group says of a contact overrides the user's own item. A new item is
// not affected: a shared item would have been shown before.
func (r *Rosters) checkShown(ctx context.Context, user jid.JID, want Item, was *Item) error {
	if was == nil || !r.server.MayShare(ctx, user.Domainpart()) {
		return nil
	}
	now, err := r.item(ctx, user, want.JID)
	if err != nil || now == nil {
		return nil // The server has confirmed the write itself.
	}
	more := slices.ContainsFunc(now.Groups, func(g string) bool { return !slices.Contains(want.Groups, g) && slices.Contains(was.Groups, g) })
	if now.Subscription == was.Subscription && now.Subscription != want.Subscription || more {
		return fmt.Errorf("%s in the roster of %s: %w", want.JID, user, ErrSharedItem)
	}
	return nil
}
