package component

import (
	"encoding/xml"
	"strings"

	"mellium.im/xmlstream"
)

// echo repeats the start tag of a request's child (RFC 6120 §8.3.1), without its
// content. The server would end the stream after names that are not well-formed, so
// echo leaves out the attributes whose names it cannot repeat. It returns nil if it
// cannot repeat the child's own name, which it writes without a prefix.
func echo(start xml.StartElement) xml.TokenReader {
	if !isLocalName(start.Name.Local) || start.Name.Space == nsXML || start.Name.Space == nsXMLNS {
		return nil
	}
	var attrs []xml.Attr
	repeated := make(map[xml.Name]bool)
	for _, a := range start.Attr {
		isDeclaration := a.Name.Space == "xmlns" || a.Name.Local == "xmlns"
		if isDeclaration || repeated[a.Name] || a.Name.Space == nsXMLNS || !isLocalName(a.Name.Local) {
			continue
		}
		repeated[a.Name] = true
		attrs = append(attrs, a)
	}
	start.Attr = attrs
	return xmlstream.Wrap(nil, start)
}

// Namespaces that no element may declare (Namespaces in XML §3). The prefix xml has the
// first one without a declaration, so any user can send <xml:a/>.
const (
	nsXML   = "http://www.w3.org/XML/1998/namespace"
	nsXMLNS = "http://www.w3.org/2000/xmlns/"
)

// isLocalName reports whether a name needs no prefix (Namespaces in XML §3). The decoder
// takes x:1 for the name 1, and x: for a name.
func isLocalName(local string) bool {
	_, err := xml.NewDecoder(strings.NewReader("<" + local + "/>")).RawToken()
	return err == nil && !strings.Contains(local, ":")
}
