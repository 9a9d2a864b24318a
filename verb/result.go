package verb

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"emanagement/rosterpush"
	"emanagement/verb/wire"
)

// Result is a verb's answer, as the verb makes it. The zero value is Done.
// wire.Result is what programs get of it.
type Result struct {
	shape   wire.Shape // Done if empty
	yes     bool
	text    string // of a table: the outcome, if that is not the count of items
	counted string // what a table's items are; "item" if empty
	items   []any  // of a table, for programs
	lines   []string
	closing bool   // the last line is no row
	next    string // the JID after which the table goes on
	job     int    // that was started
	missed  int    // recipients that were not reached
	remarks []string
}

// add adds an item to a table, and the line that shows it: its columns.
func (r *Result) add(item any, columns ...string) {
	r.items = append(r.items, item)
	r.lines = append(r.lines, strings.Join(columns, "\t"))
}

// Refused reports whether the answer is that the verb cannot be carried out. Nothing
// was changed then.
func (r Result) Refused() bool { return r.shape == wire.Refusal }

// Outcome returns the answer in one line.
func (r Result) Outcome() string { return r.outcome(true) }

// OutcomeWithoutGoOn is Outcome for a front that tells by itself how to get the rest of
// a list that a limit has cut.
func (r Result) OutcomeWithoutGoOn() string { return r.outcome(false) }

func (r Result) outcome(goOn bool) string {
	switch r.shape {
	case wire.Answer:
		return strconv.FormatBool(r.yes)
	case wire.Table:
		if r.text != "" {
			return oneLine(strings.Join(append([]string{r.text}, r.remarks...), "; "))
		}
		return oneLine(wire.Result{Items: r.items, Counted: r.counted, Next: r.next, Remarks: r.remarks}.TableOutcome(goOn))
	case wire.Refusal, wire.Started:
		return oneLine(r.text)
	}
	return oneLine(strings.Join(append([]string{"Done"}, r.remarks...), "; "))
}

// Lines returns the answer as the script of 2012 printed it: a table's rows with a tab
// between the columns.
func (r Result) Lines() []string {
	switch r.shape {
	case wire.Table:
		return notNil(r.lines)
	case "", wire.Done:
		return []string{"Done"}
	}
	return []string{r.Outcome()}
}

// Wire returns the answer as programs get it.
func (r Result) Wire() wire.Result {
	w := wire.Result{Shape: r.shape, Outcome: r.Outcome(), Missed: r.missed, Next: r.next, Job: r.job, Lines: r.Lines()}
	switch r.shape {
	case "":
		w.Shape = wire.Done
	case wire.Answer:
		w.Answer = &r.yes
	case wire.Table:
		w.Items, w.Counted, w.Remarks, w.Closing = notNil(r.items), r.counted, r.remarks, r.closing
	}
	return w
}

// MarshalJSON implements json.Marshaler.
func (r Result) MarshalJSON() ([]byte, error) { return json.Marshal(r.Wire()) }

// notNil has an empty list be one in JSON too.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func yesNo(yes bool) Result { return Result{shape: wire.Answer, yes: yes} }

func refused(format string, args ...any) Result {
	return Result{shape: wire.Refusal, text: fmt.Sprintf(format, args...)}
}

func accepted(job int, format string, args ...any) Result {
	return Result{shape: wire.Started, job: job, text: fmt.Sprintf(format, args...)}
}

// lines is a table of words, one a line.
func lines(counted string, words []string) Result {
	r := Result{shape: wire.Table, counted: counted}
	for _, w := range words {
		r.add(w, oneLine(w))
	}
	return r
}

// rosterItem is an item of a roster in JSON.
type rosterItem struct {
	JID          string   `json:"jid"`
	Nick         string   `json:"nick"`
	Subscription string   `json:"subscription"`
	Ask          string   `json:"ask"`
	Groups       []string `json:"groups"`
}

// rosterTable is a roster as the script of 2012 showed it: jid, nick, subscription,
// ask, groups.
func rosterTable(items []rosterpush.Item) Result {
	r := Result{shape: wire.Table}
	for _, i := range items {
		ask := "none"
		if i.Pending {
			ask = "out"
		}
		groups := make([]string, len(i.Groups))
		for g := range i.Groups {
			groups[g] = escape(i.Groups[g])
		}
		r.add(rosterItem{i.JID.String(), i.Name, string(i.Subscription), ask, notNil(i.Groups)},
			oneLine(i.JID.String()), escape(i.Name), string(i.Subscription), ask, strings.Join(groups, ";"))
	}
	return r
}
