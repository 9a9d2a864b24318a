package cmd

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"emanagement/rosterpush"
)

// Result is a verb's answer: one of done, yes or no, a table, a refusal, or that
// it has been started.
type Result struct {
	shape shape
	yes   bool
	text  string // of a table: its outcome, where rows are not what it counts
	rows  [][]string
	what  string // a row is; "item" where it is empty

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

// Refused says whether the answer is that it could not be, and nothing was
// changed.
func (r Result) Refused() bool { return r.shape == refusal }

// Outcome is the answer in one line.
func (r Result) Outcome() string {
	switch r.shape {
	case answer:
		return strconv.FormatBool(r.yes)
	case table:
		return r.remarked(cmp.Or(r.text, count(len(r.rows), cmp.Or(r.what, "item"))))
	case refusal, started:
		return r.text
	}
	return r.remarked("Done")
}

func (r Result) remarked(outcome string) string {
	return strings.Join(append([]string{outcome}, r.remarks...), "; ")
}

// Lines is the answer as emanagement printed it: a table's rows with a tab
// between the columns.
func (r Result) Lines() []string {
	switch r.shape {
	case table:
	case done:
		return []string{"Done"}
	default:
		return []string{r.Outcome()}
	}
	lines := make([]string, len(r.rows))
	for i, row := range r.rows {
		lines[i] = strings.Join(row, "\t")
	}
	return lines
}

func yesNo(yes bool) Result { return Result{shape: answer, yes: yes} }

func refused(format string, args ...any) Result {
	return Result{shape: refusal, text: fmt.Sprintf(format, args...)}
}

func accepted(format string, args ...any) Result {
	return Result{shape: started, text: fmt.Sprintf(format, args...)}
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
		r.rows = append(r.rows, []string{escape(w)})
	}
	return r
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
		r.rows = append(r.rows, []string{
			escape(i.JID.String()), escape(i.Name), string(i.Subscription), ask, strings.Join(groups, ";"),
		})
	}
	return r
}

// escape keeps a value from being taken for more than one line or column.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`).Replace(s)
}
