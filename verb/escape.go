package verb

import (
	"fmt"
	"strings"
	"unicode"
)

// Nicks and groups are shown on terminals, in chats and in forms, and scripts read them
// line by line. So a character that would break a line, or change its direction, is written
// as a backslash sequence. JSON has every character as it is.

// escapeControls replaces the characters that break a line or a column, or change a line's
// direction. A backslash stays as it is, because it is common in JIDs (XEP-0106).
func escapeControls(s string) string { return escapeWith(s, false) }

// escape is escapeControls, but doubles each backslash, so that the original text can be
// recovered.
func escape(s string) string { return escapeWith(s, true) }

func escapeWith(s string, doubleBackslash bool) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r == '\\' || breaksLine(r) }) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\\' && doubleBackslash:
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

// breaksLine reports whether a character controls how a line is shown: a control
// character, a separator of lines or paragraphs, or one that embeds, overrides or isolates a
// direction (UAX #9 §2). Joiners and direction marks are not among them: names need them.
func breaksLine(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069'
}
