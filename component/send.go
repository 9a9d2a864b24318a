package component

import (
	"context"
	"encoding/xml"
	"fmt"
)

// Send sends a stanza once, as soon as there is a stream. A stanza without from gets
// the component's domain (XEP-0114 §3 requires from and to). Errors: *SizeError, the
// context's, and one that wraps ErrDisconnected, which leaves open whether the
// stanza arrived.
func (c *Component) Send(ctx context.Context, start xml.StartElement, payload xml.TokenReader) error {
	l, err := c.registry.awaitLink(ctx)
	if err != nil {
		return err
	}
	if start, err = c.addressed(start); err != nil {
		return err
	}
	text, err := encode(start, payload)
	if err != nil {
		return err
	}
	return l.send(text, nil)
}

// addressed returns the start tag of a stanza with from and to (XEP-0114 §3 requires
// both) and with further attributes.
func (c *Component) addressed(start xml.StartElement, more ...xml.Attr) (xml.StartElement, error) {
	if attr(start, "to") == "" {
		return start, fmt.Errorf("%s: without to", start.Name.Local)
	}
	start = start.Copy() // its attributes are the caller's
	if attr(start, "from") == "" {
		start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: "from"}, Value: c.cfg.JID.String()})
	}
	start.Attr = append(start.Attr, more...)
	return start, nil
}
