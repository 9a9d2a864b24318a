package xmppclient

import (
	"context"
	"errors"
	"fmt"
	"io"

	"mellium.im/xmpp/stanza"
)

const nsPing = "urn:xmpp:ping"

// read is the reading goroutine. It ends with the stream, and then closes the connection
// and finishes the inbox.
func (c *Client) read() {
	defer close(c.done)
	cause := fmt.Errorf("session of %s: %w", c.jid, ErrClosed)
	if err := c.readStanzas(); !errors.Is(err, io.EOF) {
		cause = fmt.Errorf("%w: %w", cause, err)
	}
	c.stream.End(closeLimit)
	_ = c.stream.Close()
	c.inbox.finish(cause)
}

// readStanzas reads stanzas until the stream ends. The error wraps io.EOF if the server
// ended it without an error.
func (c *Client) readStanzas() error {
	for {
		raw, err := c.stream.Next()
		if err != nil {
			return err
		}
		e, err := nextElement(raw.AllTokens())
		if err != nil {
			return err
		}
		if c.pending.deliver(e) {
			continue
		}
		// The answer goes out first, so that a test that finds a request in the inbox
		// knows that it was answered.
		c.answer(e)
		c.inbox.put(e)
	}
}

// answer replies to e if it is a request, because every request must get a reply (RFC
// 6120 §8.2.3).
func (c *Client) answer(e Element) {
	typ := stanza.IQType(e.Attr("type"))
	if !e.is(nsClient, "iq") || typ != stanza.GetIQ && typ != stanza.SetIQ {
		return
	}
	reply, payload := stanza.ResultIQ, ""
	if !c.isPing(e) && !c.isRosterPush(e) {
		reply = stanza.ErrorIQ
		payload = `<error type="cancel"><service-unavailable` + attribute(nsXMLNS, nsStanzas) + `/></error>`
	}
	// A failed write closes the connection, which the next read reports.
	_ = c.Send(context.Background(), iq(reply, e.Attr("id"), e.Attr("from"), payload))
}

func (c *Client) isPing(e Element) bool {
	_, ok := e.Child(nsPing, "ping")
	return ok && e.Attr("type") == string(stanza.GetIQ)
}

// isRosterPush reports whether e is a valid roster push: only the user's own account may
// send one (RFC 6121 §2.1.6).
func (c *Client) isRosterPush(e Element) bool {
	_, ok := e.Child(nsRoster, "query")
	from := e.Attr("from")
	return ok && e.Attr("type") == string(stanza.SetIQ) && (from == "" || from == c.jid.Bare().String())
}
