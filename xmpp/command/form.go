package command

// Types of a form (XEP-0004 §3.1).
const (
	FormForm   = "form"   // to be filled in
	FormSubmit = "submit" // filled in
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
	Type         string  `xml:"type,attr"`
	Title        string  `xml:"title,omitempty"`
	Instructions string  `xml:"instructions,omitempty"`
	Fields       []Field `xml:"field"`
}

// Field is one field of a form.
type Field struct {
	Var      string    `xml:"var,attr,omitempty"`
	Type     string    `xml:"type,attr,omitempty"` // profanity loses the values of a field without a type
	Label    string    `xml:"label,attr,omitempty"`
	Desc     string    `xml:"desc,omitempty"`
	Required *struct{} `xml:"required"`
	Values   []string  `xml:"value"`
	Options  []Option  `xml:"option"`
}

// Option is one choice of a list.
type Option struct {
	Label string `xml:"label,attr,omitempty"`
	Value string `xml:"value"`
}

// Field returns the first field of that name. It returns false if there is none, and
// also if f is nil.
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

// Values returns the values of every field by its name. The last field of a name
// counts. The map is empty if f is nil.
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
