package framing

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// Servers keep texts that XML cannot carry, such as a nick that came over an
// HTTP API or by an import, and send them as they are. That is one roster's
// damage, and not the stream's.

// replacement stands for what cannot be there.
const replacement = "\uFFFD"

// legal says whether XML 1.0 allows every character (§2.2, production 2), also
// of those that are written as references.
func legal(raw []byte) bool {
	for _, b := range raw {
		if isControl(rune(b)) {
			return false
		}
	}
	return utf8.Valid(raw) && !bytes.Contains(raw, []byte("\uFFFE")) && !bytes.Contains(raw, []byte("\uFFFF")) && !hasBadReference(raw)
}

func isControl(r rune) bool { return r < 0x20 && r != '\t' && r != '\n' && r != '\r' }

func isChar(r rune) bool {
	return !isControl(r) && !(0xD800 <= r && r <= 0xDFFF) && r != 0xFFFE && r != 0xFFFF && r <= utf8.MaxRune
}

// hasBadReference says whether a character reference (§4.1) names a character
// that is not allowed.
func hasBadReference(raw []byte) bool {
	for {
		i := bytes.Index(raw, []byte("&#"))
		if i < 0 {
			return false
		}
		if size, ok := reference(raw[i:]); size > 0 && !ok {
			return true
		}
		raw = raw[i+2:]
	}
}

// reference reads a character reference: how long it is, 0 where there is none,
// and whether the character is allowed.
func reference(raw []byte) (size int, allowed bool) {
	const longest = len("&#x10FFFF;") + 10 // with zeros in front
	end := bytes.IndexByte(raw[:min(len(raw), longest)], ';')
	if end < 0 || !bytes.HasPrefix(raw, []byte("&#")) {
		return 0, false
	}
	digits, base := string(raw[2:end]), 10
	if len(digits) > 0 && (digits[0] == 'x' || digits[0] == 'X') {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil {
		return 0, false
	}
	return end + 1, n <= utf8.MaxRune && isChar(rune(n))
}

// mend replaces what XML does not allow.
func mend(raw []byte) []byte {
	mended := make([]byte, 0, len(raw)+64)
	for i := 0; i < len(raw); {
		if raw[i] == '&' {
			if size, ok := reference(raw[i:]); size > 0 && !ok {
				mended = append(mended, replacement...)
				i += size
				continue
			}
		}
		r, size := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && size == 1 || !isChar(r) {
			mended = append(mended, replacement...)
		} else {
			mended = append(mended, raw[i:i+size]...)
		}
		i += size
	}
	return mended
}
