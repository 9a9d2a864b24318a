package rosterpush

import (
	"context"
	"errors"

	"mellium.im/xmpp/jid"
)

// A subscription request is part of two items. In the roster of the user who sent
// it, the item is Pending. In the roster of the user who received it, no roster get
// shows it (RFC 6121 §3.1.3); an item that has nothing else is not shown at all.
//
// Writing a subscription over such an item does not end the request. The server
// presents it at every login. Whatever the user answers, the request stays, or the
// item loses one direction.

// endRequest ends the request that is left with an item that has been written over another
// (see leavesRequest).
func (r *Rosters) endRequest(ctx context.Context, c itemChange) error {
	var theirs *Item
	if c.was != nil && c.want != nil && canHideRequest(*c.was, *c.want) {
		var err error
		theirs, err = r.item(ctx, r.address(c.contact), c.user) // nil if it is on another server
		if ctx.Err() != nil {
			return err
		}
	}
	if !c.leavesRequest(theirs) {
		return nil
	}
	return r.rewrite(ctx, c.user, *c.want, c.was)
}

// canHideRequest reports whether an item can have hidden a request of the contact
// that the user could not answer any more under the subscription that has been
// written. An item with the subscription none is shown only if it hides no request,
// or is pending itself.
func canHideRequest(was, want Item) bool {
	gains := want.Subscription.includesFrom() && !was.Subscription.includesFrom()
	vanishes := want.Subscription == None && was.Subscription == To
	return gains && (was.Subscription == To || was.Pending) || vanishes
}

// hidesRequest reports whether such a request is there, as far as the contact's own
// item tells. That item is nil if there is none, or if it cannot be read. A contact who
// removes the user leaves the request behind, and then no item tells of it.
func hidesRequest(was, want Item, theirs *Item) bool {
	if !canHideRequest(was, want) {
		return false
	}
	if theirs == nil {
		return was.Subscription == To
	}
	return theirs.Pending || was.Subscription == To && !theirs.Subscription.includesFrom()
}

// rewrite removes an item and writes it once more, which ends every request. It keeps
// an approval that stood before.
func (r *Rosters) rewrite(ctx context.Context, user jid.JID, want Item, was *Item) error {
	if err := r.removeOneSided(ctx, user, &want); err != nil {
		return err
	}
	want.Approved = was != nil && was.Approved
	return r.server.Put(ctx, user, want, nil)
}

// removeItem removes an item with both subscriptions, and with a request of the
// user's own. A server withdraws such a request only together with a subscription.
func (r *Rosters) removeItem(ctx context.Context, user jid.JID, was Item) error {
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

// removeHiddenRequest removes a request of the contact that no roster shows, if the
// contact's own item tells of it. Else it returns ErrNotInRoster.
func (r *Rosters) removeHiddenRequest(ctx context.Context, user, contact jid.JID) error {
	theirs, err := r.item(ctx, r.address(contact), user)
	if ctx.Err() != nil {
		return err
	}
	if err != nil || theirs == nil || !theirs.Pending {
		return ErrNotInRoster
	}
	return r.server.Remove(ctx, user, Item{JID: contact, Subscription: None})
}
