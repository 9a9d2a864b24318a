package verb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
	"emanagement/verb/wire"
	"emanagement/xmpp/address"
)

// rosterVerbs are the verbs about the rosters of single users. The users need not be
// registered: a web application may have the accounts, and the server only the rosters.
func rosterVerbs() []*Verb {
	userJid := Param{Name: "userJid", Label: "User", Kind: User, Required: true}
	newUserJid := userJid
	newUserJid.New = true
	return []*Verb{
		{
			Name:    "addBuddyToRoster",
			Title:   "Add contact",
			Summary: "put a contact into a user's roster",
			Help:    "The item gets exactly this nick, these groups and this subscription, even if the contact is already in the roster. The contact's own roster is not changed.",
			Role:    Write,
			Params: []Param{
				newUserJid,
				{Name: "buddyJid", Label: "Contact", Kind: Contact, Required: true, New: true},
				{Name: "buddyNick", Label: "The contact's nick", Kind: Text, Example: "Ben Smith"},
				{Name: "buddyGroup", Label: "Groups, one per line", Kind: Groups},
				{Name: "subscription_type", Label: "Subscription (none, to, from, both)", Kind: Subscription, Required: true},
			},
			run: addBuddyToRoster,
		},
		{
			Name:    "removeBuddyFromRoster",
			Title:   "Remove contact",
			Summary: "remove a contact from a user's roster",
			Help:    "The item's subscriptions end. They also end in the roster of a registered contact, but the item there stays.",
			Role:    Write,
			Params:  []Param{userJid, {Name: "buddyJid", Label: "Contact", Kind: Contact, Required: true}},
			run:     removeBuddyFromRoster,
		},
		{
			Name:    "setBidireccionalBuddys",
			Title:   "Make a pair",
			Summary: "put two users in each other's rosters",
			Help:    "Each user gets the other one with the subscription both, and with the nick and the groups that are given for the other one. If one side fails, both rosters are restored.",
			Role:    Write,
			Params: []Param{
				{Name: "userAJid", Label: "User A", Kind: User, Required: true, New: true},
				{Name: "userBJid", Label: "User B", Kind: User, Required: true, New: true},
				{Name: "userANick", Label: "A's nick, in B's roster", Kind: Text, Example: "Ana"},
				{Name: "userBNick", Label: "B's nick, in A's roster", Kind: Text, Example: "Ben Smith"},
				{Name: "groupForA", Label: "Groups of A in B's roster, one per line", Kind: Groups},
				{Name: "groupForB", Label: "Groups of B in A's roster, one per line", Kind: Groups},
			},
			run: setBidireccionalBuddys,
		},
		{
			Name:    "unsetBidireccionalBuddys",
			Title:   "Undo a pair",
			Summary: "undo a pair, and leave a one-way contact",
			Help:    "The two users must have each other. The old friend's roster loses the user. The user keeps the old friend with the subscription to.",
			Role:    Write,
			Params: []Param{
				userJid,
				{Name: "oldFriendJid", Label: "Old friend", Kind: User, Required: true},
				{Name: "oldFriendNick", Label: "The old friend's nick", Kind: Text, Example: "Ben Smith"},
				{Name: "groupForOldFriend", Label: "Groups of the old friend, one per line", Kind: Groups},
			},
			run: unsetBidireccionalBuddys,
		},
		{
			Name:    "getRoster",
			Title:   "Show roster",
			Summary: "show a user's roster",
			Help:    "One line per item: jid, nick, subscription, ask (none or out), and the groups with ; between them. The columns are separated by tabs.",
			Role:    Read,
			Params:  []Param{userJid},
			run:     getRoster,
		},
		{
			Name:    "removeRoster",
			Title:   "Empty roster",
			Summary: "remove every contact from a user's roster",
			Help:    "It removes each contact as removeBuddyFromRoster does.",
			Role:    Write,
			Long:    true,
			Params:  []Param{userJid},
			run:     removeRoster,
		},
		{
			Name:    "checkUserJid",
			Title:   "Has a roster?",
			Summary: "does a user have a roster?",
			Help:    "The answer is true if the roster has at least one item.",
			Role:    Read,
			Params:  []Param{userJid},
			run:     checkUserJid,
		},
		{
			Name:    "checkBidirecctionalBuddys",
			Title:   "Are they a pair?",
			Summary: "do two users have each other?",
			Help:    "The answer is true if each user has the other one with the subscription both.",
			Role:    Read,
			Params:  []Param{{Name: "userAJid", Label: "User A", Kind: User, Required: true}, {Name: "userBJid", Label: "User B", Kind: User, Required: true}},
			run:     checkBidirecctionalBuddys,
		},
	}
}

func addBuddyToRoster(ctx context.Context, c *call) (Result, error) {
	_, err := c.Rosters.Put(ctx, c.jid("userJid"), rosterpush.Item{
		JID:          c.jid("buddyJid"),
		Name:         c.str("buddyNick"),
		Groups:       c.strings("buddyGroup"),
		Subscription: rosterpush.Subscription(c.str("subscription_type")),
	}, rosterpush.Fields{JID: "buddyJid", Name: "buddyNick", Groups: "buddyGroup", Subscription: "subscription_type"})
	return written(err)
}

// written returns Done if items were written. A remark tells if the server shows one of
// them otherwise.
func written(err error) (Result, error) {
	_, failed := errors.AsType[*rosterpush.ChangeError](err)
	if errors.Is(err, rosterpush.ErrSharedItem) && !failed {
		return Result{remarks: []string{err.Error() + "; what was written shows only when the group no longer has this contact"}}, nil
	}
	return Result{}, withRepairVerbs(err)
}

func removeBuddyFromRoster(ctx context.Context, c *call) (Result, error) {
	user, buddy := c.jid("userJid"), c.jid("buddyJid")
	err := c.Rosters.Remove(ctx, user, buddy)
	switch {
	case errors.Is(err, rosterpush.ErrNotInRoster):
		return refused("User %s not found in %s roster.", prepared(buddy), user), nil
	case errors.Is(err, rosterpush.ErrSharedItem):
		return refused("%s: %v", buddy, rosterpush.ErrSharedItem), nil
	}
	return Result{}, withRepairVerbs(err)
}

// prepared returns a contact as a roster would store it, if that differs from the argument
// only in upper and lower case. Otherwise it returns the argument.
func prepared(contact jid.JID) jid.JID {
	if p, err := address.ParseNew(contact.String()); err == nil && strings.EqualFold(p.String(), contact.String()) {
		return p
	}
	return contact
}

func setBidireccionalBuddys(ctx context.Context, c *call) (Result, error) {
	_, err := c.Rosters.SetPair(ctx,
		rosterpush.Half{
			User: c.jid("userAJid"), Name: c.str("userBNick"), Groups: c.strings("groupForB"),
			Fields: rosterpush.Fields{JID: "userAJid", Name: "userBNick", Groups: "groupForB"},
		},
		rosterpush.Half{
			User: c.jid("userBJid"), Name: c.str("userANick"), Groups: c.strings("groupForA"),
			Fields: rosterpush.Fields{JID: "userBJid", Name: "userANick", Groups: "groupForA"},
		})
	return written(err)
}

func unsetBidireccionalBuddys(ctx context.Context, c *call) (Result, error) {
	user, other := c.jid("userJid"), c.jid("oldFriendJid")
	err := c.Rosters.UnsetPair(ctx, rosterpush.Half{
		User: user, Name: c.str("oldFriendNick"), Groups: c.strings("groupForOldFriend"),
		Fields: rosterpush.Fields{JID: "oldFriendJid", Name: "oldFriendNick", Groups: "groupForOldFriend"},
	}, other)
	if errors.Is(err, rosterpush.ErrNotBidirectional) {
		return refused("%s and %s aren't bidireccional buddys", user, other), nil
	}
	return written(err)
}

func getRoster(ctx context.Context, c *call) (Result, error) {
	items, err := c.Rosters.Get(ctx, c.jid("userJid"))
	if err == nil && len(items) == 0 {
		return refused("Roster not found for user %s", c.jid("userJid")), nil
	}
	return rosterTable(items), withRepairVerbs(err)
}

func removeRoster(ctx context.Context, c *call) (Result, error) {
	removed, kept, err := c.Rosters.Clear(ctx, c.jid("userJid"), nil, func(removed, all int) {
		c.progress(Progress{Text: fmt.Sprintf("%d of %s removed", removed, wire.Count(all, "item")), Done: removed, Total: all})
	})
	switch {
	case errors.Is(err, rosterpush.ErrNoRoster):
		return refused("Roster not found for userJid %s", c.jid("userJid")), nil
	case errors.Is(err, rosterpush.ErrShared):
		return refused("%s: %v", c.jid("userJid"), err), nil
	case err != nil && removed > 0:
		err = withRepairVerbs(err)
		f := faultOf(err)
		return Result{}, failure(fmt.Sprintf("%s removed; %s", wire.Count(removed, "item"), f.Message(true)), f, false, err)
	case err != nil:
		return Result{}, withRepairVerbs(err)
	case kept > 0:
		return Result{remarks: []string{wire.Count(kept, "item") + " of shared roster groups left"}}, nil
	}
	return Result{}, nil
}

func checkUserJid(ctx context.Context, c *call) (Result, error) {
	items, err := c.Rosters.Get(ctx, c.jid("userJid"))
	if cannotBeShown(err) {
		return yesNo(true), nil // the roster exists
	}
	return yesNo(len(items) > 0), err
}

func checkBidirecctionalBuddys(ctx context.Context, c *call) (Result, error) {
	yes, err := c.Rosters.Bidirectional(ctx, c.jid("userAJid"), c.jid("userBJid"))
	return yesNo(yes), withRepairVerbs(err)
}
