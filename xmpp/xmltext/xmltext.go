// Package xmltext says what text an XML stream can carry.
package xmltext

import (
	"strings"
	"unicode/utf8"
)

// Legal says whether XML 1.0 allows every character (§2.2, production 2). One
// that it does not allow would end the stream to the server.
func Legal(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
}
