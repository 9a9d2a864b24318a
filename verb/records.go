package verb

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"emanagement/verb/wire"
)

const (
	// maxName is how much of a verb's name is recorded: of one that the table
	// does not have, whoever asks decides how long it is.
	maxName = 64
	// maxPeople is how many recipients stand in the line of a run: each has a
	// line of its own for what was sent.
	maxPeople = 3
)

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
	if v.Role > Read || v.Recorded {
		records.Info("verb", "arguments", v.loggable(values), "outcome", outcome, "took", took.String())
	}
}

// recordRefusal leaves a line where something is forbidden.
func recordRefusal(records *slog.Logger, a arguments, err error) {
	if wire.KindOf(err) == wire.Forbidden {
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

// loggable is a verb's arguments without what people wrote to each other, and
// of many recipients the first.
func (v *Verb) loggable(values map[string][]string) arguments {
	a := make(arguments)
	for _, p := range v.Params {
		value := values[p.Name]
		switch {
		case len(value) == 0:
		case p.Kind == Lines:
			a[p.Name] = []string{"(not shown)"}
		case p.Kind == Recipients || p.Kind == RecipientsOrAll:
			a[p.Name] = firstOf(peopleIn(strings.TrimSpace(strings.Join(value, "\n"))))
		default:
			a[p.Name] = value
		}
	}
	return a
}

func firstOf(people []string) []string {
	if len(people) <= maxPeople {
		return people
	}
	return append(people[:maxPeople:maxPeople], fmt.Sprintf("and %d more", len(people)-maxPeople))
}
