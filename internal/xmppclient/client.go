// Package xmppclient is a small XMPP client for tests and demonstrations: it
// logs in to a server on this machine without TLS, sends what it is told, and
// keeps what it receives for later questions. It also asks for ad-hoc commands
// (XEP-0050) the way a user's client does.
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

// ErrClosed is wrapped by every error that means the stream has ended, by
// Close or by the server.
var ErrClosed = errors.New("the stream has ended")

// closeLimit is the longest wait for the server's end of the stream.
const closeLimit = 5 * time.Second

// Client is one logged-in XMPP session. Make it with Dial and end it with
// Close. All methods can be called from several goroutines at once.
type Client struct {
	stream *client.Stream
	jid    jid.JID
	asks   *asks
	inbox  *inbox
	done   chan struct{} // closed when the reading goroutine has ended

	closing  sync.Once
	closeErr error
}

// Dial connects to addr ("127.0.0.1:5222"), logs in as j with password and
// starts a goroutine that reads until the stream ends. j is bare or full; the
// resource of a full JID is asked for, otherwise the server chooses one. addr
// has to be on loopback since nothing is encrypted. No presence is sent.
//
// Dial blocks until the session is ready, ctx is done or something fails. A
// ctx that ends later does not matter to the session.
func Dial(ctx context.Context, addr string, j jid.JID, password string) (*Client, error) {
	d := client.Dialer{Dial: dialLoopback}
	stream, err := d.Connect(ctx, client.Account{JID: j, Password: password, Server: addr})
	if err != nil {
		return nil, fmt.Errorf("login of %s: %w", j, err)
	}
	c := &Client{
		stream: stream,
		jid:    stream.JID(),
		asks:   newAsks(stream.JID()),
		inbox:  newInbox(),
		done:   make(chan struct{}),
	}
	go c.read()
	return c, nil
}

// JID returns the full JID that the server bound. It does not change.
func (c *Client) JID() jid.JID {
	return c.jid
}

// Close ends the stream, upon which the server sends unavailable presence for
// this client, and returns when the reading goroutine has ended. It waits 5 s
// for the server's end of stream and fails if that does not come. Later calls
// wait for the first and return the same; a stream that the server ended
// before is no error.
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

// Send writes raw, the XML of one stanza (presence, message or iq), exactly as
// it is; an element without xmlns is in jabber:client. It returns when the
// stanza is written, at the latest at ctx's deadline or after 10 s. XML that
// is not one well-formed element is refused before anything is written. When
// writing fails the connection is closed, as half a stanza may be out. After
// the end of the stream the error wraps ErrClosed.
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

// Next returns the oldest stanza received, other than replies to Ask, that
// match accepts, and takes it away; stanzas that match does not accept stay,
// in order, for later calls. It waits until there is one or ctx is done. Once
// the stream has ended and nothing kept matches, the error wraps ErrClosed.
// match must be quick and must not use the Client; it may see the same stanza
// several times.
func (c *Client) Next(ctx context.Context, match func(Element) bool) (Element, error) {
	e, err := c.inbox.take(ctx, match)
	if err != nil {
		return Element{}, fmt.Errorf("next stanza for %s: %w", c.jid, err)
	}
	return e, nil
}

// Seen returns, without waiting, everything received so far other than replies
// to Ask that no Next has taken, oldest first.
func (c *Client) Seen() []Element {
	return c.inbox.all()
}
