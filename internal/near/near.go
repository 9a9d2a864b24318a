// Package near finds what may have been meant by a misspelt word.
package near

import (
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// Word returns the word of a list that is most like another one, whichever case
// they are in; "" where none is like it.
func Word(word string, known []string) string {
	if len(known) == 0 {
		return ""
	}
	distance := func(k string) int {
		return levenshtein.Distance(strings.ToLower(word), strings.ToLower(k), nil)
	}
	best := slices.MinFunc(known, func(a, b string) int { return distance(a) - distance(b) })
	if d := distance(best); d > 0 && d > max(1, len([]rune(word))/3) {
		return ""
	}
	return best
}
