package xmppclient

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

const nsRoster = "jabber:iq:roster"

// RosterItem is one item of a roster as the server sends it. A missing attribute is "".
type RosterItem struct {
	JID, Name, Subscription, Ask, Approved string
	// Groups are the groups in their order; nil if there is none.
	Groups []string
}

// Roster requests the user's own roster and returns the items sorted by JID. It blocks
// until the reply arrives or ctx ends. From then on the server sends this client roster
// pushes. The errors are those of Ask, or that the reply has no roster.
func (c *Client) Roster(ctx context.Context) ([]RosterItem, error) {
	reply, err := c.Ask(ctx, stanza.GetIQ, jid.JID{}, "<query"+attribute(nsXMLNS, nsRoster)+"/>")
	if err != nil {
		return nil, fmt.Errorf("roster of %s: %w", c.jid.Bare(), err)
	}
	query, ok := reply.Child(nsRoster, "query")
	if !ok {
		return nil, fmt.Errorf("roster of %s: not in the reply: %s", c.jid.Bare(), reply)
	}
	return rosterItems(query), nil
}

// rosterItems reads the items of a roster query element.
func rosterItems(query Element) []RosterItem {
	var items []RosterItem
	for _, e := range query.All(nsRoster, "item") {
		item := RosterItem{
			JID:          e.Attr("jid"),
			Name:         e.Attr("name"),
			Subscription: e.Attr("subscription"),
			Ask:          e.Attr("ask"),
			Approved:     e.Attr("approved"),
		}
		for _, group := range e.All(nsRoster, "group") {
			item.Groups = append(item.Groups, group.Text)
		}
		items = append(items, item)
	}
	slices.SortFunc(items, func(a, b RosterItem) int { return cmp.Compare(a.JID, b.JID) })
	return items
}
