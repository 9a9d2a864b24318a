package rosterpush

import (
	"context"
	"errors"

	"mellium.im/xmpp/jid"
)

// A subscription request is part of two items: of the one who asks (Pending), and
// of the one who is asked, where no roster shows it (RFC 6121 §3.1.3): an item
// with nothing else is not shown at all. To write a subscription over such an item
// does not end the request: the server presents it at every login, and whatever
// is answered, it stays or halves the item.

// requestStays says whether a request is left with an item that has been written
// over another, although the item's subscription already says what was asked for:
// the user's own, or the contact's.
func (r *Rosters) requestStays(ctx context.Context, user jid.JID, want Item, was *Item) (bool, error) {
	if was == nil { // the server has seen to it
		return false, nil
	}
	if was.Pending && want.Subscription.includesTo() {
		return true, nil
	}
	if !canHide(*was, want) {
		return false, nil
	}
	theirs, err := r.item(ctx, r.address(want.JID), user)
	if ctx.Err() != nil {
		return false, err
	}
	if err != nil { // it is a roster of another server
		theirs = nil
	}
	return hides(*was, want, theirs), nil
}

// canHide says whether an item can have hidden a request of the contact's which
// nobody could answer under the subscription that has been written. An item with
// the subscription none is shown only where it hides none, or is pending itself.
func canHide(was, want Item) bool {
	gains := want.Subscription.includesFrom() && !was.Subscription.includesFrom()
	vanishes := want.Subscription == None && was.Subscription == To
	return gains && (was.Subscription == To || was.Pending) || vanishes
}

// hides says whether such a request is there, as far as the contact's own item
// tells, nil where there is none or it cannot be read. Whoever takes a contact out
// leaves the request behind: then nothing tells.
func hides(was, want Item, theirs *Item) bool {
	if !canHide(was, want) {
		return false
	}
	if theirs == nil {
		return was.Subscription == To
	}
	return theirs.Pending || was.Subscription == To && !theirs.Subscription.includesFrom()
}

// anew writes an item once more from nothing, which ends every request. An
// approval that stood before is kept.
func (r *Rosters) anew(ctx context.Context, user jid.JID, want Item, was *Item) error {
	if err := r.takeOut(ctx, user, want.JID); err != nil {
		return err
	}
	want.Approved = was != nil && was.Approved
	return r.server.Put(ctx, user, want, nil)
}

// remove removes an item with both subscriptions, and with a request of the
// user's: a server withdraws that only together with a subscription.
func (r *Rosters) remove(ctx context.Context, user jid.JID, was Item) error {
	if !was.Pending {
		return r.server.Remove(ctx, user, was)
	}
	subscribed := was
	subscribed.Subscription = was.Subscription.withTo()
	err := r.server.Put(ctx, user, subscribed, &was)
	if _, foreign := errors.AsType[*ForeignContactError](err); err != nil && !foreign {
		return err
	}
	return r.server.Remove(ctx, user, subscribed)
}

// removeHidden removes what no roster shows: a request of the contact's, as far as the
// contact's own item tells. ErrNotInRoster where that tells of none.
func (r *Rosters) removeHidden(ctx context.Context, user, contact jid.JID) error {
	theirs, err := r.item(ctx, r.address(contact), user)
	if ctx.Err() != nil {
		return err
	}
	if err != nil || theirs == nil || !theirs.Pending {
		return ErrNotInRoster
	}
	return r.server.Remove(ctx, user, Item{JID: contact, Subscription: None})
}

// takeOut removes an item and leaves the contact's as it is. A plain removal
// would end the contact's subscription too, but there is none to end where the
// item's subscription is none.
func (r *Rosters) takeOut(ctx context.Context, user, contact jid.JID) error {
	now, err := r.item(ctx, user, contact)
	if err != nil || now == nil {
		return err
	}
	lone := *now
	lone.Subscription = None
	if now.Subscription != None {
		if err := r.server.Put(ctx, user, lone, now); err != nil {
			return err
		}
	}
	return r.server.Remove(ctx, user, lone)
}
