package configfile

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// checkCommonMistakes refuses mistakes that are common and that the YAML library does
// not describe well. The error names the line.
func checkCommonMistakes(text []byte) error {
	known := knownKeys()
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line, _, _ = bytes.Cut(line, []byte("#"))
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if problem := commonMistake(line, known); problem != "" {
			return fmt.Errorf("line %d: %s", number, problem)
		}
	}
	return nil
}

// commonMistake describes the mistake in a line that is not blank. It returns "" if it
// finds none.
func commonMistake(line []byte, knownKeys []string) string {
	indent := line[:len(line)-len(bytes.TrimLeft(line, "- \t\u00A0"))]
	switch {
	case bytes.ContainsRune(indent, '\t'):
		return "it begins with a tab; YAML allows only spaces there"
	case bytes.ContainsRune(line, nbsp):
		return "it has a no-break space (U+00A0), which looks like a space and is none"
	}
	for _, mistake := range []struct {
		key     *regexp.Regexp // its group is the key
		problem string
	}{
		{keyBeforeWord, "a colon is missing after %s"},
		{keyAlone, "a colon is missing after %s"},
		{keyBeforeValue, "a space is missing after the colon of %s"},
	} {
		if found := mistake.key.FindSubmatch(line); found != nil && slices.Contains(knownKeys, string(found[1])) {
			return fmt.Sprintf(mistake.problem, found[1])
		}
	}
	return ""
}

var (
	// keyBeforeWord matches a word at the beginning of a line, before another word.
	keyBeforeWord = regexp.MustCompile(`^(?:[ -]*{?)([a-z_]+)[ \t]+[^\s:#=]`)
	// keyAlone matches a word on a line of its own, unless it is an element of a list.
	keyAlone = regexp.MustCompile(`^ *([a-z_]+)[ \t\r]*\n?$`)
	// keyBeforeValue matches a key and a colon without a space after it.
	keyBeforeValue = regexp.MustCompile(`^(?:[ -]*{?)([a-z_]+):[^\s]`)
)

// knownKeys returns all keys of the configuration, on every level.
func knownKeys() (keys []string) {
	for _, section := range []any{File{}, Access{}, API{}, Limits{}} {
		t := reflect.TypeOf(section)
		for i := range t.NumField() {
			if key, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ","); key != "-" && key != "" {
				keys = append(keys, key)
			}
		}
	}
	return keys
}
