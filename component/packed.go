package component

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"mellium.im/xmlstream"
)

// packed is XML in few strings, hardly longer than its text was, and quick to
// read. As a value each token would take a hundred bytes and more: a server's
// list of all the items in its rosters has a million of them.
//
// Each token stands in one string. It is its kind and what it has: a start its
// name, how many attributes, and of each the name and the value; text itself.
// An end is that of the last start. A text has its length in front, a name is
// its namespace and its local part.
type packed []string

const (
	startToken byte = iota
	endToken
	textToken
)

var errUnbalanced = errors.New("an element does not begin or end")

// packer makes packed of tokens. What is neither an element nor text, such as a
// comment, is left out.
type packer struct {
	strings.Builder
	full  packed
	depth int              // how many elements are open
	tops  int              // how many began where none was
	top   xml.StartElement // the first of these
}

// packSize is when a packer begins another string: one that grew on would be
// copied again and again.
const packSize = 64 << 10

func (p *packer) packed() packed { return append(p.full, p.String()) }

func (p *packer) add(tok xml.Token) {
	switch t := tok.(type) {
	case xml.StartElement:
		if p.depth++; p.depth == 1 {
			if p.tops++; p.tops == 1 {
				p.top = t.Copy()
			}
		}
		p.WriteByte(startToken)
		p.name(t.Name)
		p.number(len(t.Attr))
		for _, a := range t.Attr {
			p.name(a.Name)
			p.text(a.Value)
		}
	case xml.EndElement:
		p.depth--
		p.WriteByte(endToken)
	case xml.CharData:
		p.WriteByte(textToken)
		p.number(len(t))
		p.Write(t)
	}
	if p.Len() >= packSize {
		p.full = p.packed()
		p.Reset()
	}
}

func (p *packer) name(n xml.Name) {
	p.text(n.Space)
	p.text(n.Local)
}

func (p *packer) text(s string) {
	p.number(len(s))
	p.WriteString(s)
}

// number writes seven bits a byte, the lowest first; all but the last have the
// eighth.
func (p *packer) number(n int) {
	for ; n >= 0x80; n >>= 7 {
		p.WriteByte(byte(n) | 0x80)
	}
	p.WriteByte(byte(n))
}

// pack reads tokens to their end.
func pack(r xml.TokenReader) (packed, error) {
	var p packer
	for {
		tok, err := r.Token() // it may come with the end
		if tok != nil {
			p.add(tok)
		}
		if p.depth < 0 || err == io.EOF && p.depth > 0 {
			return nil, errUnbalanced
		}
		if err == io.EOF {
			return p.packed(), nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// reader gives the tokens again.
func (p packed) reader() xml.TokenReader {
	return xmlstream.ReaderFunc((&unpacker{more: p}).token)
}

// unpacker reads what a packer has made.
type unpacker struct {
	rest string // of the string that it is in
	more packed
	open []xml.Name
}

func (u *unpacker) token() (xml.Token, error) {
	for u.rest == "" {
		if len(u.more) == 0 {
			return nil, io.EOF
		}
		u.rest, u.more = u.more[0], u.more[1:]
	}
	kind := u.rest[0]
	u.rest = u.rest[1:]
	switch kind {
	case startToken:
		start := xml.StartElement{Name: u.name()}
		u.open = append(u.open, start.Name)
		if n := u.number(); n > 0 {
			start.Attr = make([]xml.Attr, n)
		}
		for i := range start.Attr {
			start.Attr[i] = xml.Attr{Name: u.name(), Value: u.text()}
		}
		return start, nil
	case endToken:
		last := len(u.open) - 1
		end := xml.EndElement{Name: u.open[last]}
		u.open = u.open[:last]
		return end, nil
	}
	return xml.CharData(u.text()), nil
}

func (u *unpacker) name() xml.Name { return xml.Name{Space: u.text(), Local: u.text()} }

func (u *unpacker) text() string {
	n := u.number()
	s := u.rest[:n]
	u.rest = u.rest[n:]
	return s
}

func (u *unpacker) number() (n int) {
	for shift := 0; ; shift += 7 {
		b := u.rest[0]
		u.rest = u.rest[1:]
		n |= int(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
}
