package verb_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/audit"
	"emanagement/rosterpush"
	"emanagement/verb"
	"emanagement/verb/wire"
)

// line is one line of the audit log.
type line struct {
	Msg, Front, Verb string
	Requester        string `json:"asker"`
	Run              int64
	Arguments        map[string][]string
	User, Outcome    string
}

// recorded is a namespace with rosters in memory, and its audit log.
type recorded struct {
	*verb.Namespace
	log bytes.Buffer
}

func newRecorded(server *memory, access ...verb.Grant) *recorded {
	if server.rosters == nil {
		server.rosters = make(map[string][]rosterpush.Item)
	}
	r := new(recorded)
	r.Namespace = verb.New(verb.Services{Rosters: rosterpush.New(audit.Rosters(server)), OwnDomain: own}, access,
		audit.NewLog(&r.log), slog.New(slog.DiscardHandler))
	return r
}

func (r *recorded) lines(t testing.TB) []line {
	t.Helper()
	var lines []line
	for text := range strings.Lines(r.log.String()) {
		var l line
		require.NoError(t, json.Unmarshal([]byte(text), &l), text)
		lines = append(lines, l)
	}
	return lines
}

// TestForbiddenIsRecorded checks that a forbidden request leaves a line, whether its role or
// its host forbids it.
func TestForbiddenIsRecorded(t *testing.T) {
	stranger, reader, writer := jid.MustParse("s@a.example/r"), jid.MustParse("r@a.example/r"), jid.MustParse("w@a.example/r")
	n := newRecorded(new(memory),
		verb.Grant{JID: reader.Bare(), Role: verb.Read},
		verb.Grant{JID: writer.Bare(), Role: verb.Write, Hosts: []string{"a.example"}})
	there := args("userJid", "u@b.example", "unknown", "x")
	for _, test := range []struct {
		requester jid.JID
		verb      string
		arguments map[string][]string
		outcome   string
	}{
		{stranger, "getRoster", nil, "s@a.example may not run commands here"},
		{stranger, "no such verb", nil, "s@a.example may not run commands here"},
		{reader, "removeRoster", nil, "r@a.example may not run removeRoster: it takes the role write"},
		{writer, "removeRoster", args("userJid", "u@b.example"), "w@a.example may not run removeRoster on b.example"},
		{writer, "getRoster", args("userJid", "u@b.example"), "w@a.example may not run getRoster on b.example"},
	} {
		n.log.Reset()
		_, err := n.Run(t.Context(), verb.Request{Requester: test.requester, Front: "test", Verb: test.verb, Values: there})
		require.EqualError(t, err, test.outcome)
		got := n.lines(t)
		require.Len(t, got, 1)
		assert.NotZero(t, got[0].Run)
		got[0].Run = 0
		assert.Equal(t, line{Msg: "forbidden", Requester: test.requester.String(), Front: "test", Verb: test.verb, Arguments: test.arguments, Outcome: test.outcome}, got[0])
	}

	n.log.Reset()
	_, err := n.Run(t.Context(), verb.Request{Requester: reader, Front: "test", Verb: "no such verb"})
	require.Equal(t, wire.Unknown, wire.KindOf(err))
	_, err = n.Find(stranger, "getRoster")
	require.Error(t, err)
	assert.Empty(t, n.log.String(), "neither a misspelt verb nor Find is a forbidden run")
}

// TestFailureIsRecorded checks that the log has the cause of a failure, which the requester
// does not learn.
func TestFailureIsRecorded(t *testing.T) {
	n := newRecorded(&memory{fail: func(write bool) error {
		if write {
			return errors.New("the cause")
		}
		return nil
	}}, everything)
	values := args("userJid", "u@a.example", "buddyJid", "b@a.example", "subscription_type", "to")
	_, err := n.Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: "addBuddyToRoster", Values: values})
	require.Error(t, err)
	got := n.lines(t)
	require.Len(t, got, 2)
	assert.Equal(t, "the cause", got[0].Outcome)
	assert.Contains(t, got[1].Outcome, "the cause")
	assert.Equal(t, values, got[1].Arguments)
}

// TestRunsAreNumbered checks that the lines of one run have a number that no other run has:
// neither a concurrent one nor one after a restart.
func TestRunsAreNumbered(t *testing.T) {
	const starts, runs = 2, 100
	users := make(map[int64]string) // by run
	for range starts {
		n := newRecorded(new(memory), everything)
		var all sync.WaitGroup
		for i := range runs {
			all.Go(func() {
				values := args("userAJid", fmt.Sprintf("u%d@a.example", i), "userBJid", fmt.Sprintf("v%d@a.example", i))
				_, err := n.Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: "setBidireccionalBuddys", Values: values})
				assert.NoError(t, err)
			})
		}
		all.Wait()
		count := make(map[int64]int)
		for _, l := range n.lines(t) {
			pair := l.User
			if l.Msg == "verb" {
				pair = l.Arguments["userAJid"][0]
			}
			pair = strings.TrimLeft(pair, "uv")
			if count[l.Run]++; count[l.Run] == 1 {
				require.NotContains(t, users, l.Run)
				users[l.Run] = pair
			}
			require.Equal(t, users[l.Run], pair)
		}
		for run, lines := range count {
			require.Equal(t, 3, lines, run)
		}
	}
	assert.Len(t, users, starts*runs)
}

// FuzzArgumentsAreOneLine checks that a request leaves one line with its exact arguments,
// whatever these contain.
func FuzzArgumentsAreOneLine(f *testing.F) {
	for _, s := range []string{
		"", "x", "a\nb", "\r\n", `"`, `\`, "\x00", "\xff", "\u2028", "x\" outcome=Done\ntime=", "{}\n{\"msg\":\"verb\"}", strings.Repeat("é", 40),
	} {
		f.Add(s, "subscription_type")
		f.Add("removeRoster", s)
	}
	valid := func(s string) string { return string([]rune(s)) }
	f.Fuzz(func(t *testing.T, name, value string) {
		if len(value) > verb.DefaultLimits().Nick {
			t.Skip("a longer one is an invalid argument, and leaves no line")
		}
		n := newRecorded(new(memory), verb.Grant{JID: jid.MustParse("w@a.example"), Role: verb.Write, Hosts: []string{"a.example"}})
		_, err := n.Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: name})
		require.Error(t, err)
		got := n.lines(t)
		require.Len(t, got, 1)
		assert.Equal(t, "forbidden", got[0].Msg)
		assert.LessOrEqual(t, utf8.RuneCountInString(got[0].Verb), 64)
		assert.True(t, strings.HasPrefix(valid(name), strings.TrimRight(got[0].Verb, "\uFFFD")), "%q", got[0].Verb)

		n.log.Reset()
		_, err = n.Run(t.Context(), verb.Request{Requester: jid.MustParse("w@a.example/r"), Front: "test", Verb: "addBuddyToRoster",
			Values: args("userJid", "u@b.example", "buddyJid", "b@a.example", "subscription_type", "to", "buddyNick", value, "unknown", value)})
		require.Error(t, err)
		got = n.lines(t)
		require.Len(t, got, 1)
		assert.Equal(t, args("userJid", "u@b.example", "buddyJid", "b@a.example", "subscription_type", "to", "buddyNick", valid(value)), got[0].Arguments)
	})
}
