package framing

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Servers store texts that XML cannot carry, such as a nick from an HTTP API or an import,
// and send them unchanged. They damage one element, and must not end the stream.

// replacement replaces each illegal character.
const replacement = "\uFFFD"

// isLegal reports whether XML 1.0 allows every character (§2.2, production 2), including
// those that are written as character references.
func isLegal(raw string) bool {
	ascii, references := true, false
	for i := range len(raw) {
		switch b := raw[i]; {
		case b >= utf8.RuneSelf:
			ascii = false
		case isControl(rune(b)):
			return false
		case b == '&' && strings.HasPrefix(raw[i:], "&#"):
			references = true
		}
	}
	if !ascii && (!utf8.ValidString(raw) || strings.Contains(raw, "\uFFFE") || strings.Contains(raw, "\uFFFF")) {
		return false
	}
	return !references || !hasIllegalReference(raw)
}

func isControl(r rune) bool { return r < 0x20 && r != '\t' && r != '\n' && r != '\r' }

func isChar(r rune) bool {
	return !isControl(r) && !(0xD800 <= r && r <= 0xDFFF) && r != 0xFFFE && r != 0xFFFF && r <= utf8.MaxRune
}

// hasIllegalReference reports whether a character reference (§4.1) denotes a character that
// XML does not allow.
func hasIllegalReference(raw string) bool {
	for {
		i := strings.IndexAny(raw, "<&")
		if i < 0 {
			return false
		}
		raw = raw[i:]
		if size, ok := parseReference(raw); size > 0 && !ok {
			return true
		}
		raw = raw[max(1, verbatimLength(raw)):]
	}
}

// verbatimLength returns the length of the section at the beginning of raw in which & is an
// ordinary character: a comment, an instruction or a CDATA section (§2.4). It is 0 if there
// is none. A section without an end takes all of raw.
func verbatimLength(raw string) int {
	for _, section := range []struct{ open, end string }{{"<!--", "-->"}, {"<?", "?>"}, {"<![CDATA[", "]]>"}} {
		if content, found := strings.CutPrefix(raw, section.open); found {
			inside, _, ended := strings.Cut(content, section.end)
			if !ended {
				return len(raw)
			}
			return len(section.open) + len(inside) + len(section.end)
		}
	}
	return 0
}

// parseReference parses a character reference at the beginning of raw. size is its length,
// or 0 if there is none. allowed reports whether XML allows the character.
func parseReference(raw string) (size int, allowed bool) {
	const longest = len("&#x10FFFF;") + 10 // with leading zeros
	end := strings.IndexByte(raw[:min(len(raw), longest)], ';')
	if end < 0 || !strings.HasPrefix(raw, "&#") {
		return 0, false
	}
	digits, base := raw[2:end], 10
	if len(digits) > 0 && (digits[0] == 'x' || digits[0] == 'X') {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 64)
	if err != nil {
		return 0, false
	}
	return end + 1, n <= utf8.MaxRune && isChar(rune(n))
}

// replaceIllegal replaces every character that XML does not allow.
func replaceIllegal(raw string) string {
	legal := make([]byte, 0, len(raw)+64)
	verbatim := 0 // the end of the last section without references
	for i := 0; i < len(raw); {
		if i >= verbatim {
			verbatim = i + verbatimLength(raw[i:])
		}
		if raw[i] == '&' && i >= verbatim {
			if size, ok := parseReference(raw[i:]); size > 0 && !ok {
				legal = append(legal, replacement...)
				i += size
				continue
			}
		}
		r, size := utf8.DecodeRuneInString(raw[i:])
		if r == utf8.RuneError && size == 1 || !isChar(r) {
			legal = append(legal, replacement...)
		} else {
			legal = append(legal, raw[i:i+size]...)
		}
		i += size
	}
	return string(legal)
}
