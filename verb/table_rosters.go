package verb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/verb/wire"
	"emanagement/xmpp/address"
)

// rosterVerbs is the part of the table that looks at and changes rosters.
// Users need not be registered: a web application may be the one that knows
// them, and the server only keep their rosters.
func rosterVerbs() []*Verb {
	userJid := Param{Name: "userJid", Label: "User", Kind: User, Required: true}
	anyUser := userJid
	anyUser.New = true
	return []*Verb{
		{
			Name:    "addBuddyToRoster",
			Title:   "Add contact",
			Summary: "put a contact into a user's roster",
			Help:    "The item will have exactly this nick, these groups and this subscription, whatever stood there. The contact's own roster is not touched.",
			Role:    Write,
			Params: []Param{
				anyUser,
				{Name: "buddyJid", Label: "Contact", Kind: Contact, Required: true, New: true},
				{Name: "buddyNick", Label: "The contact's nick", Kind: Text, Example: "Ben Smith"},
				{Name: "buddyGroup", Label: "Groups, one a line", Kind: Groups},
				{Name: "subscription_type", Label: "Subscription (none, to, from, both)", Kind: Subscription, Required: true},
			},
			run: addBuddyToRoster,
		},
		{
			Name:    "removeBuddyFromRoster",
			Title:   "Remove contact",
			Summary: "remove a contact from a user's roster",
			Help:    "The subscriptions that the item had end, also in a registered contact's own roster, where the item stays.",
			Role:    Write,
			Params:  []Param{userJid, {Name: "buddyJid", Label: "Contact", Kind: Contact, Required: true}},
			run:     removeBuddyFromRoster,
		},
		{
			Name:    "setBidireccionalBuddys",
			Title:   "Make a pair",
			Summary: "put two users in each other's rosters",
			Help:    "Each gets the other with the subscription both, under the nick and in the groups given for the other. If one side fails, both are put back.",
			Role:    Write,
			Params: []Param{
				{Name: "userAJid", Label: "User A", Kind: User, Required: true, New: true},
				{Name: "userBJid", Label: "User B", Kind: User, Required: true, New: true},
				{Name: "userANick", Label: "A's nick, in B's roster", Kind: Text, Example: "Ana"},
				{Name: "userBNick", Label: "B's nick, in A's roster", Kind: Text, Example: "Ben Smith"},
				{Name: "groupForA", Label: "Groups of A in B's roster, one a line", Kind: Groups},
				{Name: "groupForB", Label: "Groups of B in A's roster, one a line", Kind: Groups},
			},
			run: setBidireccionalBuddys,
		},
		{
			Name:    "unsetBidireccionalBuddys",
			Title:   "Undo a pair",
			Summary: "undo a pair, leaving the user one-way",
			Help:    "For two who have each other: the old friend loses the user, and the user keeps the old friend with the subscription to.",
			Role:    Write,
			Params: []Param{
				userJid,
				{Name: "oldFriendJid", Label: "Old friend", Kind: User, Required: true},
				{Name: "oldFriendNick", Label: "The old friend's nick", Kind: Text, Example: "Ben Smith"},
				{Name: "groupForOldFriend", Label: "Groups of the old friend, one a line", Kind: Groups},
			},
			run: unsetBidireccionalBuddys,
		},
		{
			Name:    "getRoster",
			Title:   "Show roster",
			Summary: "show a user's roster",
			Help:    "One line an item: jid, nick, subscription, ask (none, out), groups with ; between. The columns are separated by tabs.",
			Role:    Read,
			Params:  []Param{userJid},
			run:     getRoster,
		},
		{
			Name:    "removeRoster",
			Title:   "Empty roster",
			Summary: "remove every contact from a user's roster",
			Help:    "Each as removeBuddyFromRoster does.",
			Role:    Write,
			Long:    true,
			Params:  []Param{userJid},
			run:     removeRoster,
		},
		{
			Name:    "checkUserJid",
			Title:   "Has a roster?",
			Summary: "does a user have a roster?",
			Help:    "true if it has at least one item.",
			Role:    Read,
			Params:  []Param{userJid},
			run:     checkUserJid,
		},
		{
			Name:    "checkBidirecctionalBuddys",
			Title:   "Are they a pair?",
			Summary: "do two users have each other?",
			Help:    "true if each has the other with the subscription both.",
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

// written is Done where items were written. What the server then shows otherwise is
// said.
func written(err error) (Result, error) {
	_, undone := errors.AsType[*rosterpush.ChangeError](err)
	if errors.Is(err, rosterpush.ErrSharedItem) && !undone {
		return Result{remarks: []string{err.Error() + "; what was written is seen where that does not count"}}, nil
	}
	return Result{}, err
}

func removeBuddyFromRoster(ctx context.Context, c *call) (Result, error) {
	user, buddy := c.jid("userJid"), c.jid("buddyJid")
	err := c.Rosters.Remove(ctx, user, buddy)
	if errors.Is(err, rosterpush.ErrNotInRoster) {
		return refused("User %s not found in %s roster.", asKept(buddy), user), nil
	}
	if errors.Is(err, rosterpush.ErrSharedItem) {
		return refused("%s: %v", buddy, err), nil
	}
	return Result{}, err
}

// asKept is a contact as rosters would have it, where it only differs by capitals
// from what was asked for.
func asKept(contact jid.JID) jid.JID {
	if kept, err := address.ParseNew(contact.String()); err == nil && strings.EqualFold(kept.String(), contact.String()) {
		return kept
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
	return rosterTable(items), err
}

func removeRoster(ctx context.Context, c *call) (Result, error) {
	removed, kept, err := c.Rosters.Clear(ctx, c.jid("userJid"), nil, func(removed, all int) {
		c.say(Progress{Text: fmt.Sprintf("%d of %s removed", removed, wire.Count(all, "item")), Done: removed, Total: all})
	})
	if errors.Is(err, rosterpush.ErrNoRoster) {
		return refused("Roster not found for userJid %s", c.jid("userJid")), nil
	}
	if errors.Is(err, rosterpush.ErrShared) {
		return refused("%s: %v", c.jid("userJid"), err), nil
	}
	if err != nil && removed > 0 {
		f := fault.Of(err)
		return Result{}, failure(fmt.Sprintf("%s removed; %s", wire.Count(removed, "item"), f.Message(true)), f, false, err)
	}
	if kept > 0 {
		return Result{remarks: []string{wire.Count(kept, "item") + " of shared roster groups left"}}, err
	}
	return Result{}, err
}

func checkUserJid(ctx context.Context, c *call) (Result, error) {
	items, err := c.Rosters.Get(ctx, c.jid("userJid"))
	if isUnshown(err) {
		return yesNo(true), nil // it is there
	}
	return yesNo(len(items) > 0), err
}

func checkBidirecctionalBuddys(ctx context.Context, c *call) (Result, error) {
	yes, err := c.Rosters.Bidirectional(ctx, c.jid("userAJid"), c.jid("userBJid"))
	return yesNo(yes), err
}
