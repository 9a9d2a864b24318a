package xmppclient

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

const (
	nsXML   = "http://www.w3.org/XML/1998/namespace"
	nsXMLNS = "xmlns"
)

// Element is one XML element of any kind. Copies share their slices, so a received
// Element must not be changed. It may then be used by many goroutines at once.
type Element struct {
	// Name has the resolved namespace. The prefix is lost.
	Name xml.Name
	// Attrs are the attributes in their order, without xmlns declarations.
	Attrs []xml.Attr
	// Children are the child elements in their order.
	Children []Element
	// Text is the element's own character data: the parts between child elements, joined.
	Text string
}

// Attr returns the value of the attribute with this local name and no namespace, or "" if
// there is none. Attributes with a namespace, such as xml:lang, are in Attrs only.
func (e Element) Attr(local string) string {
	for _, a := range e.Attrs {
		if a.Name.Space == "" && a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// Child returns the first child element with this namespace and local name, and whether
// there is one. An empty space matches every namespace.
func (e Element) Child(space, local string) (Element, bool) {
	for _, child := range e.Children {
		if child.is(space, local) {
			return child, true
		}
	}
	return Element{}, false
}

// All returns the child elements with this namespace and local name, in their order. It
// returns nil if there is none. An empty space matches every namespace.
func (e Element) All(space, local string) []Element {
	var found []Element
	for _, child := range e.Children {
		if child.is(space, local) {
			found = append(found, child)
		}
	}
	return found
}

// String returns the element as XML for people. A namespace is declared where it
// changes. The text of an element always precedes its child elements.
func (e Element) String() string {
	var b strings.Builder
	e.render(&b, "")
	return b.String()
}

// lang returns the xml:lang attribute of the element itself.
func (e Element) lang() string {
	for _, a := range e.Attrs {
		if a.Name == (xml.Name{Space: nsXML, Local: "lang"}) {
			return a.Value
		}
	}
	return ""
}

func (e Element) is(space, local string) bool {
	return e.Name.Local == local && (space == "" || e.Name.Space == space)
}

func (e Element) render(b *strings.Builder, outer string) {
	b.WriteString("<" + e.Name.Local)
	if e.Name.Space != outer {
		b.WriteString(attribute(nsXMLNS, e.Name.Space))
	}
	for i, a := range e.Attrs {
		switch a.Name.Space {
		case "":
			b.WriteString(attribute(a.Name.Local, a.Value))
		case nsXML:
			b.WriteString(attribute("xml:"+a.Name.Local, a.Value))
		default:
			prefix := fmt.Sprintf("a%d", i)
			b.WriteString(attribute("xmlns:"+prefix, a.Name.Space))
			b.WriteString(attribute(prefix+":"+a.Name.Local, a.Value))
		}
	}
	if e.Text == "" && len(e.Children) == 0 {
		b.WriteString("/>")
		return
	}
	b.WriteString(">" + escape(e.Text))
	for _, child := range e.Children {
		child.render(b, e.Name.Space)
	}
	b.WriteString("</" + e.Name.Local + ">")
}

// attribute returns ` name="value"` with the value escaped.
func attribute(name, value string) string {
	return " " + name + `="` + escape(value) + `"`
}

// escape makes text safe as character data and inside quotes. Characters that XML does
// not allow become U+FFFD.
func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder never fails
	return b.String()
}

// nextElement skips white space and reads one whole element from r. It returns the error
// of r unchanged, so that io.EOF still means the end of the stream.
func nextElement(r xml.TokenReader) (Element, error) {
	for {
		token, err := r.Token()
		if err != nil {
			return Element{}, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			return readElement(r, t)
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" {
				return Element{}, fmt.Errorf("xml: text %q outside an element", t)
			}
		default:
			return Element{}, fmt.Errorf("xml: %T outside an element", token)
		}
	}
}

// readElement reads the element that begins with start, to its end.
func readElement(r xml.TokenReader, start xml.StartElement) (Element, error) {
	e := Element{Name: start.Name}
	for _, a := range start.Attr {
		if a.Name.Space != nsXMLNS && a.Name != (xml.Name{Local: nsXMLNS}) {
			e.Attrs = append(e.Attrs, a)
		}
	}
	var text strings.Builder
	for {
		token, err := r.Token()
		if err != nil {
			return Element{}, fmt.Errorf("element %s: not whole: %w", start.Name.Local, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			child, err := readElement(r, t)
			if err != nil {
				return Element{}, err
			}
			e.Children = append(e.Children, child)
		case xml.EndElement:
			e.Text = text.String()
			return e, nil
		case xml.CharData:
			text.Write(t)
		default:
			return Element{}, fmt.Errorf("element %s: XMPP does not allow a %T", start.Name.Local, token)
		}
	}
}

// parseElement decodes raw, which must be exactly one element. As on a client's stream,
// an element without xmlns is in jabber:client.
func parseElement(raw string) (Element, error) {
	decoder := xml.NewDecoder(strings.NewReader(raw))
	decoder.DefaultSpace = nsClient
	e, err := nextElement(decoder)
	if err != nil {
		return Element{}, err
	}
	switch _, err = nextElement(decoder); err {
	case io.EOF:
		return e, nil
	case nil:
		return Element{}, fmt.Errorf("xml: more than one element")
	default:
		return Element{}, err
	}
}
