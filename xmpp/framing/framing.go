// Package framing cuts an XMPP stream into the child elements of its root (RFC 6120 §4.2)
// and keeps each as the bytes that were received. Only a child of the root can end the
// stream (§4.9.1). Everything inside a stanza is that stanza's content (§8.4), and is left
// to its decoder.
package framing

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"mellium.im/xmpp/stream"

	"emanagement/xmpp/markup"
)

// Namespace is the namespace of the stream's own elements (RFC 6120 §4.8.1).
const Namespace = "http://etherx.jabber.org/streams"

// DefaultLimit is the usual limit of one element, in bytes. A roster of some 500,000 items
// fits.
const DefaultLimit = 64 << 20

var (
	// ErrEnd says that the stream's root element has ended.
	ErrEnd = errors.New("stream: closed by the server")
	// errDoctype refuses a document type declaration (RFC 6120 §11.1).
	errDoctype = errors.New("stream: a document type declaration")
)

// endlessFactor is how many times the limit an element may be long. A longer one may have
// no end, and ends the stream.
const endlessFactor = 4

// TooLargeError says that an element is larger than the limit, in bytes.
type TooLargeError struct{ Limit int }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("stream: an element of more than %d bytes", e.Limit)
}

// Element is one child element of the stream's root.
type Element struct {
	// Start is its start tag, decoded.
	Start xml.StartElement
	// Raw is the whole element as it was received, except if it is Damaged: then U+FFFD
	// replaces every character that XML does not allow.
	Raw      string
	Damaged  bool
	TooLarge bool // larger than the limit: Raw has its start tag alone, as an empty element
	Children int  // the number of its child elements

	root root
}

// root is the root of the stream.
type root struct {
	space string // the namespace of its stanzas
	tag   string // a start tag with its declarations of namespaces
}

// Reader cuts one stream into elements. It must not be used concurrently.
type Reader struct {
	in    *bufio.Reader
	limit int
	root  root
	kept  buffer
}

// NewReader returns a reader of a stream whose header has been read already.
// defaultNamespace is the namespace of the stream's stanzas. The reader keeps at most limit
// bytes of an element.
func NewReader(r io.Reader, defaultNamespace string, limit int) *Reader {
	// All implementations use the prefix "stream" (RFC 6120 §4.8.5).
	tag := fmt.Sprintf("<stream:stream xmlns='%s' xmlns:stream='%s'>", defaultNamespace, Namespace)
	return &Reader{in: bufio.NewReaderSize(r, 32<<10), limit: limit, root: root{defaultNamespace, tag}}
}

// Next reads the next element. It skips what stands between elements, elements whose start
// tag is not well-formed, and elements whose start tag is larger than the limit. It skips the
// content of an element that is larger than the limit. Errors: ErrEnd, *TooLargeError if an
// element is larger than four times the limit, io.ErrUnexpectedEOF if the input ends within
// an element, and those of the underlying reader. The stream cannot be read any further after
// an error.
func (r *Reader) Next() (Element, error) {
	for {
		s := scanner{in: r.in, limit: r.limit, kept: &r.kept}
		raw, err := s.scanElement()
		if err != nil {
			return Element{}, err
		}
		e := Element{Raw: raw, TooLarge: s.tooLarge(), Children: s.children, root: r.root}
		if !isLegal(raw) {
			e.Raw, e.Damaged = replaceIllegal(raw), true
		}
		if start, ok := e.startTag(); ok {
			e.Start = start
			return e, nil
		}
	}
}

// startTag decodes the start tag. ok is false if it is not well-formed.
func (e Element) startTag() (start xml.StartElement, ok bool) {
	if r := markup.NewReader(e.Raw, e.root.space); r.Next() == markup.Start {
		return r.StartElement(), true
	}
	token, err := e.decoder().Token()
	if err != nil {
		return xml.StartElement{}, false
	}
	return token.(xml.StartElement).Copy(), true
}

// Plain returns a reader of the element that has read its start tag. What is not plain (see
// markup.Reader) it does not read.
func (e Element) Plain() *markup.Reader {
	r := markup.NewReader(e.Raw, e.root.space)
	r.Next()
	return r
}

// decoder returns a decoder of the element. Its first token is the element's start tag.
func (e Element) decoder() *xml.Decoder {
	d := xml.NewDecoder(&concatReader{e.root.tag, e.Raw})
	_, _ = d.Token() // the root's start tag, which is well-formed
	return d
}

// AllTokens returns the tokens of the element, including its own start and end tags.
func (e Element) AllTokens() xml.TokenReader { return e.decoder() }

// Decode decodes the element into v.
func (e Element) Decode(v any) error {
	d := e.decoder()
	if _, err := d.Token(); err != nil {
		return err
	}
	return d.DecodeElement(v, &e.Start)
}

// StreamError decodes the element as a stream error (RFC 6120 §4.9). ok is false if it is
// another element.
func (e Element) StreamError() (se stream.Error, ok bool) {
	if e.Start.Name != (xml.Name{Space: Namespace, Local: "error"}) {
		return stream.Error{}, false
	}
	if err := se.UnmarshalXML(xml.NewTokenDecoder(e.Tokens()), e.Start); err != nil || se.Err == "" {
		return stream.UndefinedCondition, true
	}
	return se, true
}

// Tokens returns the tokens of the element's content, without its own start and end tags.
// They end with io.EOF, or with an *xml.SyntaxError if the content is not well-formed. Each
// call returns a new reader, which starts at the beginning.
func (e Element) Tokens() xml.TokenReader {
	d := e.decoder()
	_, _ = d.Token() // the start tag, which Next has read without an error
	return &contentReader{d: d}
}

// contentReader returns the tokens up to the end of the element whose start tag was read
// last.
type contentReader struct {
	d     *xml.Decoder
	depth int
}

func (c *contentReader) Token() (xml.Token, error) {
	token, err := c.d.Token()
	if err != nil {
		return nil, err
	}
	switch token.(type) {
	case xml.StartElement:
		c.depth++
	case xml.EndElement:
		if c.depth--; c.depth < 0 {
			c.depth = 0
			return nil, io.EOF
		}
	}
	return token, nil
}

// concatReader reads one text and then another. It is an io.ByteReader, so that the decoder
// needs no buffer of its own.
type concatReader struct{ first, then string }

func (c *concatReader) ReadByte() (byte, error) {
	if c.first != "" {
		b := c.first[0]
		c.first = c.first[1:]
		return b, nil
	}
	if c.then == "" {
		return 0, io.EOF
	}
	b := c.then[0]
	c.then = c.then[1:]
	return b, nil
}

func (c *concatReader) Read(p []byte) (int, error) {
	b, err := c.ReadByte()
	if err != nil || len(p) == 0 {
		return 0, err
	}
	p[0] = b
	return 1, nil
}
