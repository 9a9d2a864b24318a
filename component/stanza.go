package component

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"mellium.im/xmlstream"
	"mellium.im/xmpp/stanza"
)

// inbound is one element of the stream as the reader took it off the wire:
// its start and everything inside, not yet decoded. Decoding is left to the
// goroutine that wants the content, so that the one reader stays quick.
type inbound struct {
	start    xml.StartElement
	inner    packed
	children int              // elements right inside
	child    xml.StartElement // the first of them
}

// readInbound takes the next element off the stream. White space between
// elements, with which servers keep connections alive, is passed over.
func readInbound(r xml.TokenReader) (inbound, error) {
	for {
		tok, err := r.Token()
		if err != nil {
			return inbound{}, err
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		start = start.Copy()
		p := new(packer)
		p.Grow(512) // most fit in there
		for {
			tok, err := r.Token()
			if err != nil {
				return inbound{}, err
			}
			if _, end := tok.(xml.EndElement); end && p.depth == 0 {
				return inbound{start, p.packed(), p.tops, p.top}, nil
			}
			p.add(tok)
		}
	}
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
	r := in.reader()
	for depth := 0; ; {
		tok, err := r.Token()
		if tok == nil || err != nil && err != io.EOF {
			return
		}
		if !more(depth, tok) || err != nil {
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
	d := xml.NewTokenDecoder(in.reader())
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
	d := xml.NewTokenDecoder(in.reader())
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
// which not everything is wanted at once.
type Content struct{ in inbound }

// Tokens reads it, each time from its beginning. It is well-formed.
func (c Content) Tokens() xml.TokenReader { return c.in.reader() }

func (in inbound) reader() xml.TokenReader { return in.inner.reader() }

// whole reads a payload to its end, so that what is wrong with it shows before
// half a stanza is on the stream. It copies what it reads.
func whole(r xml.TokenReader) (xml.TokenReader, error) {
	if r == nil {
		return nil, nil
	}
	tokens, err := pack(r)
	if err != nil {
		return nil, fmt.Errorf("payload: cannot be written: %w", err)
	}
	return tokens.reader(), nil
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

// Condition reports the condition of a stanza error anywhere in err's chain,
// or "" where there is none.
func Condition(err error) stanza.Condition {
	if se, ok := errors.AsType[stanza.Error](err); ok {
		return se.Condition
	}
	return ""
}
