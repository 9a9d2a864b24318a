package stanzas

import (
	"encoding/xml"

	"mellium.im/xmpp/jid"
)

// stanzaStart returns the start of a stanza without a namespace. The stanzas of the library
// are in the namespace of client streams.
func stanzaStart[T ~string](name string, typ T, from, to jid.JID) xml.StartElement {
	var attrs []xml.Attr
	if typ != "" {
		attrs = append(attrs, attr("type", string(typ)))
	}
	return element(name, append(attrs, attr("from", from.String()), attr("to", to.String()))...)
}

// element returns the start of an element without a namespace.
func element(name string, attrs ...xml.Attr) xml.StartElement {
	return xml.StartElement{Name: xml.Name{Local: name}, Attr: attrs}
}

func attr(name, value string) xml.Attr {
	return xml.Attr{Name: xml.Name{Local: name}, Value: value}
}
