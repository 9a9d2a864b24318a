package main

import (
	"context"
	"encoding/xml"

	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"

	"emanagement/component"
)

// teller sends chat messages in the component's own name, for as long as the
// component runs.
func teller(c *component.Component, running context.Context) func(ctx context.Context, to jid.JID, text string) error {
	return func(ctx context.Context, to jid.JID, text string) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(running, cancel)()
		message := xml.StartElement{Name: xml.Name{Local: "message"}, Attr: []xml.Attr{
			{Name: xml.Name{Local: "to"}, Value: to.String()},
			{Name: xml.Name{Local: "type"}, Value: "chat"},
		}}
		body := xml.StartElement{Name: xml.Name{Local: "body"}}
		return c.Send(ctx, message, xmlstream.Wrap(xmlstream.Token(xml.CharData(text)), body))
	}
}
