package component

import (
	"context"
	"encoding/xml"
	"errors"

	"mellium.im/xmlstream"
	"mellium.im/xmpp/stanza"
)

// BadRequest returns the stanza error for a request that is wrong or incomplete. The
// text says how.
func BadRequest(text string) stanza.Error {
	return Refuse(stanza.Modify, stanza.BadRequest, text)
}

// Refuse returns a stanza error (RFC 6120 §8.3) with a text. Many clients show nothing
// but the text.
func Refuse(typ stanza.ErrorType, cond stanza.Condition, text string) stanza.Error {
	return stanza.Error{Type: typ, Condition: cond, Text: map[string]string{"": text}}
}

// SpecificError is a stanza error with an application-specific condition beside the
// general one (RFC 6120 §8.3.2).
type SpecificError struct {
	General  stanza.Error
	Specific xml.Name
	Text     string // content of the specific condition; may be empty
}

func (e *SpecificError) Error() string { return e.Specific.Local + ": " + e.General.Error() }

// Unwrap returns the general error.
func (e *SpecificError) Unwrap() error { return e.General }

// reply sends the result of a request, or the error if err is not nil. If the server
// does not accept the result, it sends an error instead.
func (c *Component) reply(ctx context.Context, r Request, payload xml.TokenReader, err error) error {
	l, lerr := c.registry.awaitLink(ctx)
	if lerr != nil {
		return lerr
	}
	if err == nil {
		if payload == nil && r.From.Resourcepart() == "" {
			// A result without a child to a bare JID crashes a hook of ejabberd.
			payload = echo(r.Payload)
		}
		err = l.sendReply(r, stanza.ResultIQ, payload)
		if err == nil || errors.Is(err, ErrDisconnected) {
			return err
		}
		if e, ok := errors.AsType[*SizeError](err); ok {
			err = c.oversizeError(e.Size, e.Limit)
		}
	}
	se, ok := errors.AsType[stanza.Error](err)
	if !ok {
		c.log.Error("a request failed", "request", r.Payload.Name, "from", r.From, "why", err)
		se = Refuse(stanza.Wait, stanza.InternalServerError, "something went wrong here; the log of the component says what")
	}
	// Some clients recognize a failed command only by its echo.
	payload = xmlstream.MultiReader(echo(r.Payload), se.Wrap(specific(err)))
	return l.sendReply(r, stanza.ErrorIQ, payload)
}

// sendReply sends the reply to a request. Its errors are those of encode and send.
func (l *link) sendReply(r Request, typ stanza.IQType, payload xml.TokenReader) error {
	iq := stanza.IQ{ID: r.ID, From: r.To, To: r.From, Type: typ}
	text, err := encode(iq.StartElement(), payload)
	if err != nil {
		return err
	}
	return l.send(text, &r)
}

// specific returns the specific condition of an error, or nil if it has none.
func specific(err error) xml.TokenReader {
	se, ok := errors.AsType[*SpecificError](err)
	if !ok {
		return nil
	}
	return xmlstream.Wrap(xmlstream.Token(xml.CharData(se.Text)), xml.StartElement{Name: se.Specific})
}
