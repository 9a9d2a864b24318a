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

// outbound is an IQ to send.
type outbound struct {
	XMLName xml.Name      `xml:"iq"`
	ID      string        `xml:"id,attr"`
	Type    stanza.IQType `xml:"type,attr"`
	To      string        `xml:"to,attr,omitempty"`
	Command []byte        `xml:",innerxml"` // the payload, if it is a command
	Payload any           // any other payload
}

// inbound is a received stanza, with the payloads that a reply may have.
type inbound struct {
	XMLName xml.Name
	ID      string        `xml:"id,attr"`
	Type    stanza.IQType `xml:"type,attr"`
	From    string        `xml:"from,attr"`

	Command *command.Command `xml:"http://jabber.org/protocol/commands command"`
	Items   *itemList        `xml:"http://jabber.org/protocol/disco#items query"`
	Info    *entityInfo      `xml:"http://jabber.org/protocol/disco#info query"`
	Error   *stanza.Error    `xml:"jabber:client error"`

	errorJSON string // the component's own error inside of Error
}

// read reads stanzas until the stream ends. It drops a stanza that cannot be decoded,
// because that is no answer to a request of this client.
func (c *Client) read() {
	defer close(c.ended)
	for {
		e, err := c.stream.Next()
		if errors.Is(err, io.EOF) {
			err = errors.New("the server has closed the connection")
		}
		if err != nil {
			c.cause = err
			return
		}
		var in inbound
		if e.Decode(&in) != nil {
			continue
		}
		if in.Error != nil {
			var own struct {
				JSON string `xml:"error>error"`
			}
			_ = e.Decode(&own) // if it fails, the stanza error still has a text
			in.errorJSON = own.JSON
		}
		select {
		case c.incoming <- in:
		case <-c.closing:
		}
	}
}

// The causes for a request without an answer.
var (
	errNotSent  = errors.New("not sent")
	errNoAnswer = errors.New("no answer")
)

// errTick is the error of receive after a tick.
var errTick = errors.New("no stanza before the tick")

// ask sends a request and waits until the answer arrives or the context ends. The error
// wraps errNotSent or errNoAnswer.
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

// send sends an IQ and returns its id. The error is that of write.
func (c *Client) send(ctx context.Context, typ stanza.IQType, to jid.JID, payload any) (id string, err error) {
	id = rand.Text()
	out := outbound{ID: id, Type: typ, To: to.String(), Payload: payload}
	if q, ok := payload.(command.Command); ok {
		out.Command, out.Payload = q.Append(nil), nil
	}
	return id, c.write(ctx, out)
}

// write sends an IQ. The error wraps errNotSent, or errNoAnswer if the IQ may have been
// sent.
func (c *Client) write(ctx context.Context, out outbound) error {
	text, err := xml.Marshal(out)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotSent, err)
	}
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("%w: %w", errNotSent, err)
	}
	select {
	case <-c.ended:
		return fmt.Errorf("%w: %w", errNotSent, c.cause)
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

// receive waits for the next stanza that is no request. It answers requests, such as the
// server's pings, because RFC 6120 §8.2.3 demands a reply to each. The error is errTick
// after a tick, and otherwise wraps errNoAnswer.
func (c *Client) receive(ctx context.Context, tick <-chan time.Time) (inbound, error) {
	for {
		select {
		case in := <-c.incoming:
			if !in.isRequest() {
				return in, nil
			}
			if err := c.write(ctx, unavailable(in)); err != nil {
				return inbound{}, fmt.Errorf("%w: %w", errNoAnswer, err)
			}
		case <-c.ended:
			return inbound{}, fmt.Errorf("%w: %w", errNoAnswer, c.cause)
		case <-tick:
			return inbound{}, errTick
		case <-ctx.Done():
			return inbound{}, fmt.Errorf("%w: %w", errNoAnswer, context.Cause(ctx))
		}
	}
}

func (in inbound) isIQ() bool { return in.XMLName.Local == "iq" }

func (in inbound) isRequest() bool {
	return in.isIQ() && (in.Type == stanza.GetIQ || in.Type == stanza.SetIQ)
}

// answers reports whether a stanza is the answer to a request. Its id must be that of the
// request, and its sender the recipient of the request.
func (in inbound) answers(id string, recipient jid.JID) bool {
	from, err := address.ParseVerbatim(in.From)
	return in.isIQ() && !in.isRequest() && in.ID == id && err == nil && address.Equal(from, recipient)
}

// unavailable returns the answer to a request that this client does not support.
func unavailable(in inbound) outbound {
	return outbound{
		ID: in.ID, Type: stanza.ErrorIQ, To: in.From,
		Payload: stanza.Error{Type: stanza.Cancel, Condition: stanza.ServiceUnavailable},
	}
}
