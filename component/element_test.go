package component

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// element is an XML element. Two elements are equal if they mean the same.
type element struct {
	Name     xml.Name
	Attrs    map[string]string // by name, with its namespace in front if it has one
	Text     string            // without the children between
	Children []element
	raw      string
}

// parse parses one element of a component's stream. Unlike encoding/xml it refuses an
// attribute that is there twice.
func parse(raw string) (element, error) {
	if err := attributesOnce(raw); err != nil {
		return element{}, fmt.Errorf("%s: %w", raw, err)
	}
	d := xml.NewDecoder(strings.NewReader(streamStart + raw + "</stream:stream>"))
	if _, err := d.Token(); err != nil {
		return element{}, err
	}
	top, err := content(d)
	if err != nil {
		return element{}, fmt.Errorf("%s: %w", raw, err)
	}
	if len(top.Children) != 1 || top.Text != "" {
		return element{}, fmt.Errorf("%s: not one element", raw)
	}
	top.Children[0].raw = raw
	return top.Children[0], nil
}

// content reads the content of the current element and its end tag.
func content(d *xml.Decoder) (e element, err error) {
	for {
		tok, err := d.Token()
		if err != nil {
			return element{}, err
		}
		switch tok := tok.(type) {
		case xml.CharData:
			e.Text += string(tok)
		case xml.EndElement:
			return e, nil
		case xml.StartElement:
			child, err := content(d)
			if err != nil {
				return element{}, err
			}
			child.Name, child.Attrs = tok.Name, make(map[string]string)
			for _, a := range tok.Attr {
				switch {
				case a.Name.Space == "xmlns", a.Name.Space == "" && a.Name.Local == "xmlns":
				case a.Name.Space == "":
					child.Attrs[a.Name.Local] = a.Value
				default:
					child.Attrs[a.Name.Space+" "+a.Name.Local] = a.Value
				}
			}
			e.Children = append(e.Children, child)
		}
	}
}

func attributesOnce(raw string) error {
	d := xml.NewDecoder(strings.NewReader(raw))
	for {
		tok, err := d.RawToken()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		seen := make(map[xml.Name]bool)
		for _, a := range start.Attr {
			if seen[a.Name] {
				return fmt.Errorf("attribute %v of %v twice", a.Name, start.Name)
			}
			seen[a.Name] = true
		}
	}
}
