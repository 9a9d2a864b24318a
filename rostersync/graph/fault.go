package graph

import (
	"fmt"
	"strings"
)

// maxShown is how many faults are shown. The others are counted.
const maxShown = 10

// Fault is a mistake in the input.
type Fault struct {
	Line, Column int    // counted from 1; the column in bytes
	Why          string // names the column of the table
}

// Faults are the mistakes in an input.
type Faults struct {
	Name  string // of the input
	First []Fault
	Count int
}

// Add adds a fault, of which at most ten are kept.
func (f *Faults) Add(line, column int, format string, args ...any) {
	if f.Count++; len(f.First) < maxShown {
		f.First = append(f.First, Fault{line, column, fmt.Sprintf(format, args...)})
	}
}

// Error has one line for each of the first faults, and the number of the others.
func (f *Faults) Error() string {
	var lines []string
	for _, one := range f.First {
		lines = append(lines, fmt.Sprintf("%s:%d:%d: %s", f.Name, one.Line, one.Column, one.Why))
	}
	if more := f.Count - len(f.First); more > 0 {
		lines = append(lines, fmt.Sprintf("%s: %d more mistakes", f.Name, more))
	}
	return strings.Join(lines, "\n")
}
