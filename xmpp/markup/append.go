package markup

import "unicode/utf8"

// Attr is an attribute of a start tag.
type Attr struct{ Name, Value string }

// AppendStart appends a start tag. An attribute with an empty value is left out. The names
// must be names of XML.
func AppendStart(b []byte, name string, attrs ...Attr) []byte {
	return append(appendOpen(b, name, attrs), '>')
}

// AppendEmpty appends an element without content, as AppendStart does.
func AppendEmpty(b []byte, name string, attrs ...Attr) []byte {
	return append(appendOpen(b, name, attrs), '/', '>')
}

func appendOpen(b []byte, name string, attrs []Attr) []byte {
	b = append(append(b, '<'), name...)
	for _, a := range attrs {
		if a.Value != "" {
			b = AppendAttr(b, a.Name, a.Value)
		}
	}
	return b
}

// AppendAttr appends an attribute to a start tag that is not complete.
func AppendAttr(b []byte, name, value string) []byte {
	b = append(append(b, ' '), name...)
	b = append(b, `="`...)
	return append(AppendText(b, value), '"')
}

// AppendEnd appends an end tag.
func AppendEnd(b []byte, name string) []byte {
	return append(append(append(b, '<', '/'), name...), '>')
}

// AppendElement appends an element that contains a text.
func AppendElement(b []byte, name, text string, attrs ...Attr) []byte {
	return AppendEnd(AppendText(AppendStart(b, name, attrs...), text), name)
}

// AppendText appends a text as the content of an element or as the value of an attribute. A
// reader gets the same text back, also its tabs and line ends. A character that XML does not
// allow (XML 1.0 §2.2) becomes U+FFFD.
func AppendText(b []byte, text string) []byte {
	done := 0
	for i := 0; i < len(text); {
		size := 1
		escaped := escapes[text[i]]
		if text[i] >= utf8.RuneSelf {
			escaped, size = escapeRune(text[i:])
		}
		if escaped != "" {
			b = append(append(b, text[done:i]...), escaped...)
			done = i + size
		}
		i += size
	}
	return append(b, text[done:]...)
}

// escapeRune returns what takes the place of the first character of a text, which is not
// ASCII. It is empty if the character stays.
func escapeRune(text string) (escaped string, size int) {
	r, size := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError && size == 1 || r == 0xFFFE || r == 0xFFFF {
		return replacement, size
	}
	return "", size
}

// replacement takes the place of a character that XML does not allow.
const replacement = "\uFFFD"

// escapes has what takes the place of a byte. It is empty if the byte stays.
var escapes = func() (table [256]string) {
	for b := range byte(' ') {
		table[b] = replacement
	}
	table['\t'], table['\n'], table['\r'] = "&#x9;", "&#xA;", "&#xD;"
	table['"'], table['\''], table['&'], table['<'], table['>'] = "&#34;", "&#39;", "&amp;", "&lt;", "&gt;"
	return table
}()
