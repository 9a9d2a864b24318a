package adhocclient

import (
	"context"
	"errors"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/verb/wire"
	"emanagement/xmpp/client"
)

// Account is an account and how to reach its server.
type Account = client.Account

// closeLimit limits the time for writing the end of the stream.
const closeLimit = time.Second

// Client is an account that is logged in. Its methods must not be used concurrently.
type Client struct {
	// OnProgress, if not nil, is called every second with the progress of a long verb
	// for which Run waits. Run calls it, in the goroutine of
	// its caller.
	OnProgress func(wire.Progress)

	stream   *client.Stream
	domain   jid.JID       // the account's
	incoming chan inbound  // the received stanzas
	ended    chan struct{} // closed when the stream has ended
	cause    error         // the cause of that; set before ended is closed
	closing  chan struct{} // closed by Close, after which no stanza is received
	closed   bool
}

// Dial logs in. It blocks until the login is done, for at most 30 s or until the context
// ends. The end of the context after that does not affect the client. Outside of loopback,
// Dial sends no password before the connection is encrypted and the certificate is
// verified.
//
// The error is a *wire.Error: of the kind Forbidden if the server does not accept the
// account or its password, and otherwise of the kind Away.
func Dial(ctx context.Context, a Account) (*Client, error) {
	return dial(ctx, client.DefaultDialer(), a)
}

func dial(ctx context.Context, d *client.Dialer, a Account) (*Client, error) {
	stream, err := d.Connect(ctx, a)
	if err != nil {
		return nil, loginError(a, err)
	}
	c := &Client{
		stream: stream, domain: a.JID.Domain(),
		incoming: make(chan inbound), ended: make(chan struct{}), closing: make(chan struct{}),
	}
	go c.read() // ends in Close
	return c, nil
}

// loginError returns the *wire.Error for a login that failed with err.
func loginError(a Account, err error) *wire.Error {
	kind, hint := wire.Away, ""
	if e, ok := errors.AsType[*client.Error](err); ok {
		if e.Refused {
			kind = wire.Forbidden
		}
		if e.Unreachable && a.Server == "" {
			hint = "; if DNS does not name the server, --server host:port does"
		}
	}
	return &wire.Error{Kind: kind, Text: err.Error() + hint}
}

// Close ends the stream and closes the connection. It does not wait for the server's end
// of the stream, because ejabberd takes 100 ms for that, and nothing depends on it. The
// error is always nil. Later calls do nothing.
func (c *Client) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	close(c.closing)
	c.stream.End(closeLimit)
	_ = c.stream.Close() // fails only if the server has closed it
	<-c.ended
	return nil
}
