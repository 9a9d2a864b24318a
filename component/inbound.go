package component

import (
	"bytes"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"

	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
	"emanagement/xmpp/framing"
)

// inbound is one stanza as the reader took it off the wire. Decoding its content
// is left to the goroutine that wants it, so that the one reader stays quick.
type inbound struct{ framing.Element }

// errDamaged refuses content that holds a character which XML does not allow.
var errDamaged = errors.New("it holds a character that XML does not allow")

func (in inbound) kind() string             { return in.Start.Name.Local }
func (in inbound) attr(local string) string { return attr(in.Start, local) }

// address reads an address exactly as it stands there: the server has prepared
// it, and knows it by that spelling alone.
func (in inbound) address(local string) (jid.JID, error) { return address.Exact(in.attr(local)) }

// child is the start of the first child element; its name is empty where there
// is none.
func (in inbound) child() (first xml.StartElement) {
	in.visit(func(depth int, tok xml.Token) bool {
		start, ok := tok.(xml.StartElement)
		if ok {
			first = start.Copy()
		}
		return !ok
	})
	return first
}

// childNames lists the names of the child elements.
func (in inbound) childNames() (names []xml.Name) {
	in.visit(func(depth int, tok xml.Token) bool {
		if start, ok := tok.(xml.StartElement); ok && depth == 0 {
			names = append(names, start.Name)
		}
		return true
	})
	return names
}

// childText is the text of the first child of that name, without that of what
// is inside it.
func (in inbound) childText(space, local string) string {
	var text []byte
	inside := false
	in.visit(func(depth int, tok xml.Token) bool {
		switch t := tok.(type) {
		case xml.StartElement:
			if depth == 0 {
				inside = t.Name.Space == space && t.Name.Local == local
			}
		case xml.EndElement:
			return depth > 1 || !inside
		case xml.CharData:
			if inside && depth == 1 {
				text = append(text, t...)
			}
		}
		return true
	})
	return string(text)
}

// visit shows every token inside, with how many elements are open around it,
// until it is told that it is enough.
func (in inbound) visit(more func(depth int, tok xml.Token) bool) {
	r := in.Tokens()
	for depth := 0; ; {
		tok, err := r.Token()
		if err != nil || !more(depth, tok) {
			return
		}
		switch tok.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
}

// decodeChild decodes the first child element into v. Without a child, v is
// left alone.
func (in inbound) decodeChild(v any) error {
	d := xml.NewTokenDecoder(in.Tokens())
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if start, ok := tok.(xml.StartElement); ok {
			return d.DecodeElement(v, &start)
		}
	}
}

// stanzaError decodes the <error/> of a stanza of type error. (The library's
// stanza.UnmarshalError panics where there is text between the children.)
func (in inbound) stanzaError() error {
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

// Content is what an answer holds, not decoded: for those that may be long, of
// which not everything is wanted at once, or damaged.
type Content struct{ in inbound }

// Tokens reads it, each time from its beginning.
func (c Content) Tokens() xml.TokenReader { return c.in.Tokens() }

// Decode decodes the first child element into v, which is left alone where there
// is none.
func (c Content) Decode(v any) error { return c.in.decodeChild(v) }

// Damaged says whether the server sent characters that XML does not allow, which
// it keeps somewhere. Each of them is read as U+FFFD.
func (c Content) Damaged() bool { return c.in.Damaged }

// encode writes a stanza, whole, so that what is wrong with its payload shows
// before half of it is on the stream. Attributes that are empty are left out, and
// one without an id is given one (RFC 6120 §8.1.3).
func encode(start xml.StartElement, payload xml.TokenReader) ([]byte, error) {
	start.Attr = slices.DeleteFunc(slices.Clone(start.Attr), func(a xml.Attr) bool { return a.Value == "" })
	if attr(start, "id") == "" {
		start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: "id"}, Value: rand.Text()})
	}
	var text bytes.Buffer
	e := xml.NewEncoder(&text)
	tokens := xmlstream.Wrap(payload, start)
	for {
		tok, err := tokens.Token() // it may come with the end
		if tok != nil {
			if err := e.EncodeToken(withoutDeclarations(tok)); err != nil {
				return nil, fmt.Errorf("payload: cannot be written: %w", err)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("payload: cannot be written: %w", err)
		}
	}
	if err := e.Close(); err != nil {
		return nil, fmt.Errorf("payload: cannot be written: %w", err)
	}
	return text.Bytes(), nil
}

// withoutDeclarations leaves out the default namespace's declaration where the
// name has a namespace: the encoder writes one of its own.
func withoutDeclarations(tok xml.Token) xml.Token {
	start, ok := tok.(xml.StartElement)
	if !ok || start.Name.Space == "" {
		return tok
	}
	attrs := make([]xml.Attr, 0, len(start.Attr))
	for _, a := range start.Attr {
		if a.Name != (xml.Name{Local: "xmlns"}) {
			attrs = append(attrs, a)
		}
	}
	start.Attr = attrs
	return start
}

// XML turns a value that encoding/xml can marshal into the tokens of a
// payload. A value that cannot be marshalled yields its error as the first
// token.
func XML(v any) xml.TokenReader {
	raw, err := xml.Marshal(v)
	if err != nil {
		return xmlstream.ReaderFunc(func() (xml.Token, error) { return nil, err })
	}
	// Raw tokens keep xmlns where it stands; translated ones would repeat it on
	// every element inside.
	d := xml.NewDecoder(bytes.NewReader(raw))
	return xmlstream.ReaderFunc(d.RawToken)
}

// attr returns the value of an attribute without a namespace, "" where it is
// absent.
func attr(start xml.StartElement, local string) string {
	for _, a := range start.Attr {
		if a.Name.Space == "" && a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// Condition reports the condition of a stanza error anywhere in err's chain,
// or "" where there is none.
func Condition(err error) stanza.Condition {
	if se, ok := errors.AsType[stanza.Error](err); ok {
		return se.Condition
	}
	return ""
}
