package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/audit"
	"emanagement/rosterpush"
)

// memory is a server that keeps rosters in memory, with writes that fail on request.
type memory struct {
	mu      sync.Mutex
	rosters map[string]map[string]rosterpush.Item // by user and contact
	writes  int
	fail    func(user jid.JID, write int) error // called before each write with its number, from 1 on
}

func newMemory(fail func(user jid.JID, write int) error) *memory {
	return &memory{rosters: make(map[string]map[string]rosterpush.Item), fail: fail}
}

func (*memory) MayShare(context.Context, string) bool { return false }

func (m *memory) Roster(_ context.Context, user jid.JID, _ *rosterpush.Roster) (*rosterpush.Roster, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var items []rosterpush.Item
	for _, i := range m.rosters[user.String()] {
		items = append(items, i)
	}
	return rosterpush.NewRoster("", items), nil
}

func (m *memory) Put(_ context.Context, user jid.JID, item rosterpush.Item, _ *rosterpush.Item) error {
	return m.write(user, func(roster map[string]rosterpush.Item) { roster[item.JID.String()] = item })
}

func (m *memory) Remove(_ context.Context, user jid.JID, was rosterpush.Item) error {
	return m.write(user, func(roster map[string]rosterpush.Item) { delete(roster, was.JID.String()) })
}

func (*memory) Spelling(host string) string { return host }

func (m *memory) write(user jid.JID, change func(roster map[string]rosterpush.Item)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	if m.fail != nil {
		if err := m.fail(user, m.writes); err != nil {
			return err
		}
	}
	if m.rosters[user.String()] == nil {
		m.rosters[user.String()] = make(map[string]rosterpush.Item)
	}
	change(m.rosters[user.String()])
	return nil
}

var a, b = jid.MustParse("a@a.example"), jid.MustParse("b@b.example")

// item is one decoded line.
type item struct {
	Run                   int
	User, Contact         string
	Before, After         *state
	Outcome, Level, Msg   string
	Time                  string
	Asker, Front, Unknown string
}

type state struct {
	Subscription, Name string
	Groups             []string
	Ask                bool
}

// decode decodes the lines of an audit log. A line must have no other keys than item.
func decode(t testing.TB, text string) []item {
	t.Helper()
	require.True(t, text == "" || strings.HasSuffix(text, "\n"))
	var items []item
	for line := range strings.Lines(text) {
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		var i item
		require.NoError(t, d.Decode(&i), line)
		i.Time = ""
		items = append(items, i)
	}
	return items
}

func TestEveryWriteIsRecorded(t *testing.T) {
	var log bytes.Buffer
	rosters := rosterpush.New(audit.Rosters(newMemory(nil)))
	ctx := audit.With(t.Context(), audit.NewLog(&log))
	put := func(name string, s rosterpush.Subscription, groups ...string) {
		_, err := rosters.Put(ctx, a, rosterpush.Item{JID: b, Name: name, Subscription: s, Groups: groups}, rosterpush.Fields{})
		require.NoError(t, err)
	}
	line := func(before, after *state) item {
		return item{User: "a@a.example", Contact: "b@b.example", Before: before, After: after, Outcome: "done", Level: "INFO", Msg: "item"}
	}
	one, two := &state{"from", "B", []string{"a;b", "c"}, false}, &state{"both", "", []string{}, false}

	put("B", rosterpush.From, "c", "a;b")
	put("B", rosterpush.From, "a;b", "c")
	_, err := rosters.Get(ctx, a)
	require.NoError(t, err)
	assert.Equal(t, []item{line(nil, one)}, decode(t, log.String()), "neither an unchanged item nor a read is recorded")

	put("", rosterpush.Both)
	require.NoError(t, rosters.Remove(ctx, a, b))
	assert.Equal(t, []item{line(nil, one), line(one, two), line(two, nil)}, decode(t, log.String()))
}

func TestPendingIsRecorded(t *testing.T) {
	var log bytes.Buffer
	server := audit.Rosters(newMemory(nil))
	ctx := audit.With(t.Context(), audit.NewLog(&log))
	require.NoError(t, server.Remove(ctx, a, rosterpush.Item{JID: b, Subscription: rosterpush.None, Pending: true}))
	assert.Equal(t, &state{"none", "", []string{}, true}, decode(t, log.String())[0].Before)
}

func TestContextWithoutLog(t *testing.T) {
	server := newMemory(nil)
	require.NoError(t, audit.Rosters(server).Put(t.Context(), a, rosterpush.Item{JID: b}, nil))
	assert.Equal(t, 1, server.writes, "the write is made, and not recorded")
}

// TestRollbackIsRecorded: the second side of a pair fails, and the first is restored by
// two writes.
func TestRollbackIsRecorded(t *testing.T) {
	var log bytes.Buffer
	rosters := rosterpush.New(audit.Rosters(newMemory(func(user jid.JID, _ int) error {
		if user.Equal(b) {
			return errors.New("no room")
		}
		return nil
	})))
	ctx := audit.With(t.Context(), audit.NewLog(&log))
	_, err := rosters.SetPair(ctx, rosterpush.Half{User: a}, rosterpush.Half{User: b})
	require.Error(t, err)

	both, none := &state{Subscription: "both", Groups: []string{}}, &state{Subscription: "none", Groups: []string{}}
	var got []string
	for _, i := range decode(t, log.String()) {
		got = append(got, fmt.Sprintf("%s: %v -> %v: %s", i.User, i.Before, i.After, i.Outcome))
	}
	line := func(user string, before, after *state, outcome string) string {
		return fmt.Sprintf("%s: %v -> %v: %s", user, before, after, outcome)
	}
	require.Len(t, got, 4)
	assert.ElementsMatch(t, []string{line("a@a.example", nil, both, "done"), line("b@b.example", nil, both, "no room")}, got[:2], "the two are written at once")
	assert.Equal(t, []string{line("a@a.example", both, none, "done"), line("a@a.example", none, nil, "done")}, got[2:])
}

// TestRunsDoNotMix writes to one log from many runs concurrently.
func TestRunsDoNotMix(t *testing.T) {
	const runs, writes = 50, 20
	var log bytes.Buffer // the handler serializes the writes
	records := audit.NewLog(&log)
	server := audit.Rosters(newMemory(nil))
	var all sync.WaitGroup
	for run := range runs {
		all.Go(func() {
			ctx := audit.With(t.Context(), records.With("run", run))
			for w := range writes {
				user := jid.MustParse(fmt.Sprintf("user%d@a.example", run))
				assert.NoError(t, server.Put(ctx, user, rosterpush.Item{JID: b, Name: strconv.Itoa(w)}, nil))
			}
		})
	}
	all.Wait()
	next := make(map[int]int)
	for _, i := range decode(t, log.String()) {
		assert.Equal(t, fmt.Sprintf("user%d@a.example", i.Run), i.User)
		assert.Equal(t, strconv.Itoa(next[i.Run]), i.After.Name, "in their order")
		next[i.Run]++
	}
	assert.Len(t, next, runs)
	for _, n := range next {
		assert.Equal(t, writes, n)
	}
}

// FuzzNoForgery: no nick, group or error text can add a line, and each can be read back
// from its line unchanged.
func FuzzNoForgery(f *testing.F) {
	for _, s := range []string{
		"", "B", "a b", "a\nb", "\n", "\r\n", `"`, `\`, `" outcome=done`, "\" }\n{\"msg\":\"item\"", "x outcome=done\ntime=2026",
		"\x00\x1b[2K\r", "\xff\xfe", "\u2028\u2029\u0085", "<&>", "😀", "[a] [b]", `"] ["`,
	} {
		f.Add(s, "group", "done")
		f.Add("name", s, s)
	}
	f.Fuzz(func(t *testing.T, name, group, failure string) {
		server := audit.Rosters(newMemory(func(jid.JID, int) error { return errors.New(failure) }))
		written := func(handler slog.Handler) {
			ctx := audit.With(t.Context(), slog.New(handler))
			require.Error(t, server.Put(ctx, a, rosterpush.Item{JID: b, Name: name, Subscription: rosterpush.To, Groups: []string{group, "last"}}, nil))
		}
		var log bytes.Buffer
		written(audit.NewLog(&log).Handler())
		require.Equal(t, 1, strings.Count(log.String(), "\n"))
		got := decode(t, log.String())[0]
		valid := func(s string) string { return string([]rune(s)) } // invalid UTF-8 is replaced; XML cannot carry it either
		assert.Equal(t, &state{"to", valid(name), []string{valid(group), "last"}, false}, got.After)
		assert.Equal(t, valid(failure), got.Outcome)

		log.Reset()
		written(slog.NewTextHandler(&log, nil))
		require.Equal(t, 1, strings.Count(log.String(), "\n"))
		var keys []string
		for _, word := range words(t, strings.TrimSuffix(log.String(), "\n")) {
			keys = append(keys, word.key)
			switch word.key {
			case "after":
				assert.Equal(t, fmt.Sprintf("to %q %q", name, []string{group, "last"}), word.value)
			case "outcome":
				assert.Equal(t, failure, word.value)
			}
		}
		assert.Equal(t, []string{"time", "level", "msg", "user", "contact", "before", "after", "outcome"}, keys)
	})
}

type word struct{ key, value string }

// words parses a line of key=value and key="value" pairs.
func words(t *testing.T, line string) []word {
	var all []word
	for line != "" {
		key, rest, ok := strings.Cut(line, "=")
		require.True(t, ok, line)
		value := rest
		if strings.HasPrefix(rest, `"`) {
			quoted, err := strconv.QuotedPrefix(rest)
			require.NoError(t, err, rest)
			value, err = strconv.Unquote(quoted)
			require.NoError(t, err)
			rest = rest[len(quoted):]
		} else {
			value, _, _ = strings.Cut(rest, " ")
			rest = rest[len(value):]
		}
		all = append(all, word{key, value})
		line = strings.TrimPrefix(rest, " ")
	}
	return all
}
