package command

import "emanagement/xmpp/markup"

// Append appends the XML of a command, as the payload of a stanza.
func (c *Command) Append(b []byte) []byte {
	b = markup.AppendStart(b, "command",
		markup.Attr{Name: "xmlns", Value: NS}, markup.Attr{Name: "node", Value: c.Node}, markup.Attr{Name: "sessionid", Value: c.SessionID},
		markup.Attr{Name: "action", Value: c.Action}, markup.Attr{Name: "status", Value: c.Status})
	if c.Actions != nil {
		b = c.Actions.append(b)
	}
	for _, n := range c.Notes {
		b = markup.AppendElement(b, "note", n.Text, markup.Attr{Name: "type", Value: n.Type})
	}
	if c.Form != nil {
		b = c.Form.append(b)
	}
	return markup.AppendEnd(b, "command")
}

func (a *Actions) append(b []byte) []byte {
	b = markup.AppendStart(b, "actions", markup.Attr{Name: "execute", Value: a.Execute})
	for _, action := range a.Allowed {
		b = markup.AppendEmpty(b, action)
	}
	return markup.AppendEnd(b, "actions")
}

func (f *Form) append(b []byte) []byte {
	b = markup.AppendStart(b, "x", markup.Attr{Name: "xmlns", Value: NSForm}, markup.Attr{Name: "type", Value: f.Type})
	if f.Title != "" {
		b = markup.AppendElement(b, "title", f.Title)
	}
	if f.Instructions != "" {
		b = markup.AppendElement(b, "instructions", string(f.Instructions))
	}
	for i := range f.Fields {
		b = f.Fields[i].append(b)
	}
	return markup.AppendEnd(b, "x")
}

func (f *Field) append(b []byte) []byte {
	b = markup.AppendStart(b, "field", markup.Attr{Name: "var", Value: f.Var}, markup.Attr{Name: "type", Value: f.Type}, markup.Attr{Name: "label", Value: f.Label})
	if f.Desc != "" {
		b = markup.AppendElement(b, "desc", f.Desc)
	}
	if f.Required {
		b = markup.AppendEmpty(b, "required")
	}
	for _, v := range f.Values {
		b = markup.AppendElement(b, "value", v)
	}
	for _, o := range f.Options {
		b = markup.AppendStart(b, "option", markup.Attr{Name: "label", Value: o.Label})
		b = markup.AppendEnd(markup.AppendElement(b, "value", o.Value), "option")
	}
	return markup.AppendEnd(b, "field")
}
