package verb

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"emanagement/audit"
	"emanagement/rosterpush"
	"emanagement/verb/wire"
)

const (
	// maxName limits the recorded name of a verb, in bytes. The requester chooses the name,
	// and the table may not have it.
	maxName = 64
	// maxRecipients limits how many recipients the record of a run names. Each message has
	// a record of its own.
	maxRecipients = 3
)

// originOf returns the origin of one run, with a number that no other run has.
func (n *Namespace) originOf(q Request) rosterpush.Origin {
	name := q.Verb[:min(len(q.Verb), maxName)]
	return rosterpush.Origin{Run: n.runs.Add(1), Requester: q.Requester.String(), Front: q.Front, Verb: name}
}

// record writes the outcome of a run: a line in records, if that is not nil, and a line in
// the log if it failed.
func (n *Namespace) record(records *slog.Logger, v *Verb, values map[string][]string, r Result, err error, took time.Duration) {
	if err != nil {
		n.log.Warn("verb failed", "verb", v.Name, "took", took, "why", err)
	}
	if records == nil {
		return
	}
	outcome := r.Outcome()
	if err != nil {
		outcome = err.Error()
	}
	records.Info("verb", "arguments", v.loggable(values), "outcome", outcome, "took", took.String())
}

// recordsOf returns the log of one run, or nil if the verb only reads and is not Recorded.
func (n *Namespace) recordsOf(v *Verb, o rosterpush.Origin) *slog.Logger {
	if v.Role > Read || v.Recorded {
		return audit.Of(n.audit, o)
	}
	return nil
}

// recordForbidden writes a line to the audit log if the error is of the kind Forbidden, or
// counts it if the requester has many of them. v is nil if the role forbids the request.
// Then its arguments were not looked at.
func (n *Namespace) recordForbidden(q Request, v *Verb, err error) {
	if wire.KindOf(err) != wire.Forbidden || !n.refusals.admit(identity(q.Requester)) {
		return
	}
	var a arguments
	if v != nil {
		a = v.loggable(q.Values)
	}
	audit.Of(n.audit, n.originOf(q)).Warn("forbidden", "arguments", a, "outcome", err.Error())
}

// arguments are the recorded arguments of a run. A JSON log shows them as a map, a text log
// as words.
type arguments map[string][]string

// String returns the arguments as words, sorted by name.
func (a arguments) String() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(a)) {
		words = append(words, fmt.Sprintf("%s=%q", name, a[name]))
	}
	return cmp.Or(strings.Join(words, " "), "none")
}

// loggable returns the arguments to record. It leaves out the texts of messages, and names
// only the first of many recipients.
func (v *Verb) loggable(values map[string][]string) arguments {
	a := make(arguments)
	for _, p := range v.Params {
		value := values[p.Name]
		switch {
		case len(value) == 0:
		case p.Kind == Lines:
			a[p.Name] = []string{"(not shown)"}
		case p.Kind == Recipients || p.Kind == RecipientsOrAll:
			a[p.Name] = firstOf(splitJIDs(strings.TrimSpace(strings.Join(value, "\n"))))
		default:
			a[p.Name] = value
		}
	}
	return a
}

// firstOf returns the first recipients of a list and the number of the others.
func firstOf(recipients []string) []string {
	if len(recipients) <= maxRecipients {
		return recipients
	}
	return append(recipients[:maxRecipients:maxRecipients], fmt.Sprintf("and %d more", len(recipients)-maxRecipients))
}
