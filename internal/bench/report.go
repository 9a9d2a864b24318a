package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// markdown returns the table, one line for each operation.
func (t *table) markdown() string {
	var b strings.Builder
	b.WriteString("| operation |")
	for _, w := range t.ways {
		b.WriteString(" " + w.name + "/s |")
	}
	b.WriteString(" ad-hoc of floor | ad-hoc of exact floor | control of bare | control of exact | control of HTTP API | our CPU, ms: ad-hoc, control | server's CPU, ms: bare, ad-hoc |\n|---|")
	b.WriteString(strings.Repeat("---|", len(t.ways)+7) + "\n")
	for _, o := range t.operations {
		fmt.Fprintf(&b, "| %s |", o.name)
		for _, w := range t.ways {
			fmt.Fprintf(&b, " %.0f |", median(t.of(o, w).rates))
		}
		for _, pair := range [][2]string{{"ad-hoc", "floor"}, {"ad-hoc", "exact floor"}, {"control", "bare"}, {"control", "exact"}, {"control", "HTTP API"}} {
			fmt.Fprintf(&b, " %.2f |", t.ratio(o, pair[0], pair[1]))
		}
		fmt.Fprintf(&b, " %.2f, %.2f |", median(t.by(o, "ad-hoc").program), median(t.by(o, "control").program))
		fmt.Fprintf(&b, " %.2f, %.2f |\n", median(t.by(o, "bare").server), median(t.by(o, "ad-hoc").server))
	}
	return b.String()
}

// by returns the figures of an operation by the way of that name.
func (t *table) by(o operation, name string) *figures { return t.of(o, way{name: name}) }

// ratio returns the median of the ratios of two ways in the same round.
func (t *table) ratio(o operation, a, b string) float64 {
	var ratios []float64
	for round, rate := range t.by(o, a).rates {
		ratios = append(ratios, rate/t.by(o, b).rates[round])
	}
	return median(ratios)
}

// machine says where and when the figures were measured.
func machine() string {
	model := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		_, after, _ := strings.Cut(string(text), "model name\t: ")
		model, _, _ = strings.Cut(after, "\n")
	}
	return fmt.Sprintf("Measured on %s with %d cores (%s), %s, which server, program and load share.\n", time.Now().Format("2 January 2006"), runtime.NumCPU(), model, runtime.Version())
}

// The part of a page between these lines is written by this program.
const beginMark, endMark = "<!-- make bench writes from here -->\n", "<!-- to here -->\n"

// writePage replaces the figures in a page.
func writePage(path, figures string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), beginMark)
	_, after, ended := strings.Cut(rest, endMark)
	if !found || !ended {
		return errors.New(path + ": it has no place for the figures")
	}
	return os.WriteFile(path, []byte(before+beginMark+figures+endMark+after), 0o644)
}
