package adhocclient

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"time"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
	"emanagement/xmpp/client"
	"emanagement/xmpp/command"
)

// outbound is a stanza as it is sent.
type outbound struct {
	XMLName xml.Name      `xml:"iq"`
	ID      string        `xml:"id,attr"`
	Type    stanza.IQType `xml:"type,attr"`
	To      string        `xml:"to,attr,omitempty"`
	Payload any
}

// inbound is a stanza as it is read: what of it may be an answer.
type inbound struct {
	XMLName xml.Name
	ID      string        `xml:"id,attr"`
	Type    stanza.IQType `xml:"type,attr"`
	From    string        `xml:"from,attr"`

	Command *command.Command `xml:"http://jabber.org/protocol/commands command"`
	Items   *itemList        `xml:"http://jabber.org/protocol/disco#items query"`
	Info    *entity          `xml:"http://jabber.org/protocol/disco#info query"`
	Error   *stanza.Error    `xml:"jabber:client error"`

	errorJSON string // inside of Error, of the component
}

// read reads stanzas until the stream ends. A stanza that cannot be decoded is dropped:
// it answers no request of this client.
func (c *Client) read() {
	defer close(c.over)
	for {
		e, err := c.stream.Next()
		if errors.Is(err, io.EOF) {
			err = errors.New("the server has closed the connection")
		}
		if err != nil {
			c.ended = err
			return
		}
		var in inbound
		if e.Decode(&in) != nil {
			continue
		}
		if in.Error != nil {
			var specific struct {
				JSON string `xml:"error>error"`
			}
			_ = e.Decode(&specific) // without it, the error is a plain one
			in.errorJSON = specific.JSON
		}
		select {
		case c.incoming <- in:
		case <-c.leaving:
		}
	}
}

// Why a request has no answer.
var (
	errNotSent  = errors.New("not sent")
	errNoAnswer = errors.New("no answer")
)

// errTick is that of receive when it is time for something else.
var errTick = errors.New("nothing has come yet")

// ask sends a request and waits for its answer, or the context's end. The error
// is errNotSent or errNoAnswer, with the reason.
func (c *Client) ask(ctx context.Context, typ stanza.IQType, to jid.JID, payload any) (inbound, error) {
	id, err := c.send(ctx, typ, to, payload)
	if err != nil {
		return inbound{}, err
	}
	for {
		in, err := c.receive(ctx, nil)
		if err != nil {
			return inbound{}, err
		}
		if in.answers(id, to) {
			return in, nil
		}
	}
}

// send sends an IQ and returns its id.
func (c *Client) send(ctx context.Context, typ stanza.IQType, to jid.JID, payload any) (id string, err error) {
	id = rand.Text()
	return id, c.write(ctx, outbound{ID: id, Type: typ, To: to.String(), Payload: payload})
}

func (c *Client) write(ctx context.Context, out outbound) error {
	text, err := xml.Marshal(out)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotSent, err)
	}
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("%w: %w", errNotSent, err)
	}
	select {
	case <-c.over:
		return fmt.Errorf("%w: %w", errNotSent, c.ended)
	default:
	}
	err = c.stream.Send(ctx, text)
	if e, ok := errors.AsType[*client.NotSentError](err); ok {
		return fmt.Errorf("%w: %w", errNotSent, e.Err)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	return nil
}

// receive waits for the next stanza, or for a tick: then the error is errTick.
// It answers requests on the way: the server
// may ask whether the client is still there, and RFC 6120 §8.2.3 leaves none
// unanswered.
func (c *Client) receive(ctx context.Context, tick <-chan time.Time) (inbound, error) {
	for {
		select {
		case in := <-c.incoming:
			if !in.asks() {
				return in, nil
			}
			if err := c.write(ctx, unavailable(in)); err != nil {
				return inbound{}, fmt.Errorf("%w: %w", errNoAnswer, err)
			}
		case <-c.over:
			return inbound{}, fmt.Errorf("%w: %w", errNoAnswer, c.ended)
		case <-tick:
			return inbound{}, errTick
		case <-ctx.Done():
			return inbound{}, fmt.Errorf("%w: %w", errNoAnswer, context.Cause(ctx))
		}
	}
}

func (in inbound) isIQ() bool { return in.XMLName.Local == "iq" }

func (in inbound) asks() bool {
	return in.isIQ() && (in.Type == stanza.GetIQ || in.Type == stanza.SetIQ)
}

// answers says whether a stanza is the answer to a request: the id and who sent
// it must be right.
func (in inbound) answers(id string, asked jid.JID) bool {
	from, err := address.ParseVerbatim(in.From)
	return in.isIQ() && !in.asks() && in.ID == id && err == nil && address.Equal(from, asked)
}

func unavailable(in inbound) outbound {
	return outbound{
		ID: in.ID, Type: stanza.ErrorIQ, To: in.From,
		Payload: stanza.Error{Type: stanza.Cancel, Condition: stanza.ServiceUnavailable},
	}
}
