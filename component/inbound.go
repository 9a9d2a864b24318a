package component

import (
	"encoding/xml"
	"errors"
	"io"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/address"
	"emanagement/xmpp/framing"
	"emanagement/xmpp/markup"
)

// inbound is one stanza as the reader took it off the wire. The goroutine that wants
// its content decodes it, so that the one reader stays quick.
type inbound struct{ framing.Element }

// errDamaged refuses content that holds a character which XML does not allow.
var errDamaged = errors.New("it holds a character that XML does not allow")

func (in inbound) kind() string             { return in.Start.Name.Local }
func (in inbound) attr(local string) string { return attr(in.Start, local) }

// address returns the address in an attribute verbatim. The server has prepared it,
// and knows it by that spelling alone.
func (in inbound) address(local string) (jid.JID, error) {
	return address.ParseVerbatim(in.attr(local))
}

// child returns the start tag of the first child element. Its name is empty if there
// is none.
func (in inbound) child() (first xml.StartElement) {
	if r := in.Plain(); r.Child() {
		return r.StartElement()
	}
	in.visit(func(depth int, tok xml.Token) bool {
		start, ok := tok.(xml.StartElement)
		if ok {
			first = start.Copy()
		}
		return !ok
	})
	return first
}

// childNames returns the names of the child elements.
func (in inbound) childNames() (names []xml.Name) {
	in.visit(func(depth int, tok xml.Token) bool {
		if start, ok := tok.(xml.StartElement); ok && depth == 0 {
			names = append(names, start.Name)
		}
		return true
	})
	return names
}

// childText returns the text of the first child of that name, without the text of the
// elements inside it.
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

// visit calls more with every token inside and the number of open elements around it,
// until more returns false.
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

// decodeChild decodes the first child element into v. It leaves v unchanged if there
// is none.
func (in inbound) decodeChild(v any) error {
	if p, ok := v.(markup.Decoder); ok {
		r := in.Plain()
		if found := r.Child(); found && p.DecodePlain(r) || !found && r.IsPlain() {
			return nil
		}
	}
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

// Content is the content of an answer, not decoded. It suits answers that are long and
// read in part, and answers that may be damaged.
type Content struct{ in inbound }

// Tokens returns a reader of the content. Each reader starts at the beginning.
func (c Content) Tokens() xml.TokenReader { return c.in.Tokens() }

// Plain returns a reader of the content. Each reader starts at the beginning.
func (c Content) Plain() *markup.Reader { return c.in.Plain() }

// Decode decodes the first child element into v. It leaves v unchanged if there is
// none.
func (c Content) Decode(v any) error { return c.in.decodeChild(v) }

// Damaged reports whether the server sent characters that XML does not allow. It has
// them in its database. Each of them is read as U+FFFD.
func (c Content) Damaged() bool { return c.in.Damaged }
