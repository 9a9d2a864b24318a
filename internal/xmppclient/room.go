package xmppclient

import (
	"context"
	"fmt"

	"mellium.im/xmpp/jid"
)

const (
	nsMUC     = "http://jabber.org/protocol/muc"
	nsMUCUser = nsMUC + "#user"
)

// Join enters the room that occupant names, under the nick that is its
// resource (XEP-0045 §7.2), and waits until the room has shown that, or ctx.
// The error says so where the room refuses.
func (c *Client) Join(ctx context.Context, occupant jid.JID) error {
	return c.atRoom(ctx, occupant, "", "<x"+attribute(nsXMLNS, nsMUC)+"/>")
}

// Leave leaves a room that was entered as occupant, and waits until the room
// has shown that, or ctx.
func (c *Client) Leave(ctx context.Context, occupant jid.JID) error {
	return c.atRoom(ctx, occupant, "unavailable", "")
}

// atRoom sends a presence to a room and waits until it comes back.
func (c *Client) atRoom(ctx context.Context, occupant jid.JID, typ, payload string) error {
	head := "<presence" + attribute("to", occupant.String())
	if typ != "" {
		head += attribute("type", typ)
	}
	if err := c.Send(ctx, head+">"+payload+"</presence>"); err != nil {
		return err
	}
	shown, err := c.Next(ctx, func(e Element) bool {
		return e.is(nsClient, "presence") && e.Attr("from") == occupant.String() &&
			(e.Attr("type") == typ || e.Attr("type") == "error")
	})
	if err == nil && shown.Attr("type") == "error" {
		err = fmt.Errorf("room %s: %w", occupant.Bare(), replyError(shown))
	}
	return err
}

// Destroyed waits until the room that occupant is in has said that it is
// destroyed (XEP-0045 §10.9), or ctx.
func (c *Client) Destroyed(ctx context.Context, occupant jid.JID) error {
	_, err := c.Next(ctx, func(e Element) bool {
		x, _ := e.Child(nsMUCUser, "x")
		_, destroyed := x.Child(nsMUCUser, "destroy")
		return destroyed && e.Attr("from") == occupant.String() && e.Attr("type") == "unavailable"
	})
	return err
}
