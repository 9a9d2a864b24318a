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

// Join enters a room (XEP-0045 §7.2). occupant is the room's JID with the nick as its
// resource. Join blocks until the room confirms by a presence, or ctx ends. If the room
// refuses, the error has the stanza error.
func (c *Client) Join(ctx context.Context, occupant jid.JID) error {
	return c.sendToRoom(ctx, occupant, "", "<x"+attribute(nsXMLNS, nsMUC)+"/>")
}

// Leave leaves a room that was entered as occupant. It blocks until the room confirms by
// a presence, or ctx ends.
func (c *Client) Leave(ctx context.Context, occupant jid.JID) error {
	return c.sendToRoom(ctx, occupant, "unavailable", "")
}

// sendToRoom sends a presence to a room and waits until the room sends it back.
func (c *Client) sendToRoom(ctx context.Context, occupant jid.JID, typ, payload string) error {
	head := "<presence" + attribute("to", occupant.String())
	if typ != "" {
		head += attribute("type", typ)
	}
	if err := c.Send(ctx, head+">"+payload+"</presence>"); err != nil {
		return err
	}
	presence, err := c.Next(ctx, func(e Element) bool {
		return e.is(nsClient, "presence") && e.Attr("from") == occupant.String() &&
			(e.Attr("type") == typ || e.Attr("type") == "error")
	})
	if err == nil && presence.Attr("type") == "error" {
		err = fmt.Errorf("room %s: %w", occupant.Bare(), replyError(presence))
	}
	return err
}

// Destroyed blocks until the room of occupant announces its destruction (XEP-0045
// §10.9), or ctx ends.
func (c *Client) Destroyed(ctx context.Context, occupant jid.JID) error {
	_, err := c.Next(ctx, func(e Element) bool {
		x, _ := e.Child(nsMUCUser, "x")
		_, destroyed := x.Child(nsMUCUser, "destroy")
		return destroyed && e.Attr("from") == occupant.String() && e.Attr("type") == "unavailable"
	})
	return err
}
