// Package suggest finds the known word that a misspelt word may stand for.
package suggest

import (
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// Word returns the known word that is most similar to a word, or "" if none is similar. It
// ignores upper and lower case.
func Word(word string, known []string) string {
	if len(known) == 0 {
		return ""
	}
	distance := func(k string) int {
		a, b := strings.ToLower(word), strings.ToLower(k)
		if isTransposition(a, b) {
			return 1
		}
		return levenshtein.Distance(a, b, nil)
	}
	best := slices.MinFunc(known, func(a, b string) int { return distance(a) - distance(b) })
	if d := distance(best); d == 0 || d <= max(1, len([]rune(word))/3) {
		return best
	}
	// The word may be a part of a known word.
	for _, k := range known {
		if len(word) >= 4 && strings.Contains(strings.ToLower(k), strings.ToLower(word)) {
			return k
		}
	}
	return ""
}

// isTransposition reports whether two words differ only in the order of two adjacent
// characters. The Levenshtein distance counts that as two mistakes.
func isTransposition(a, b string) bool {
	for i := 1; i < len(a) && len(a) == len(b); i++ {
		if a[:i-1] == b[:i-1] && a[i-1] == b[i] && a[i] == b[i-1] && a[i+1:] == b[i+1:] {
			return true
		}
	}
	return false
}
