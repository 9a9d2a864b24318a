package verb

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/verb/jobs"
)

var (
	boss    = jid.MustParse("boss@a.example/r")
	mate    = jid.MustParse("mate@a.example/r")
	limited = jid.MustParse("limited@a.example/r") // an admin, but of one host only
)

// extra is a namespace with verbs of the test's own, and what it says.
type extra struct {
	*Namespace
	records, log bytes.Buffer

	mu   sync.Mutex
	told []string // the messages: to whom, and what
	fail error    // of the next messages
}

func newExtra(ctx context.Context, verbs ...*Verb) *extra {
	e := new(extra)
	services := Services{
		Own: "emanagement.a.example", Jobs: jobs.New(ctx),
		Hosts: func(context.Context) ([]string, error) { return []string{"a.example", "b.example"}, nil },
		Tell: func(_ context.Context, to jid.JID, text string) error {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.told = append(e.told, to.String()+": "+text)
			return e.fail
		},
	}
	access := []Grant{
		{JID: boss.Bare(), Role: Admin},
		{JID: mate.Bare(), Role: Write},
		{JID: limited.Bare(), Role: Admin, Hosts: []string{"a.example"}},
	}
	e.Namespace = New(services, access, slog.New(slog.NewTextHandler(&e.records, nil)), slog.New(slog.NewTextHandler(&e.log, nil)))
	e.verbs = append(e.verbs, verbs...)
	return e
}

// run runs a verb with values in pairs of name and value.
func (e *extra) run(t testing.TB, asker jid.JID, verb string, pairs ...string) (Result, error) {
	return e.Run(t.Context(), Request{Asker: asker, Front: "test", Verb: verb, Values: values(pairs...)})
}

// answer is the outcome of a verb that must not fail.
func (e *extra) answer(t testing.TB, asker jid.JID, verb string, pairs ...string) string {
	t.Helper()
	r, err := e.run(t, asker, verb, pairs...)
	require.NoError(t, err)
	return strings.Join(r.Lines(), "\n")
}

func values(pairs ...string) map[string][]string {
	m := make(map[string][]string)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = append(m[pairs[i]], pairs[i+1])
	}
	return m
}
