// Package wire is what passes over the control socket, and its client. It is
// small, for a command that runs in a moment needs it: it knows no verbs.
package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Call is what a request says of how to run a verb. Either Args or Arguments
// has the arguments that emanagement had; the others are in Arguments.
type Call struct {
	Args      []string          `json:"args"`                // in their places, as on a command line
	Arguments map[string]Values `json:"arguments,omitempty"` // by parameter
	Confirm   bool              `json:"confirm,omitempty"`   // what the verb destroys is meant
}

// Values are those of one argument: in JSON a string, a number, a truth value,
// or a list of such.
type Values []string

// UnmarshalJSON implements json.Unmarshaler.
func (v *Values) UnmarshalJSON(text []byte) error {
	var many []any
	if err := decode(text, &many); err != nil {
		many = make([]any, 1)
		if err := decode(text, &many[0]); err != nil {
			return err
		}
	}
	*v = Values{}
	for _, one := range many {
		switch one := one.(type) {
		case string:
			*v = append(*v, one)
		case json.Number, bool:
			*v = append(*v, fmt.Sprint(one))
		default:
			return fmt.Errorf("%s: neither text nor a number, nor a list of these", text)
		}
	}
	return nil
}

// decode keeps numbers as they are written.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}

// Reply is one line of an answer: how far the verb is, or, in the last one,
// what came of it.
type Reply struct {
	Progress *Progress `json:"progress,omitempty"`
	Result   *Result   `json:"result,omitempty"`
	Error    *Error    `json:"error,omitempty"`
}

// Progress is how far a verb is.
type Progress struct {
	Text  string `json:"text"` // for people
	Done  int    `json:"done"`
	Total int    `json:"total"` // 0: nobody knows
}

// Result is a verb's answer, as cmd.Result is written.
type Result struct {
	Shape   string   `json:"shape"` // done, answer, table, refusal, started
	Outcome string   `json:"outcome"`
	Answer  bool     `json:"answer"` // of the shape answer
	Missed  int      `json:"missed"` // recipients who were not reached
	Next    string   `json:"next"`   // the JID after which a table goes on
	Lines   []string `json:"lines"`  // as emanagement printed them

	raw json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Result) UnmarshalJSON(text []byte) error {
	type plain Result
	if err := json.Unmarshal(text, (*plain)(r)); err != nil {
		return err
	}
	r.raw = append(json.RawMessage(nil), text...)
	return nil
}

// MarshalJSON implements json.Marshaler: what was read, to the letter, with
// the items that are not read here.
func (r Result) MarshalJSON() ([]byte, error) { return r.raw, nil }

// Error is a verb that was not carried out, or not to its end.
type Error struct {
	Kind  Kind   `json:"kind"`
	Text  string `json:"text"`            // for people
	Param string `json:"param,omitempty"` // of the kind argument: which one
	Word  string `json:"word,omitempty"`  // of the kind confirm: what it is aimed at
	Meant string `json:"meant,omitempty"` // of the kind unknown: the verb that may have been meant
	// Of the kind away: the server was not asked.
	NothingDone bool `json:"nothing_done,omitempty"`

	Unsent bool `json:"-"` // nobody was asked
}

func (e *Error) Error() string { return e.Text }

// Exit statuses of a command that runs a verb.
const (
	ExitDone  = 0 // or yes
	ExitNo    = 1 // or not done
	ExitUsage = 2 // nothing was done
	ExitAway  = 3 // the server, or the component
	// ExitInterrupted is what shells say of a program that Ctrl-C ends.
	ExitInterrupted = 130
)

// Exit is the exit status that a result means. What was only started is not done.
func (r Result) Exit() int {
	if r.Shape == "refusal" || r.Shape == "started" || r.Shape == "answer" && !r.Answer || r.Missed > 0 {
		return ExitNo
	}
	return ExitDone
}

// Exit is the exit status that an error means.
func (e *Error) Exit() int {
	switch e.Kind {
	case Usage, Argument, Unknown, Confirm:
		return ExitUsage
	case Away:
		return ExitAway
	}
	return ExitNo
}

// Print writes a result: the lines that emanagement printed, or the whole as
// JSON.
func (r Result) Print(out io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(out, r)
	}
	if len(r.Lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintln(out, strings.Join(r.Lines, "\n"))
	return err
}

func printJSON(out io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err == nil {
		_, err = fmt.Fprintln(out, string(text))
	}
	return err
}

// Print says what is wrong: as JSON, or on diag; what the script of 2012 said
// too, where it said it, on the standard output.
func (e *Error) Print(out, diag io.Writer, asJSON bool) {
	if asJSON {
		_ = printJSON(out, Reply{Error: e}) // there is nobody left to tell
		return
	}
	switch e.Kind {
	case Usage, Unknown:
		fmt.Fprintln(out, e.Text)
		if e.Meant != "" {
			fmt.Fprintf(diag, "emanagement: did you mean %s?\n", e.Meant)
		}
	case Confirm:
		fmt.Fprintf(diag, "emanagement: %s; nothing was done; to do it, add --yes\n", e.Text)
	default:
		fmt.Fprintln(diag, "emanagement:", e.Text)
	}
}

// Kind says in a word why a verb was not carried out.
type Kind string

// The kinds of errors.
const (
	Usage     Kind = "usage"     // too few or too many arguments
	Argument  Kind = "argument"  // one that the verb does not take
	Forbidden Kind = "forbidden" // the caller may not run it, or not there
	Unknown   Kind = "unknown"   // there is no such verb
	Confirm   Kind = "confirm"   // it destroys much, and was not confirmed
	Failed    Kind = "failed"    // it was not carried out, or not to its end
	Away      Kind = "away"      // the server did not answer, or is not there
)
