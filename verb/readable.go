package verb

import (
	"slices"
	"strings"

	"emanagement/verb/wire"
)

// dash separates the values of an item in a chat.
const dash = " – "

// readableItem is an item of a table that people read otherwise than as its columns.
type readableItem interface{ readable() []string }

// failedItem is an item of a table that may be a failure.
type failedItem interface{ failed() bool }

// Readable returns the lines of a table for people who read them in a chat or a form: no
// tabs, no rules, no empty values. For any other result it returns nil: the outcome says
// everything.
func (r Result) Readable() []string {
	if r.shape != wire.Table {
		return nil
	}
	var lines []string
	for _, item := range r.items {
		i, ok := item.(readableItem)
		if !ok {
			return withDashes(r.lines)
		}
		lines = append(lines, i.readable()...)
	}
	return lines
}

// failuresFirst returns the lines of Readable. If recipients were not reached, their lines
// come first: a message may not have room for all lines.
func (r Result) failuresFirst() []string {
	lines := r.Readable()
	if r.unreached == 0 || len(lines) != len(r.items) {
		return lines
	}
	var failures, others []string
	for i, item := range r.items {
		if f, ok := item.(failedItem); ok && f.failed() {
			failures = append(failures, lines[i])
		} else {
			others = append(others, lines[i])
		}
	}
	return append(failures, others...)
}

// withDashes returns lines with dashes instead of tabs, and without their empty columns.
func withDashes(lines []string) []string {
	var readable []string
	for _, line := range lines {
		readable = append(readable, joinNonEmpty(strings.Split(line, "\t")...))
	}
	return readable
}

// joinNonEmpty joins the words that are not empty by dashes.
func joinNonEmpty(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), dash)
}

// typeable returns a value as a user can type it in a chat, alone or between double quotes.
// There a backslash is an ordinary character, except before a quote or another backslash.
// The quote may be the closing one.
func typeable(s string) string {
	if strings.Contains(s, `\\`) || strings.Contains(s, `\"`) || strings.HasSuffix(s, `\`) {
		s = Quote(s)
	}
	return escapeControls(s)
}
