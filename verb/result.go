package verb

import (
	"fmt"
	"strconv"
	"strings"

	"emanagement/verb/wire"
)

// Result is a verb's answer, as the verb makes it. The zero value is Done. wire.Result is
// the same answer for programs.
type Result struct {
	shape     wire.Shape // Done if empty
	yes       bool       // of an answer
	text      string     // of a refusal or a started job; of a table, its outcome if that is not the count of its items
	noun      string     // of a table: what its items are; "item" if empty
	items     []any      // of a table, for programs
	lines     []string   // of a table, as the script of 2012 printed them
	closing   bool       // the last line is not a row
	next      string     // of a truncated table: the JID after which it continues
	job       int        // of a started job: its number
	unreached int        // recipients that were not reached
	remarks   []string
}

// add adds an item to a table, and the line that shows it: its columns.
func (r *Result) add(item any, columns ...string) {
	r.items = append(r.items, item)
	r.lines = append(r.lines, strings.Join(columns, "\t"))
}

// Refused reports whether the verb refused the request. Nothing was changed then.
func (r Result) Refused() bool { return r.shape == wire.Refusal }

// Next returns the JID after which a table continues that a limit has truncated. It is
// empty if the table is complete.
func (r Result) Next() string { return r.next }

// Outcome returns the answer in one line.
func (r Result) Outcome() string { return r.outcome(true) }

// ShortOutcome is Outcome for a front that itself shows how to get the rest of a truncated
// list.
func (r Result) ShortOutcome() string { return r.outcome(false) }

func (r Result) outcome(withHint bool) string {
	switch r.shape {
	case wire.Answer:
		return strconv.FormatBool(r.yes)
	case wire.Table:
		if r.text != "" {
			return escapeControls(strings.Join(append([]string{r.text}, r.remarks...), "; "))
		}
		return escapeControls(wire.Result{Items: r.items, Counted: r.noun, Next: r.next, Remarks: r.remarks}.TableOutcome(withHint))
	case wire.Refusal, wire.Started:
		return escapeControls(r.text)
	}
	return escapeControls(strings.Join(append([]string{"Done"}, r.remarks...), "; "))
}

// Lines returns the answer as the script of 2012 printed it. The columns of a table are
// separated by tabs.
func (r Result) Lines() []string {
	switch r.shape {
	case wire.Table:
		return notNil(r.lines)
	case "", wire.Done:
		return []string{"Done"}
	}
	return []string{r.Outcome()}
}

// Wire returns the answer for programs.
func (r Result) Wire() wire.Result {
	w := wire.Result{Shape: r.shape, Outcome: r.Outcome(), Missed: r.unreached, Next: r.next, Job: r.job, Lines: r.Lines()}
	switch r.shape {
	case "":
		w.Shape = wire.Done
	case wire.Answer:
		w.Answer = &r.yes
	case wire.Table:
		w.Items, w.Counted, w.Remarks, w.Closing = notNil(r.items), r.noun, r.remarks, r.closing
	}
	return w
}

// notNil returns an empty list for nil. In JSON, nil would be null.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// yesNo returns an answer.
func yesNo(yes bool) Result { return Result{shape: wire.Answer, yes: yes} }

// refused returns a refusal. The verb must not have changed anything.
func refused(format string, args ...any) Result {
	return Result{shape: wire.Refusal, text: fmt.Sprintf(format, args...)}
}

// started returns the answer of a verb that continues as a job.
func started(job int, format string, args ...any) Result {
	return Result{shape: wire.Started, job: job, text: fmt.Sprintf(format, args...)}
}

// lines returns a table with one word per line. noun is what the words are, in the
// singular.
func lines(noun string, words []string) Result {
	r := Result{shape: wire.Table, noun: noun}
	for _, w := range words {
		r.add(w, escapeControls(w))
	}
	return r
}
