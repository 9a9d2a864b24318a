package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
)

// maxName is how much of a verb's name is recorded: of one that the table does
// not have, whoever asks decides how long it is.
const maxName = 64

// recordsOf is where a run leaves its lines in the audit log, each of which
// says who asked for what, and the run's number, which no other run has.
func (n *Namespace) recordsOf(q Request) *slog.Logger {
	name := q.Verb[:min(len(q.Verb), maxName)]
	return n.audit.With("run", n.runs.Add(1), "asker", q.Asker.String(), "front", q.Front, "verb", name)
}

// report leaves one line for a write, whatever came of it, and one in the log
// for a failure.
func (n *Namespace) report(records *slog.Logger, v *Verb, values map[string][]string, r Result, err error, took time.Duration) {
	outcome := r.Outcome()
	if err != nil {
		outcome = err.Error()
		n.log.Warn("verb failed", "verb", v.Name, "took", took, "why", err)
	}
	if v.Role > Read {
		records.Info("verb", "arguments", v.loggable(values), "outcome", outcome, "took", took.String())
	}
}

// recordRefusal leaves a line where something is forbidden.
func recordRefusal(records *slog.Logger, a arguments, err error) {
	if _, ok := errors.AsType[*ForbiddenError](err); ok {
		records.Warn("forbidden", "arguments", a, "outcome", err.Error())
	}
}

// arguments are a verb's as they are recorded: a map in JSON, and words in
// text.
type arguments map[string][]string

func (a arguments) String() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(a)) {
		words = append(words, fmt.Sprintf("%s=%q", name, a[name]))
	}
	return cmp.Or(strings.Join(words, " "), "none")
}

// loggable is a verb's arguments without what people wrote to each other.
func (v *Verb) loggable(values map[string][]string) arguments {
	a := make(arguments)
	for _, p := range v.Params {
		if value := values[p.Name]; len(value) > 0 && p.Kind == Lines {
			a[p.Name] = []string{"(not shown)"}
		} else if len(value) > 0 {
			a[p.Name] = value
		}
	}
	return a
}
