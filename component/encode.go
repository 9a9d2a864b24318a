package component

import (
	"bytes"
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"io"
	"slices"

	"mellium.im/xmlstream"
)

// encode returns the bytes of a whole stanza, so that an invalid payload is noticed
// before half of the stanza is on the stream. It leaves out empty attributes, and adds
// an id if there is none (RFC 6120 §8.1.3).
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

// withoutDeclarations removes the declaration of the default namespace from an element
// whose name has a namespace. The encoder writes a declaration of its own.
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

// XML returns the tokens of a payload, from a value that encoding/xml can marshal. For
// a value that it cannot marshal, the reader returns the error in place of the first
// token.
func XML(v any) xml.TokenReader {
	raw, err := xml.Marshal(v)
	if err != nil {
		return xmlstream.ReaderFunc(func() (xml.Token, error) { return nil, err })
	}
	// Raw tokens keep xmlns where it stands. Translated ones would repeat it on every
	// element inside.
	d := xml.NewDecoder(bytes.NewReader(raw))
	return xmlstream.ReaderFunc(d.RawToken)
}

// attr returns the value of an attribute without a namespace, or "" if it is absent.
func attr(start xml.StartElement, local string) string {
	for _, a := range start.Attr {
		if a.Name.Space == "" && a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}
