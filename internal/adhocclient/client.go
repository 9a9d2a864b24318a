package adhocclient

import (
	"context"
	"fmt"
	"net"
	"time"

	"mellium.im/xmpp"
	"mellium.im/xmpp/jid"
)

// Account is whose commands they are and how to reach its server.
type Account struct {
	JID      jid.JID // bare or full; of a full one the resource is asked for
	Password string
	// Server is its server's host:port, or a host, whose port is 5222 then.
	// Where it is empty, DNS tells (RFC 6120 §3.2). The certificate must be the
	// JID's domain's all the same.
	Server string
}

const (
	dialLimit  = 30 * time.Second // longest wait until logged in
	writeLimit = 10 * time.Second // longest wait for one stanza to be written
	closeLimit = time.Second      // longest wait for the server's end of stream
)

// Client is an account that is logged in. Its methods are for one goroutine at
// a time.
type Client struct {
	session  *xmpp.Session
	domain   jid.JID      // the account's
	incoming chan inbound // what is read off the stream
	ended    error        // why nothing more is read; set before incoming is closed
	leaving  chan struct{}
	closed   bool
}

// Dial logs in. It waits until that is done, at most 30 s or until the context
// ends; what happens to the context later does not matter. Outside loopback it
// sends no password before the connection is encrypted and the certificate is
// verified.
//
// The error is a *control.Error: of the kind Forbidden where the server does
// not take the account or its password, else of the kind Away.
func Dial(ctx context.Context, a Account) (*Client, error) {
	d := dialer{lookUp: net.DefaultResolver.LookupSRV, dial: new(net.Dialer).DialContext}
	return d.client(ctx, a)
}

func (d *dialer) client(ctx context.Context, a Account) (*Client, error) {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	session, err := d.session(ctx, a)
	if err != nil {
		return nil, err
	}
	c := &Client{session: session, domain: a.JID.Domain(), incoming: make(chan inbound), leaving: make(chan struct{})}
	go c.read() // ends in Close
	return c, nil
}

// Close ends the stream and waits for the server to do the same, for a second
// at most; the error says that it did not. Later calls do nothing.
func (c *Client) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	conn := c.session.Conn()
	late := time.AfterFunc(closeLimit, func() { conn.Close() })
	close(c.leaving)
	_ = c.session.Close() // where it cannot be written, the stream has ended already
	for range c.incoming {
		// Closed when the server has ended the stream, or the connection was.
	}
	_ = conn.Close() // the server may have closed its side already
	if !late.Stop() {
		return fmt.Errorf("the server did not end the stream in %v", closeLimit)
	}
	return nil
}
