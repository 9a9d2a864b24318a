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

// closeLimit limits the writing of the end of the stream.
const closeLimit = time.Second

// Client is an account that is logged in. Its methods are for one goroutine at a time.
type Client struct {
	// OnProgress, if not nil, is called every second with the progress of a long verb
	// for which Run waits. Run calls it.
	OnProgress func(wire.Progress)

	stream   *client.Stream
	domain   jid.JID       // the account's
	incoming chan inbound  // stanzas read off the stream
	over     chan struct{} // closed when nothing more is read
	ended    error         // why; set before over is closed
	leaving  chan struct{} // closed by Close: nobody receives stanzas any more
	closed   bool
}

// Dial logs in. It blocks until that is done, at most 30 s or until the context ends.
// The context does not matter to the client afterwards. Outside of loopback it sends no
// password before the connection is encrypted and the certificate is verified.
//
// The error is a *wire.Error: of the kind Forbidden if the server does not accept the
// account or its password, else of the kind Away.
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
		incoming: make(chan inbound), over: make(chan struct{}), leaving: make(chan struct{}),
	}
	go c.read() // ends in Close
	return c, nil
}

func loginError(a Account, err error) *wire.Error {
	kind, hint := wire.Away, ""
	if e, ok := errors.AsType[*client.Error](err); ok {
		if e.Refused {
			kind = wire.Forbidden
		}
		if e.Unreachable && a.Server == "" {
			hint = "; --server host:port names it where DNS does not"
		}
	}
	return &wire.Error{Kind: kind, Text: err.Error() + hint}
}

// Close ends the stream and closes the connection. It does not wait for the server's end
// of the stream: ejabberd takes a tenth of a second for that, and nothing depends on it.
// The error is always nil. Later calls do nothing.
func (c *Client) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	close(c.leaving)
	c.stream.End(closeLimit)
	_ = c.stream.Close() // an error means that the server has closed it
	<-c.over
	return nil
}
