package adhocclient

import (
	"context"
	"net"
	"time"

	"mellium.im/xmpp"
	"mellium.im/xmpp/jid"

	"emanagement/verb/wire"
	"emanagement/xmpp/framing"
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
	closeLimit = time.Second      // the same for the end of the stream
)

// Client is an account that is logged in. Its methods are for one goroutine at
// a time.
type Client struct {
	// OnProgress, where it is set, hears every second how far a long verb is
	// that Run waits for. It is called by Run.
	OnProgress func(wire.Progress)

	session  *xmpp.Session
	conn     net.Conn      // the session's
	domain   jid.JID       // the account's
	incoming chan inbound  // what is read off the stream
	over     chan struct{} // closed when nothing more is read
	ended    error         // why; set before over is closed
	leaving  chan struct{} // closed when nobody wants what is read
	closed   bool
}

// Dial logs in. It waits until that is done, at most 30 s or until the context
// ends; what happens to the context later does not matter. Outside loopback it
// sends no password before the connection is encrypted and the certificate is
// verified.
//
// The error is a *wire.Error: of the kind Forbidden where the server does
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
	c := &Client{
		session: session, conn: wholly(session.Conn()), domain: a.JID.Domain(),
		incoming: make(chan inbound), over: make(chan struct{}), leaving: make(chan struct{}),
	}
	go c.read() // ends in Close
	return c, nil
}

// wholly is a connection whose negotiation is over.
func wholly(conn net.Conn) net.Conn {
	if s, ok := conn.(framing.Stepwise); ok {
		return s.Conn
	}
	return conn
}

// Close ends the stream and closes the connection. It does not wait for the
// server to end its side, which nobody needs: ejabberd takes a tenth of a second
// for that. The error is always nil. Later calls do nothing.
func (c *Client) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	close(c.leaving)
	conn := c.conn
	// What cannot be written or closed has been ended by the server.
	_ = conn.SetWriteDeadline(time.Now().Add(closeLimit))
	_ = c.session.Close()
	_ = conn.Close()
	<-c.over
	return nil
}
