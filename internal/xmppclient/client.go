// Package xmppclient is a small XMPP client for tests and the demo. It logs in to a
// server on this machine without TLS, sends any XML, and keeps the stanzas that it
// receives until a test takes them. It also runs ad-hoc commands (XEP-0050), as a user's
// client does.
package xmppclient

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"emanagement/xmpp/client"

	"mellium.im/xmpp/jid"
)

// ErrClosed is wrapped by every error that means that Close or the server has ended the
// stream.
var ErrClosed = errors.New("the stream has ended")

// closeLimit is the longest wait for the server's end of the stream.
const closeLimit = 5 * time.Second

// Client is one XMPP session. Dial opens it and Close ends it. All methods may be used by
// many goroutines at once.
type Client struct {
	stream  *client.Stream
	jid     jid.JID
	pending *pendingRequests
	inbox   *inbox
	done    chan struct{} // closed when the reading goroutine has ended

	closing  sync.Once
	closeErr error
}

// Dial connects to addr ("127.0.0.1:5222"), logs in as j with password, and starts a
// goroutine that reads until the stream ends. A full j requests its resource; with a bare
// j the server chooses one. addr must be on loopback, because nothing is encrypted. Dial
// sends no presence.
//
// Dial blocks until the session is ready, ctx ends or the login fails. The end of ctx
// after that does not affect the session.
func Dial(ctx context.Context, addr string, j jid.JID, password string) (*Client, error) {
	d := client.Dialer{Dial: dialLoopback}
	stream, err := d.Connect(ctx, client.Account{JID: j, Password: password, Server: addr})
	if err != nil {
		return nil, fmt.Errorf("login of %s: %w", j, err)
	}
	c := &Client{
		stream:  stream,
		jid:     stream.JID(),
		pending: newPendingRequests(stream.JID()),
		inbox:   newInbox(),
		done:    make(chan struct{}),
	}
	go c.read() // ends with the stream
	return c, nil
}

// JID returns the full JID that the server bound. It does not change.
func (c *Client) JID() jid.JID {
	return c.jid
}

// Close ends the stream. The server then sends unavailable presence for this client. Close
// returns when the reading goroutine has ended. It waits at most 5 s for the server's end
// of the stream, and fails if that does not arrive. Later calls wait for the first one and
// return the same. It is no error if the server has ended the stream before.
func (c *Client) Close() error {
	c.closing.Do(func() { c.closeErr = c.close() })
	return c.closeErr
}

func (c *Client) close() error {
	select {
	case <-c.done:
		return nil
	default:
	}
	c.stream.End(closeLimit)
	select {
	case <-c.done:
		return nil
	case <-time.After(closeLimit):
		err := c.stream.Close()
		<-c.done
		return errors.Join(fmt.Errorf("session of %s: server did not end its stream in %v", c.jid, closeLimit), err)
	}
}

// Send writes raw, the XML of one stanza (presence, message or iq), unchanged. An element
// without xmlns is in jabber:client. Send blocks until the stanza is written, for at most
// 10 s or until ctx ends. It refuses XML that is not one well-formed element before it
// writes anything. If writing fails, the connection is closed, because a part of the
// stanza may be out. After the end of the stream the error wraps ErrClosed.
func (c *Client) Send(ctx context.Context, raw string) error {
	if _, err := parseElement(raw); err != nil {
		return fmt.Errorf("stanza to send: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("stanza to send: not sent: %w", err)
	}
	return c.write(ctx, raw)
}

func (c *Client) write(ctx context.Context, raw string) error {
	if err := c.stream.Send(ctx, []byte(raw)); err != nil {
		return fmt.Errorf("session of %s: %w: %w", c.jid, ErrClosed, err)
	}
	return nil
}

// Next removes and returns the oldest received stanza that match accepts. Replies to Ask
// are not among them. The other stanzas stay, in order, for later calls. Next blocks until
// there is such a stanza or ctx ends. If the stream has ended and no kept stanza matches,
// the error wraps ErrClosed. match must be quick, must not use the Client, and may be
// called several times with the same stanza.
func (c *Client) Next(ctx context.Context, match func(Element) bool) (Element, error) {
	e, err := c.inbox.take(ctx, match)
	if err != nil {
		return Element{}, fmt.Errorf("next stanza for %s: %w", c.jid, err)
	}
	return e, nil
}

// Seen returns the stanzas that were received and that no Next has taken, oldest first,
// without the replies to Ask. It does not block.
func (c *Client) Seen() []Element {
	return c.inbox.all()
}
