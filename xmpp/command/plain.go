package command

import (
	"encoding/xml"

	"emanagement/xmpp/markup"
)

// DecodePlain implements markup.Decoder, for a command as a program submits it: without
// actions, and with fields that have no options.
func (c *Command) DecodePlain(r *markup.Reader) (ok bool) {
	if !r.Is(NS, "command") {
		return false
	}
	read := Command{
		XMLName: xml.Name{Space: NS, Local: "command"},
		Node:    r.Attr("node"), SessionID: r.Attr("sessionid"), Action: r.Attr("action"), Status: r.Attr("status"),
	}
	for r.Child() {
		switch space, local := r.Name(); {
		case local == "actions":
			return false
		case local == "note":
			n := Note{Type: r.Attr("type")}
			if n.Text, ok = r.Content(); !ok {
				return false
			}
			read.Notes = append(read.Notes, n)
		case space == NSForm && local == "x" && read.Form == nil:
			read.Form = new(Form)
			if !read.Form.decodePlain(r) {
				return false
			}
		case space == NSForm && local == "x":
			return false
		default:
			r.Skip()
		}
	}
	if r.IsPlain() {
		*c = read
	}
	return r.IsPlain()
}

func (f *Form) decodePlain(r *markup.Reader) (ok bool) {
	f.Type = r.Attr("type")
	for r.Child() {
		switch _, local := r.Name(); local {
		case "title":
			f.Title, ok = r.Content()
		case "field":
			var field Field
			ok = field.decodePlain(r)
			f.Fields = append(f.Fields, field)
		case "instructions":
			return false
		default:
			ok = r.Skip()
		}
		if !ok {
			return false
		}
	}
	return r.IsPlain()
}

func (f *Field) decodePlain(r *markup.Reader) (ok bool) {
	f.Var, f.Type, f.Label = r.Attr("var"), r.Attr("type"), r.Attr("label")
	for r.Child() {
		switch _, local := r.Name(); local {
		case "value":
			var value string
			value, ok = r.Content()
			f.Values = append(f.Values, value)
		case "desc":
			f.Desc, ok = r.Content()
		case "required":
			f.Required, ok = true, r.Skip()
		case "option":
			return false
		default:
			ok = r.Skip()
		}
		if !ok {
			return false
		}
	}
	return r.IsPlain()
}
