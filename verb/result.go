package verb

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"emanagement/rosterpush"
)

// Result is a verb's answer: one of done, yes or no, a table, a refusal, or that
// it has been started. As JSON it is what docs/control.md describes.
type Result struct {
	shape shape
	yes   bool
	text  string // of a table: its outcome, where items are not what it counts
	what  string // an item is; "item" where it is empty
	items []any  // of a table, for programs
	lines []string
	next  string // after which JID the table goes on
	job   int    // that was started

	missed int // recipients who were not reached

	remarks []string // what else there is to know
}

type shape int

const (
	done shape = iota
	answer
	table
	refusal
	started // and not done yet
)

func (s shape) String() string {
	return [...]string{done: "done", answer: "answer", table: "table", refusal: "refusal", started: "started"}[s]
}

// add adds an item to a table, and the line that shows it: its columns.
func (r *Result) add(item any, columns ...string) {
	r.items = append(r.items, item)
	r.lines = append(r.lines, strings.Join(columns, "\t"))
}

// Refused says whether the answer is that it could not be, and nothing was
// changed.
func (r Result) Refused() bool { return r.shape == refusal }

// Outcome is the answer in one line.
func (r Result) Outcome() string {
	switch r.shape {
	case answer:
		return strconv.FormatBool(r.yes)
	case table:
		return r.remarked(cmp.Or(r.text, count(len(r.items), cmp.Or(r.what, "item"))))
	case refusal, started:
		return oneLine(r.text)
	}
	return r.remarked("Done")
}

func (r Result) remarked(outcome string) string {
	return oneLine(strings.Join(append([]string{outcome}, r.remarks...), "; "))
}

// Lines is the answer as emanagement printed it: a table's rows with a tab
// between the columns.
func (r Result) Lines() []string {
	switch r.shape {
	case table:
		return notNil(r.lines)
	case done:
		return []string{"Done"}
	}
	return []string{r.Outcome()}
}

// MarshalJSON implements json.Marshaler.
func (r Result) MarshalJSON() ([]byte, error) {
	wire := struct {
		Shape   string   `json:"shape"`
		Outcome string   `json:"outcome"`
		Answer  *bool    `json:"answer,omitempty"`
		Items   *[]any   `json:"items,omitempty"`
		Missed  int      `json:"missed,omitempty"`
		Next    string   `json:"next,omitempty"`
		Job     int      `json:"job,omitempty"`
		Lines   []string `json:"lines"`
	}{Shape: r.shape.String(), Outcome: r.Outcome(), Missed: r.missed, Next: r.next, Job: r.job, Lines: r.Lines()}
	switch r.shape {
	case answer:
		wire.Answer = &r.yes
	case table:
		items := notNil(r.items)
		wire.Items = &items
	}
	return json.Marshal(wire)
}

// notNil has an empty list be one in JSON too.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func yesNo(yes bool) Result { return Result{shape: answer, yes: yes} }

func refused(format string, args ...any) Result {
	return Result{shape: refusal, text: fmt.Sprintf(format, args...)}
}

func accepted(job int, format string, args ...any) Result {
	return Result{shape: started, job: job, text: fmt.Sprintf(format, args...)}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// lines is a list of words, one a line.
func lines(what string, words []string) Result {
	r := Result{shape: table, what: what}
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

// rosterTable is a roster as emanagement showed it: jid, nick, subscription,
// ask, groups.
func rosterTable(items []rosterpush.Item) Result {
	r := Result{shape: table}
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
