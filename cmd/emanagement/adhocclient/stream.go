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
	"emanagement/xmpp/framing"
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

	Bind    *bindQuery    `xml:"urn:ietf:params:xml:ns:xmpp-bind bind"`
	Command *response     `xml:"http://jabber.org/protocol/commands command"`
	Items   *itemList     `xml:"http://jabber.org/protocol/disco#items query"`
	Info    *entity       `xml:"http://jabber.org/protocol/disco#info query"`
	Error   *stanza.Error `xml:"jabber:client error"`
}

// nextStanza reads one stanza, whatever is between them left out.
func nextStanza(r xml.TokenReader) (inbound, error) {
	d := xml.NewTokenDecoder(r)
	for {
		token, err := d.Token()
		if err != nil {
			return inbound{}, err
		}
		if start, ok := token.(xml.StartElement); ok {
			var in inbound
			err := d.DecodeElement(&in, &start)
			return in, err
		}
	}
}

// read reads stanzas until the stream ends. One that cannot be decoded is none of
// those that are waited for.
func (c *Client) read() {
	defer close(c.over)
	r := framing.New(c.conn, stanza.NSClient, framing.DefaultLimit)
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, framing.ErrEnd) {
			err = errors.New("the server has closed the connection")
		}
		if se, ok := e.StreamError(); ok {
			err = se
		}
		if err != nil {
			c.ended = err
			return
		}
		var in inbound
		if e.Decode(&in) != nil {
			continue
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
	conn := c.conn
	if err := conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return fmt.Errorf("%w: %w", errNotSent, err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	if _, err := conn.Write(text); err != nil {
		conn.Close() // half a stanza may be out
		return fmt.Errorf("%w: %w", errNotSent, err)
	}
	if !stop() {
		return fmt.Errorf("%w: %w", errNoAnswer, context.Cause(ctx))
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
			if err := c.write(ctx, refusal(in)); err != nil {
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
	from, err := address.Exact(in.From)
	return in.isIQ() && !in.asks() && in.ID == id && err == nil && address.Equal(from, asked)
}

func refusal(in inbound) outbound {
	return outbound{
		ID: in.ID, Type: stanza.ErrorIQ, To: in.From,
		Payload: stanza.Error{Type: stanza.Cancel, Condition: stanza.ServiceUnavailable},
	}
}
