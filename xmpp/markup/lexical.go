package markup

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// spaces are the characters between the parts of a tag. A carriage return is not plain.
const spaces = " \t\n"

// isNameByte says which bytes a plain name has after the first one.
var isNameByte = func() (table [256]bool) {
	for b := range table {
		table[b] = 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '_' || b == '-' || b == '.'
	}
	return table
}()

// cutName cuts a name off. It is empty if there is no plain name.
func cutName(text string) (name, rest string) {
	if text == "" || !isNameByte[text[0]] || text[0] <= '9' { // digits, - and . come first
		return "", text
	}
	end := 1
	for end < len(text) && isNameByte[text[end]] {
		end++
	}
	return text[:end], text[end:]
}

// lang is the only attribute with a prefix that is plain.
const lang = "xml:lang"

// cutAttr cuts an attribute off. ok is false if it is not plain.
func cutAttr(text string) (a Attr, rest string, ok bool) {
	if after, found := strings.CutPrefix(text, lang); found {
		a.Name, rest = lang, after
	} else if a.Name, rest = cutName(text); a.Name == "" {
		return a, text, false
	}
	rest, ok = strings.CutPrefix(strings.TrimLeft(rest, spaces), "=")
	if rest = strings.TrimLeft(rest, spaces); !ok || rest == "" || rest[0] != '"' && rest[0] != '\'' {
		return a, text, false
	}
	value, rest, ok := strings.Cut(rest[1:], rest[:1])
	if !ok {
		return a, text, false
	}
	a.Value, ok = unescape(value)
	return a, rest, ok
}

// unescape replaces the references to characters. ok is false if the text is not plain: it has
// other references, a <, the end of a CDATA section or a carriage return, which encoding/xml
// reads as the end of a line.
func unescape(text string) (plain string, ok bool) {
	for i := range len(text) {
		switch text[i] {
		case '&':
			return replaceReferences(text)
		case '<', '\r':
			return "", false
		case ']':
			if strings.HasPrefix(text[i:], "]]>") {
				return "", false
			}
		}
	}
	return text, true
}

// replaceReferences is unescape for a text that has a reference.
func replaceReferences(text string) (plain string, ok bool) {
	b := make([]byte, 0, len(text))
	for {
		before, after, found := strings.Cut(text, "&")
		if strings.ContainsAny(before, "<\r") || strings.Contains(before, "]]>") {
			return "", false
		}
		b = append(b, before...)
		if !found {
			return string(b), true
		}
		name, rest, ended := strings.Cut(after, ";")
		r, known := character(name)
		if !ended || !known {
			return "", false
		}
		b = utf8.AppendRune(b, r)
		text = rest
	}
}

// character returns the character that a reference names.
func character(name string) (r rune, known bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "apos":
		return '\'', true
	case "quot":
		return '"', true
	}
	digits, isNumber := strings.CutPrefix(name, "#")
	base := 10
	if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return rune(n), isNumber && err == nil && utf8.ValidRune(rune(n)) && n <= utf8.MaxRune
}
