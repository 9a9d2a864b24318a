package adhoc

import (
	"encoding/json"
	"encoding/xml"
	"errors"

	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/verb/wire"
	"emanagement/xmpp/command"
)

// stanzaError turns a *wire.Error into a stanza error. It returns any other error as it is: the
// requester does not learn its text. A program that asked for JSON gets the error as JSON too,
// in an application-specific condition (RFC 6120 §8.3.2).
func stanzaError(q command.Command, err error) error {
	e, ok := errors.AsType[*wire.Error](err)
	if !ok {
		return err
	}
	general := generalError(q.Node, e)
	if !wantsJSON(q) {
		return general
	}
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return &component.SpecificError{General: general, Specific: wire.XMLError(), Text: string(text)}
}

// generalError returns a stanza error. Its condition says what happened, and its type whether
// the same request may succeed later.
func generalError(node string, e *wire.Error) stanza.Error {
	typ := stanza.Cancel
	if e.Temporary {
		typ = stanza.Wait
	}
	switch e.Kind {
	case wire.Unknown:
		return component.Refuse(stanza.Cancel, stanza.ItemNotFound, "no such command: "+node+e.Hint())
	case wire.Forbidden:
		return component.Refuse(stanza.Auth, stanza.Forbidden, e.Text)
	case wire.Away:
		return component.Refuse(typ, stanza.RemoteServerTimeout, e.Text)
	}
	return component.Refuse(typ, stanza.InternalServerError, e.Text)
}

// specific returns an error with one of the conditions of XEP-0050 §4.6.
func specific(general stanza.Condition, condition, text string) error {
	typ := stanza.Modify
	if general == stanza.NotAllowed {
		typ = stanza.Cancel
	}
	return &component.SpecificError{
		General:  component.Refuse(typ, general, text),
		Specific: xml.Name{Space: command.NS, Local: condition},
	}
}
