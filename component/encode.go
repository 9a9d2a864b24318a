package component

import (
	"bytes"
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"io"

	"emanagement/xmpp/markup"
)

// encode returns the text of a whole stanza, so that an invalid payload is noticed before
// half of the stanza is on the stream. It leaves out empty attributes, and adds an id if
// there is none (RFC 6120 §8.1.3). The names of the start tag have no namespace.
func encode(start xml.StartElement, payload xml.TokenReader) ([]byte, error) {
	text := append(make([]byte, 0, stanzaSize), '<')
	text = append(text, start.Name.Local...)
	for _, a := range start.Attr {
		if a.Value != "" {
			text = markup.AppendAttr(text, a.Name.Local, a.Value)
		}
	}
	if attr(start, "id") == "" {
		text = markup.AppendAttr(text, "id", rand.Text())
	}
	text, err := appendPayload(append(text, '>'), payload)
	if err != nil {
		return nil, fmt.Errorf("payload: cannot be written: %w", err)
	}
	return markup.AppendEnd(text, start.Name.Local), nil
}

// stanzaSize is the size of most stanzas, in bytes.
const stanzaSize = 1 << 10

// appendPayload appends a payload, which may be nil.
func appendPayload(text []byte, payload xml.TokenReader) ([]byte, error) {
	switch p := payload.(type) {
	case nil:
		return text, nil
	case *written:
		return append(text, p.text...), p.err
	}
	b := bytes.NewBuffer(text)
	e := xml.NewEncoder(b)
	for {
		tok, err := payload.Token() // it may come with the end
		if tok != nil {
			if err := e.EncodeToken(withoutDeclarations(tok)); err != nil {
				return nil, err
			}
		}
		if err == io.EOF {
			err = e.Close()
			return b.Bytes(), err
		}
		if err != nil {
			return nil, err
		}
	}
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

// written is a payload that has been written already. It is a reader of tokens for those
// who put it into another element.
type written struct {
	text   []byte
	err    error // in place of the text
	tokens *xml.Decoder
}

// Token implements xml.TokenReader.
func (w *written) Token() (xml.Token, error) {
	if w.err != nil {
		return nil, w.err
	}
	if w.tokens == nil {
		w.tokens = xml.NewDecoder(bytes.NewReader(w.text))
	}
	// Raw tokens keep xmlns where it stands. Translated ones would repeat it on every
	// element inside.
	return w.tokens.RawToken()
}

// Written returns a payload that has been written as text (package markup), which must be
// well-formed. The caller must not change the text any more.
func Written(text []byte) xml.TokenReader { return &written{text: text} }

// XML returns a payload from a value that encoding/xml can marshal. For a value that it
// cannot marshal, the reader returns the error in place of the first token.
func XML(v any) xml.TokenReader {
	text, err := xml.Marshal(v)
	return &written{text: text, err: err}
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
