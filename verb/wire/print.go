package wire

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Exit statuses of a command that runs a verb.
const (
	ExitDone        = 0   // done, or yes
	ExitNo          = 1   // no, or not done
	ExitUsage       = 2   // wrong usage; nothing was done
	ExitAway        = 3   // the server or the component is away
	ExitInterrupted = 130 // what shells report for a program that Ctrl-C has ended
)

// Exit returns the exit status for a result. A verb that continues as a job is not done.
func (r Result) Exit() int {
	no := r.Shape == Answer && (r.Answer == nil || !*r.Answer)
	if r.Shape == Refusal || r.Shape == Started || no || r.Missed > 0 {
		return ExitNo
	}
	return ExitDone
}

// Exit returns the exit status for an error.
func (e *Error) Exit() int {
	switch e.Kind {
	case Usage, Argument, Unknown, Confirm:
		return ExitUsage
	case Away:
		return ExitAway
	}
	return ExitNo
}

// Print writes a result: the lines that the script of 2012 printed, or the whole result as
// JSON. A result that was unmarshalled keeps its text, with the fields that this version does
// not know.
func (r Result) Print(out io.Writer, asJSON bool) error {
	if asJSON && r.raw != nil {
		_, err := fmt.Fprintln(out, string(r.raw))
		return err
	}
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

// Print writes an error: as JSON to out, or as text to diag. The errors of the script of
// 2012 go to out, as they did then.
func (e *Error) Print(out, diag io.Writer, asJSON bool) {
	if asJSON {
		_ = printJSON(out, Reply{Error: e}) // a failure here cannot be reported either
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
