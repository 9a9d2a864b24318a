package command

import "encoding/xml"

// Types of a form (XEP-0004 §3.1).
const (
	FormForm   = "form"   // asks for values
	FormSubmit = "submit" // has the values
	FormCancel = "cancel"
	FormResult = "result"
)

// Types of a field (XEP-0004 §3.3).
const (
	TextSingle = "text-single"
	TextMulti  = "text-multi"
	ListSingle = "list-single"
	JIDSingle  = "jid-single"
	Hidden     = "hidden"
	Fixed      = "fixed"
)

// Form is a data form (XEP-0004 §3).
type Form struct {
	Type         string       `xml:"type,attr"`
	Title        string       `xml:"title"`
	Instructions Instructions `xml:"instructions"`
	Fields       []Field      `xml:"field"`
}

// Field is one field of a form.
type Field struct {
	Var      string   `xml:"var,attr"`
	Type     string   `xml:"type,attr"` // profanity loses the values of a field without a type
	Label    string   `xml:"label,attr"`
	Desc     string   `xml:"desc"`
	Required Present  `xml:"required"`
	Values   []string `xml:"value"`
	Options  []Option `xml:"option"`
}

// Instructions is the text of one or more <instructions/>, joined by line ends.
type Instructions string

// UnmarshalXML implements xml.Unmarshaler.
func (i *Instructions) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	var text string
	if err := d.DecodeElement(&text, &start); err != nil {
		return err
	}
	if *i != "" {
		text = string(*i) + "\n" + text
	}
	*i = Instructions(text)
	return nil
}

// Present is an empty element, such as <required/>: true if it is there.
type Present bool

// UnmarshalXML implements xml.Unmarshaler.
func (p *Present) UnmarshalXML(d *xml.Decoder, _ xml.StartElement) error {
	*p = true
	return d.Skip()
}

// Option is one choice of a field of the type ListSingle.
type Option struct {
	Label string `xml:"label,attr"`
	Value string `xml:"value"`
}

// Field returns the first field of that name, and whether there is one. A nil form has
// no fields.
func (f *Form) Field(name string) (Field, bool) {
	if f == nil {
		return Field{}, false
	}
	for _, field := range f.Fields {
		if field.Var == name {
			return field, true
		}
	}
	return Field{}, false
}

// Values returns the values of every field by its name. If several fields have one name,
// the last of them counts. The map is empty if f is nil.
func (f *Form) Values() map[string][]string {
	values := make(map[string][]string)
	if f == nil {
		return values
	}
	for _, field := range f.Fields {
		if field.Var != "" {
			values[field.Var] = field.Values
		}
	}
	return values
}
