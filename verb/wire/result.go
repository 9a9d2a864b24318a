package wire

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Shape is the kind of a result.
type Shape string

// The shapes.
const (
	Done    Shape = "done"
	Answer  Shape = "answer"  // yes or no
	Table   Shape = "table"   // Items
	Refusal Shape = "refusal" // the verb refused, and nothing was changed
	Started Shape = "started" // the verb continues as a job
)

// Result is the answer of a verb that ran.
type Result struct {
	Shape   Shape    `json:"shape"`
	Outcome string   `json:"outcome"`          // in one line
	Answer  *bool    `json:"answer,omitempty"` // of the shape answer
	Items   Items    `json:"items,omitzero"`   // of the shape table; not nil then
	Missed  int      `json:"missed,omitempty"` // recipients that were not reached
	Next    string   `json:"next,omitempty"`   // the JID after which a truncated table continues
	Job     int      `json:"job,omitempty"`    // the number of the started job
	Lines   []string `json:"lines"`            // as the script of 2012 printed them

	// The parts of a table's Outcome and Lines, so that the pages of a long list can be
	// joined. Counted is what Outcome counts: "item", "user".
	Counted string   `json:"counted,omitempty"`
	Remarks []string `json:"remarks,omitempty"` // in Outcome, after the count
	Closing bool     `json:"closing,omitempty"` // the last of Lines is not a row

	raw json.RawMessage // the text that was unmarshalled; Print writes it
}

// Items are the rows of a table. Unmarshalled, each is a json.RawMessage.
type Items []any

// UnmarshalJSON implements json.Unmarshaler.
func (i *Items) UnmarshalJSON(text []byte) error {
	var rows []json.RawMessage
	if err := json.Unmarshal(text, &rows); err != nil {
		return err
	}
	*i = make(Items, len(rows))
	for n, row := range rows {
		(*i)[n] = row
	}
	return nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Result) UnmarshalJSON(text []byte) error {
	type plain Result
	if err := json.Unmarshal(text, (*plain)(r)); err != nil {
		return err
	}
	r.raw = slices.Clone(text)
	return nil
}

// More is part of the outcome of a list that a limit has truncated.
const More = "there are more"

// ContinueHint follows More. It tells people how to get the rest of the list.
func ContinueHint(after string) string { return ": go on with from = " + after }

// TableOutcome returns the outcome of a table: the number of its items, whether there are
// more, and the remarks. withHint is false if the front tells in another way how to get the
// rest.
func (r Result) TableOutcome(withHint bool) string {
	parts := []string{Count(len(r.Items), cmp.Or(r.Counted, "item"))}
	switch {
	case r.Next != "" && withHint:
		parts = append(parts, More+ContinueHint(r.Next))
	case r.Next != "":
		parts = append(parts, More)
	}
	return strings.Join(append(parts, r.Remarks...), "; ")
}

// Count returns a number of things in words: "1 item", "2 items".
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Joined returns a list together with its next page. Everything except the rows, such as the
// remarks, comes from the next page.
func (r Result) Joined(page Result) Result {
	lines := r.Lines
	if r.Closing && len(lines) > 0 {
		lines = lines[:len(lines)-1]
	}
	page.Items = slices.Concat(r.Items, page.Items)
	page.Lines = slices.Concat(lines, page.Lines)
	page.raw = nil
	page.Outcome = page.TableOutcome(true)
	return page
}
