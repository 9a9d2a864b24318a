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
	limited = jid.MustParse("limited@a.example/r") // an admin of one host only
)

// testNamespace is a namespace with additional verbs, its logs, and the messages that it sends.
type testNamespace struct {
	*Namespace
	records, log bytes.Buffer

	mu       sync.Mutex
	messages []string // about jobs: recipient and text
	fail     error    // returned for the next messages
}

func newTestNamespace(ctx context.Context, verbs ...*Verb) *testNamespace {
	e := new(testNamespace)
	services := Services{
		OwnDomain: "emanagement.a.example", Jobs: jobs.New(ctx),
		Hosts: func(context.Context) ([]string, error) { return []string{"a.example", "b.example"}, nil },
		Notify: func(_ context.Context, to jid.JID, text string) error {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.messages = append(e.messages, to.String()+": "+text)
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

// run runs a verb with arguments as pairs of name and value.
func (e *testNamespace) run(t testing.TB, requester jid.JID, verb string, pairs ...string) (Result, error) {
	return e.Run(t.Context(), Request{Requester: requester, Front: "test", Verb: verb, Values: values(pairs...)})
}

// answer runs a verb that must not fail, and returns its lines.
func (e *testNamespace) answer(t testing.TB, requester jid.JID, verb string, pairs ...string) string {
	t.Helper()
	r, err := e.run(t, requester, verb, pairs...)
	require.NoError(t, err)
	return strings.Join(r.Lines(), "\n")
}

// values makes arguments from pairs of name and value.
func values(pairs ...string) map[string][]string {
	m := make(map[string][]string)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = append(m[pairs[i]], pairs[i+1])
	}
	return m
}
