package markup

import (
	"encoding/xml"
	"strings"
)

// xmlNamespace is the namespace of the prefix xml.
const xmlNamespace = "http://www.w3.org/XML/1998/namespace"

// StartElement returns the last Start as encoding/xml decodes it.
func (r *Reader) StartElement() (start xml.StartElement) {
	start.Name.Space, start.Name.Local = r.Name()
	start.Attr = make([]xml.Attr, 0, r.count)
	for _, a := range r.Attrs() {
		name := xml.Name{Local: a.Name}
		if local, ok := strings.CutPrefix(a.Name, "xml:"); ok {
			name = xml.Name{Space: xmlNamespace, Local: local}
		}
		start.Attr = append(start.Attr, xml.Attr{Name: name, Value: a.Value})
	}
	return start
}
