package markup

import "strings"

// Kind is the kind of a token.
type Kind int

// The kinds of tokens.
const (
	None  Kind = iota // there is no token: the element has ended, or it is not plain
	Start             // a start tag, or the first half of an empty element
	End               // an end tag, or the second half of an empty element
	Text
)

// maxDepth limits how deep elements are nested in plain XML, and maxAttrs how many
// attributes a start tag has.
const maxDepth, maxAttrs = 16, 16

// Decoder is a value that can be read from plain XML.
type Decoder interface {
	// DecodePlain reads the element whose Start was read last, as encoding/xml would read
	// it into the value. If that is not plain or does not fit the value, ok is false and the
	// value is unchanged.
	DecodePlain(r *Reader) (ok bool)
}

// Reader reads an element of plain XML token by token. Plain is what servers and clients
// send nearly always: elements and attributes whose names have ASCII characters and no
// prefix (only xml:lang is allowed), text, and references to characters. Everything else is
// not plain, such as a prefix, a comment or a CDATA section, and also what is not
// well-formed. The caller then uses encoding/xml, which finds the same tokens in plain XML.
//
// The XML must contain only characters that XML allows, as package framing ensures. The
// texts that the methods return are parts of it.
type Reader struct {
	rest     string
	notPlain bool
	text     string // the last Text

	depth  int               // the number of open elements
	open   [maxDepth]element // those elements; the first one is what surrounds the outermost
	empty  bool              // the last token was the Start of an empty element
	ending bool              // the last token was an End

	attrs [maxAttrs]Attr // of the last Start
	count int            // of these attributes
}

// element is an element that is open.
type element struct{ space, name string }

// NewReader returns a reader of an element. space is the namespace of what surrounds it.
func NewReader(xml, space string) *Reader {
	r := &Reader{rest: xml}
	r.open[0].space = space
	return r
}

// IsPlain reports whether everything that was read so far is plain.
func (r *Reader) IsPlain() bool { return !r.notPlain }

// Depth returns the number of open elements: 1 after the Start of the outermost one. An
// element is still open at its End.
func (r *Reader) Depth() int { return r.depth }

// Name returns the namespace and the name of the innermost open element.
func (r *Reader) Name() (space, local string) {
	e := r.open[r.depth]
	return e.space, e.name
}

// Is reports whether the innermost open element has that namespace and name.
func (r *Reader) Is(space, local string) bool { return r.open[r.depth] == element{space, local} }

// Attrs returns the attributes of the last Start, with xmlns and xml:lang. They are valid
// until Next is called.
func (r *Reader) Attrs() []Attr { return r.attrs[:r.count] }

// Attr returns an attribute of the last Start. It is empty if there is none.
func (r *Reader) Attr(name string) string {
	for _, a := range r.Attrs() {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// Text returns the last Text.
func (r *Reader) Text() string { return r.text }

// Next reads the next token. It returns None after the End of the outermost element, and if
// something is not plain.
func (r *Reader) Next() Kind {
	if r.ending {
		r.ending = false
		if r.depth--; r.depth == 0 {
			r.rest = ""
			return None
		}
	}
	switch {
	case r.empty:
		r.empty, r.ending = false, true
		return End
	case strings.HasPrefix(r.rest, "</"):
		return r.readEnd()
	case strings.HasPrefix(r.rest, "<"):
		return r.readStart()
	}
	return r.readText()
}

// Child reads to the Start of the next child of the innermost open element, whose Start or
// another child's End was read last, and reports whether there is one. It skips text. Without
// a next child it has read the element's End, or has found something that is not plain.
func (r *Reader) Child() (found bool) {
	for {
		switch r.Next() {
		case Start:
			return true
		case None, End:
			return false
		}
	}
}

// Content returns the text of the element whose Start was read last, and reads to its End. ok
// is false if the element contains another one, or is not plain.
func (r *Reader) Content() (text string, ok bool) {
	k := r.Next()
	if k == Text {
		text, k = r.text, r.Next()
	}
	return text, k == End
}

// Skip reads to the End of the element whose Start was read last. ok is false if something
// is not plain.
func (r *Reader) Skip() (ok bool) {
	for depth := r.depth; ; {
		switch r.Next() {
		case None:
			return false
		case End:
			if r.depth == depth {
				return true
			}
		}
	}
}

// refuse notes that the XML is not plain.
func (r *Reader) refuse() Kind {
	r.rest, r.notPlain = "", true
	return None
}

// readText reads the text before the next tag.
func (r *Reader) readText() Kind {
	end := strings.IndexByte(r.rest, '<')
	if end < 0 || r.depth == 0 {
		return r.refuse()
	}
	text, ok := unescape(r.rest[:end])
	if !ok {
		return r.refuse()
	}
	r.text, r.rest = text, r.rest[end:]
	return Text
}

// readEnd reads an end tag.
func (r *Reader) readEnd() Kind {
	rest, matches := strings.CutPrefix(r.rest[len("</"):], r.open[r.depth].name)
	rest = strings.TrimLeft(rest, spaces)
	if !matches || r.depth == 0 || !strings.HasPrefix(rest, ">") {
		return r.refuse()
	}
	r.rest, r.ending = rest[len(">"):], true
	return End
}

// readStart reads a start tag.
func (r *Reader) readStart() Kind {
	name, rest := cutName(r.rest[len("<"):])
	if name == "" || name == "xmlns" || r.depth+1 == maxDepth {
		return r.refuse()
	}
	e := element{r.open[r.depth].space, name}
	for r.count = 0; ; {
		tag := strings.TrimLeft(rest, spaces)
		if after, ended := strings.CutPrefix(tag, ">"); ended {
			r.rest = after
			break
		}
		if after, ended := strings.CutPrefix(tag, "/>"); ended {
			r.rest, r.empty = after, true
			break
		}
		a, after, ok := cutAttr(tag)
		if !ok || len(tag) == len(rest) || !r.addAttr(a, &e) {
			return r.refuse()
		}
		rest = after
	}
	r.depth++
	r.open[r.depth] = e
	return Start
}

// addAttr adds an attribute to the last Start, which is of the element e. ok is false if
// there is another one of its name, or no room.
func (r *Reader) addAttr(a Attr, e *element) (ok bool) {
	for _, other := range r.Attrs() {
		if other.Name == a.Name {
			return false
		}
	}
	if a.Name == "xmlns" {
		e.space = a.Value
	}
	if r.count == maxAttrs {
		return false
	}
	r.attrs[r.count] = a
	r.count++
	return true
}
