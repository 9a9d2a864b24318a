// Package framing cuts an XMPP stream into the elements right below its root
// (RFC 6120 §4.2) and leaves them as the bytes that came. Only a child of the
// root can end the stream (§4.9.1): whatever stands inside a stanza is the
// stanza's own content (§8.4), and the business of who decodes it.
package framing

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"mellium.im/xmpp/stream"
)

// Namespace is that of the stream's own elements (RFC 6120 §4.8.1).
const Namespace = "http://etherx.jabber.org/streams"

// DefaultLimit is how many bytes one element may have: a roster of some 500,000
// items fits.
const DefaultLimit = 64 << 20

var (
	// ErrEnd is the end of the stream's root element.
	ErrEnd = errors.New("stream: closed by the server")
	// errDoctype refuses what a stream must not hold (RFC 6120 §11.1).
	errDoctype = errors.New("stream: a document type declaration")
)

// TooLargeError is an element that is larger than the limit. The stream cannot
// be read on.
type TooLargeError struct{ Limit int }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("stream: an element of more than %d bytes", e.Limit)
}

// Element is one child of the stream's root.
type Element struct {
	// Start is its start tag, decoded.
	Start xml.StartElement
	// Raw is all of it. Where Damaged, every character that XML does not allow
	// is U+FFFD in it.
	Raw      []byte
	Damaged  bool
	Children int // how many elements are right below it

	root string
}

// Reader cuts one stream. It is for one goroutine.
type Reader struct {
	in    *bufio.Reader
	limit int
	root  string // a start tag with the namespaces that the root declares
}

// New returns a reader of a stream whose header has been read. The default
// namespace is that of the stream's stanzas. No element may be larger than limit
// bytes.
func New(r io.Reader, defaultNamespace string, limit int) *Reader {
	// The prefix "stream" is the one that everybody uses (RFC 6120 §4.8.5).
	root := fmt.Sprintf("<stream:stream xmlns='%s' xmlns:stream='%s'>", defaultNamespace, Namespace)
	return &Reader{in: bufio.NewReaderSize(r, 32<<10), limit: limit, root: root}
}

// Next reads the next element. What stands between elements is passed over, and
// so is an element whose start tag is not well-formed. Errors: ErrEnd, a
// *TooLargeError, those of the underlying reader; io.ErrUnexpectedEOF is an end
// within an element. The stream cannot be read on after an error.
func (r *Reader) Next() (Element, error) {
	for {
		c := cut{in: r.in, limit: r.limit}
		if err := c.element(); err != nil {
			return Element{}, err
		}
		e := Element{Raw: c.bytes, Children: c.children, root: r.root}
		if !legal(e.Raw) {
			e.Raw, e.Damaged = mend(e.Raw), true
		}
		if token, err := e.decoder().Token(); err == nil {
			e.Start = token.(xml.StartElement).Copy()
			return e, nil
		}
	}
}

// decoder reads the element from its own start tag on.
func (e Element) decoder() *xml.Decoder {
	d := xml.NewDecoder(&joined{e.root, e.Raw})
	_, _ = d.Token() // the root, which is well-formed
	return d
}

// Whole reads all of the element, its own start and end tags too.
func (e Element) Whole() xml.TokenReader { return e.decoder() }

// Decode decodes the element into v.
func (e Element) Decode(v any) error {
	d := e.decoder()
	if _, err := d.Token(); err != nil {
		return err
	}
	return d.DecodeElement(v, &e.Start)
}

// StreamError is the stream error that the element is (RFC 6120 §4.9); ok is false
// where it is something else.
func (e Element) StreamError() (se stream.Error, ok bool) {
	if e.Start.Name != (xml.Name{Space: Namespace, Local: "error"}) {
		return stream.Error{}, false
	}
	if err := se.UnmarshalXML(xml.NewTokenDecoder(e.Tokens()), e.Start); err != nil || se.Err == "" {
		return stream.UndefinedCondition, true
	}
	return se, true
}

// Tokens reads what is inside the element, each time from its beginning. It ends
// with io.EOF, or with an *xml.SyntaxError where the content is not well-formed.
func (e Element) Tokens() xml.TokenReader {
	d := e.decoder()
	_, _ = d.Token() // has been read before
	return &inside{d: d}
}

// inside gives the tokens up to the end of the element that has begun.
type inside struct {
	d     *xml.Decoder
	depth int
}

func (i *inside) Token() (xml.Token, error) {
	token, err := i.d.Token()
	if err != nil {
		return nil, err
	}
	switch token.(type) {
	case xml.StartElement:
		i.depth++
	case xml.EndElement:
		if i.depth--; i.depth < 0 {
			i.depth = 0
			return nil, io.EOF
		}
	}
	return token, nil
}

// joined reads a text and then bytes, one by one, so that the decoder needs no
// buffer of its own.
type joined struct {
	first string
	then  []byte
}

func (j *joined) ReadByte() (byte, error) {
	if j.first != "" {
		b := j.first[0]
		j.first = j.first[1:]
		return b, nil
	}
	if len(j.then) == 0 {
		return 0, io.EOF
	}
	b := j.then[0]
	j.then = j.then[1:]
	return b, nil
}

func (j *joined) Read(p []byte) (int, error) {
	b, err := j.ReadByte()
	if err != nil || len(p) == 0 {
		return 0, err
	}
	p[0] = b
	return 1, nil
}

// cut takes one element off a stream.
type cut struct {
	in       *bufio.Reader
	limit    int
	bytes    []byte
	depth    int // how many elements are open
	children int
}

// element reads up to the element's end.
func (c *cut) element() error {
	for {
		if err := c.text(); err != nil {
			return err
		}
		ended, err := c.markup()
		if err != nil || ended {
			return err
		}
	}
}

// text reads up to the next markup. Outside of an element it is passed over.
func (c *cut) text() error {
	err := c.until('<')
	if err == io.EOF && c.depth == 0 {
		return io.EOF
	}
	if err != nil {
		return unexpected(err)
	}
	if c.depth == 0 {
		c.bytes = append(c.bytes[:0], '<')
	}
	return nil
}

// markup reads what the < begins, and says whether it ends the element.
func (c *cut) markup() (ended bool, err error) {
	next, err := c.in.Peek(1)
	if err != nil {
		return false, unexpected(err)
	}
	switch next[0] {
	case '/':
		if c.depth == 0 {
			return false, ErrEnd
		}
		c.depth--
		return c.depth == 0, unexpected(c.until('>'))
	case '?':
		return false, c.past("?>")
	case '!':
		return false, c.declaration()
	}
	return c.startTag()
}

// startTag reads a start tag, in whose attributes a > may stand.
func (c *cut) startTag() (ended bool, err error) {
	var quote byte
	for from := len(c.bytes); ; from = len(c.bytes) {
		if err := c.until('>'); err != nil {
			return false, unexpected(err)
		}
		for _, b := range c.bytes[from:] {
			switch {
			case quote != 0 && b == quote:
				quote = 0
			case quote == 0 && (b == '"' || b == '\''):
				quote = b
			}
		}
		if quote == 0 {
			break
		}
	}
	if c.depth == 1 {
		c.children++
	}
	if bytes.HasSuffix(c.bytes, []byte("/>")) {
		return c.depth == 0, nil
	}
	c.depth++
	return false, nil
}

// declaration reads a comment or a CDATA section.
func (c *cut) declaration() error {
	// The shorter one first: to look further than to its end could wait for what
	// does not come.
	for _, known := range []struct{ open, end string }{{"!--", "-->"}, {"![CDATA[", "]]>"}} {
		if next, err := c.in.Peek(len(known.open)); err == nil && string(next) == known.open {
			c.bytes = append(c.bytes, known.open...)
			_, _ = c.in.Discard(len(known.open)) // it has been seen
			return c.past(known.end)
		}
	}
	return errDoctype
}

// past reads up to a text and the text.
func (c *cut) past(end string) error {
	from := len(c.bytes)
	for {
		if err := c.until(end[len(end)-1]); err != nil {
			return unexpected(err)
		}
		if bytes.HasSuffix(c.bytes[from:], []byte(end)) {
			return nil
		}
	}
}

// until reads up to a byte and the byte.
func (c *cut) until(b byte) error {
	for {
		piece, err := c.in.ReadSlice(b)
		if c.depth == 0 && b == '<' {
			// Between two elements nothing is kept.
		} else if c.bytes = append(c.bytes, piece...); len(c.bytes) > c.limit {
			return &TooLargeError{c.limit}
		}
		if err != bufio.ErrBufferFull {
			return err
		}
	}
}

// unexpected is an error in the midst of an element.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
