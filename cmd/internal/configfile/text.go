package configfile

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

// bom is the byte order mark that some editors write at the beginning of a file.
var bom = []byte("\uFEFF")

// nbsp is the no-break space.
const nbsp = '\u00A0'

// checkUTF8 refuses text that is not UTF-8. The error guesses the encoding.
func checkUTF8(text []byte) error {
	switch {
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}), bytes.HasPrefix(text, []byte{0xfe, 0xff}), bytes.IndexByte(text, 0) >= 0:
		return errors.New("it is not UTF-8 but seems to be UTF-16; save it as UTF-8")
	case !utf8.Valid(text):
		line := 1 + bytes.Count(text[:validLength(text)], []byte("\n"))
		return fmt.Errorf("line %d: it is not UTF-8 but seems to be Latin-1 (ISO 8859-1, Windows-1252); save it as UTF-8", line)
	}
	return nil
}

// validLength returns the length of the longest prefix that is UTF-8, in bytes.
func validLength(text []byte) (n int) {
	for n < len(text) {
		r, size := utf8.DecodeRune(text[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}
