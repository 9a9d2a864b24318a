package configfile

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// plainMistakes refuses what people often write and what a YAML reader has no good
// words for. The error names the line.
func plainMistakes(text []byte) error {
	known := keys()
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line, _, _ = bytes.Cut(line, []byte("#"))
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		indent := line[:len(line)-len(bytes.TrimLeft(line, "- \t\u00A0"))]
		word := firstWord.FindSubmatch(line)
		if word == nil {
			word = alone.FindSubmatch(line)
		}
		switch {
		case bytes.ContainsRune(indent, '\t'):
			return fmt.Errorf("line %d: a tab stands at its beginning; YAML takes blanks only", number)
		case bytes.ContainsRune(line, nbsp):
			return fmt.Errorf("line %d: it holds a no-break space (U+00A0), which looks like a blank and is none", number)
		case word != nil && slices.Contains(known, string(word[1])):
			return fmt.Errorf("line %d: a colon is missing behind %s", number, word[1])
		case isGlued(line, known):
			return fmt.Errorf("line %d: a blank is missing behind the colon of %s", number, glued.FindSubmatch(line)[1])
		}
	}
	return nil
}

// firstWord is a word that begins a line and is followed by another.
var firstWord = regexp.MustCompile(`^(?:[ -]*{?)([a-z_]+)[ \t]+[^\s:#=]`)

// alone is a word on a line of its own, which is none of a list.
var alone = regexp.MustCompile(`^ *([a-z_]+)[ \t\r]*\n?$`)

// glued is a key whose colon has no blank behind it.
var glued = regexp.MustCompile(`^(?:[ -]*{?)([a-z_]+):[^\s]`)

func isGlued(line []byte, known []string) bool {
	word := glued.FindSubmatch(line)
	return word != nil && slices.Contains(known, string(word[1]))
}

// keys are those of the configuration.
func keys() (all []string) {
	for _, of := range []any{File{}, Access{}, API{}} {
		t := reflect.TypeOf(of)
		for i := range t.NumField() {
			if key, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ","); key != "-" && key != "" {
				all = append(all, key)
			}
		}
	}
	return all
}
