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
	start xml.StartElement
	inner []xml.Token
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
		in := inbound{start: start.Copy()}
		for depth := 1; ; {
			tok, err := r.Token()
			if err != nil {
				return inbound{}, err
			}
			switch tok.(type) {
			case xml.StartElement:
				depth++
			case xml.EndElement:
				depth--
			}
			if depth == 0 {
				return in, nil
			}
			in.inner = append(in.inner, xml.CopyToken(tok))
		}
	}
}

// children counts the child elements and returns the first one's start.
func (in inbound) children() (first xml.StartElement, n int) {
	depth := 0
	for _, tok := range in.inner {
		switch t := tok.(type) {
		case xml.StartElement:
			if depth == 0 {
				if n == 0 {
					first = t
				}
				n++
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
	return first, n
}

// childNames lists the names of the child elements.
func (in inbound) childNames() []xml.Name {
	var names []xml.Name
	depth := 0
	for _, tok := range in.inner {
		switch t := tok.(type) {
		case xml.StartElement:
			if depth == 0 {
				names = append(names, t.Name)
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
	return names
}

// childText is the text of the first child of that name, without that of what
// is inside it.
func (in inbound) childText(space, local string) string {
	var text []byte
	depth, inside := 0, false
	for _, tok := range in.inner {
		switch t := tok.(type) {
		case xml.StartElement:
			if depth == 0 {
				inside = t.Name.Space == space && t.Name.Local == local
			}
			depth++
		case xml.EndElement:
			if depth--; depth == 0 && inside {
				return string(text)
			}
		case xml.CharData:
			if inside && depth == 1 {
				text = append(text, t...)
			}
		}
	}
	return ""
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

func (in inbound) reader() xml.TokenReader {
	rest := in.inner
	return xmlstream.ReaderFunc(func() (xml.Token, error) {
		if len(rest) == 0 {
			return nil, io.EOF
		}
		tok := rest[0]
		rest = rest[1:]
		return tok, nil
	})
}

// whole reads a payload to its end, so that what is wrong with it shows before
// half a stanza is on the stream. It copies what it reads.
func whole(r xml.TokenReader) (xml.TokenReader, error) {
	if r == nil {
		return nil, nil
	}
	tokens, err := xmlstream.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("payload: cannot be written: %w", err)
	}
	return inbound{inner: tokens}.reader(), nil
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
