package server

import (
	"strings"
	"unicode"
)

// maxText limits how much of a server's text is shown, in characters.
const maxText = 300

// OneLine returns a server's text as one line of printable characters. It joins words by
// one space, and shortens the text to 300 characters and "…".
func OneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if r := []rune(s); len(r) > maxText {
		return string(r[:maxText]) + "…"
	}
	return s
}
