package verb

import (
	"fmt"
	"strings"
	"unicode"
)

// What people have put into a nick or a group is shown on terminals, in chats and
// in forms, and read by scripts line by line. So whatever would break a line or
// turn it round is written as a backslash sequence. JSON has all of it as it is.

// oneLine keeps a text from being taken for more than one line or column. A
// backslash in it is one (XEP-0106).
func oneLine(s string) string { return visible(s, false) }

// escape is oneLine, and unambiguous: a backslash is doubled.
func escape(s string) string { return visible(s, true) }

func visible(s string, unambiguous bool) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r == '\\' || breaksLine(r) }) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\\' && unambiguous:
			b.WriteString(`\\`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case breaksLine(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// breaksLine says whether a character controls how a line is shown: control
// characters, separators of lines and paragraphs, and what embeds, overrides or
// isolates a direction (UAX #9 §2). Joiners and direction marks stay, for names
// are written with them.
func breaksLine(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069'
}
