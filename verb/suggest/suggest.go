// Package suggest finds what may have been meant by a misspelt word.
package suggest

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
		a, b := strings.ToLower(word), strings.ToLower(k)
		if swapped(a, b) {
			return 1
		}
		return levenshtein.Distance(a, b, nil)
	}
	best := slices.MinFunc(known, func(a, b string) int { return distance(a) - distance(b) })
	if d := distance(best); d == 0 || d <= max(1, len([]rune(word))/3) {
		return best
	}
	// What was left out may be a part of it.
	for _, k := range known {
		if len(word) >= 4 && strings.Contains(strings.ToLower(k), strings.ToLower(word)) {
			return k
		}
	}
	return ""
}

// swapped says whether two words differ in nothing but two neighbours' order, which
// the distance counts as two mistakes.
func swapped(a, b string) bool {
	for i := 1; i < len(a) && len(a) == len(b); i++ {
		if a[:i-1] == b[:i-1] && a[i-1] == b[i] && a[i] == b[i-1] && a[i+1:] == b[i+1:] {
			return true
		}
	}
	return false
}
