package component

import (
	"encoding/xml"
	"fmt"

	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/markup"
)

// stanzaError returns the <error/> of a stanza of type error, decoded. (The library's
// stanza.UnmarshalError panics if there is text between the children.)
func (in inbound) stanzaError() error {
	if se, ok := in.plainError(); ok {
		return se
	}
	return in.anyError()
}

// anyError is stanzaError for an error that need not be plain XML.
func (in inbound) anyError() error {
	d := xml.NewTokenDecoder(in.Tokens())
	for {
		tok, err := d.Token()
		if err != nil {
			return fmt.Errorf("stanza error: cannot be read: %w", err)
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		var se stanza.Error
		if start.Name.Local != "error" {
			err = d.Skip()
		} else if err = d.DecodeElement(&se, &start); err == nil {
			return se
		}
		if err != nil {
			return fmt.Errorf("stanza error: cannot be read: %w", err)
		}
	}
}

// plainError returns the <error/> of a stanza if it is plain XML and names no entity that
// has raised it.
func (in inbound) plainError() (se stanza.Error, ok bool) {
	r := in.Plain()
	for r.Child() {
		if _, local := r.Name(); local == "error" {
			return decodePlainError(r)
		}
		r.Skip()
	}
	return se, false
}

// decodePlainError decodes the <error/> whose Start was read last.
func decodePlainError(r *markup.Reader) (se stanza.Error, ok bool) {
	if r.Attr("by") != "" {
		return se, false
	}
	se.Type = stanza.ErrorType(r.Attr("type"))
	for r.Child() {
		space, local := r.Name()
		switch {
		case space == stanza.NSError && local == "text":
			lang := r.Attr("xml:lang")
			text, ok := r.Content()
			if !ok {
				return se, false
			}
			if text != "" && se.Text == nil {
				se.Text = make(map[string]string)
			}
			if text != "" {
				se.Text[lang] = text
			}
		case space == stanza.NSError && se.Condition == "":
			se.Condition = stanza.Condition(local)
			r.Skip()
		default:
			r.Skip()
		}
	}
	return se, r.IsPlain()
}
