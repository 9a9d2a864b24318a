// Package wire defines what passes between the component and programs: calls, results,
// progress and errors, as JSON. It is the same on the control socket, in the field
// json of an ad-hoc command, and in the output of emanagement --json (docs/control.md).
package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Call is a request to run a verb. Either Args or Arguments has the arguments that
// have a place on a command line. The others are in Arguments.
type Call struct {
	Args      []string          `json:"args"`                // in their places
	Arguments map[string]Values `json:"arguments,omitempty"` // by parameter
	Confirm   bool              `json:"confirm,omitempty"`   // confirms what the verb destroys
	Wait      bool              `json:"wait,omitempty"`      // waits for a server that is away
}

// Values are the values of one argument. In JSON they are a string, a number, a boolean, or
// a list of these.
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

// decode decodes JSON and keeps the text of numbers.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}

// Reply is one line of an answer. The last line has the result or an error, the lines
// before it have the progress.
type Reply struct {
	Progress *Progress `json:"progress,omitempty"`
	Result   *Result   `json:"result,omitempty"`
	Error    *Error    `json:"error,omitempty"`
}

// Progress is how far a verb is: Done of Total.
type Progress struct {
	Text  string `json:"text"` // for people
	Done  int    `json:"done,omitempty"`
	Total int    `json:"total,omitempty"` // 0: unknown
}
