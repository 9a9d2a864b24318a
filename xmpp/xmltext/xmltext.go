// Package xmltext checks which text an XML stream can carry.
package xmltext

import (
	"strings"
	"unicode/utf8"
)

// Legal reports whether XML 1.0 allows every character of a text (§2.2, production 2). A
// character that it does not allow would make the server end the stream.
func Legal(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
}
