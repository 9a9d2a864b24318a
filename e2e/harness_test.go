package e2e_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// entry is an item as the server's own command tells it: another way than the
// stanzas that wrote it.
type entry struct {
	JID          string   `json:"jid"`
	Nick         string   `json:"nick"`
	Subscription string   `json:"subscription"`
	Groups       []string `json:"groups"`
}

// storedRow is an entry as the server sends it: before 24.02 once for each of
// its groups.
type storedRow struct {
	entry
	Group string `json:"group"`
}

// stored is what the server keeps as a user's roster, sorted.
func stored(t testing.TB, s *testserver.Server, user string) []entry {
	t.Helper()
	j := jid.MustParse(user)
	var rows []storedRow
	require.NoError(t, s.API(t.Context(), "get_roster", map[string]string{"user": j.Localpart(), "host": j.Domainpart()}, &rows))
	slices.SortFunc(rows, func(a, b storedRow) int { return strings.Compare(a.JID, b.JID) })
	entries := []entry{}
	for _, r := range rows {
		if r.Groups == nil {
			r.Groups = []string{}
		}
		last := len(entries) - 1
		if last < 0 || entries[last].JID != r.JID {
			entries, last = append(entries, r.entry), last+1
		}
		if r.Group != "" {
			entries[last].Groups = append(entries[last].Groups, r.Group)
		}
		slices.Sort(entries[last].Groups)
	}
	return entries
}

// serverLog is the server's log up to now. The server writes its log after it
// has answered, in the order of events: the log is complete when it shows a
// call that this function makes.
func serverLog(t testing.TB, s *testserver.Server) string {
	t.Helper()
	marker := strings.ToLower("marker-" + rand.Text())
	stored(t, s, marker+"@localhost")
	require.Eventually(t, func() bool { return strings.Contains(s.Log(), marker) }, time.Minute, 5*time.Millisecond)
	return s.Log()
}

// put writes items by the server's own command, several at once.
func put(t testing.TB, s *testserver.Server, user string, entries ...entry) {
	t.Helper()
	owner := jid.MustParse(user)
	var writing errgroup.Group
	writing.SetLimit(4)
	for _, e := range entries {
		contact := jid.MustParse(e.JID)
		item := map[string]any{
			"localuser": owner.Localpart(), "localhost": owner.Domainpart(),
			"user": contact.Localpart(), "host": contact.Domainpart(),
			"nick": e.Nick, "groups": append([]string{}, e.Groups...), "subs": e.Subscription,
		}
		if s.Kind() == testserver.Debian12 {
			delete(item, "groups")
			item["group"] = strings.Join(e.Groups, ";")
		}
		writing.Go(func() error { return s.API(t.Context(), "add_rosteritem", item, new(int)) })
	}
	require.NoError(t, writing.Wait())
}

// args makes the values of a form from pairs of field and value.
func args(pairs ...string) map[string][]string {
	m := make(map[string][]string)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = append(m[pairs[i]], pairs[i+1])
	}
	return m
}

// answer is a completed command as every client can show it: one note, its
// text in the title too, and the lines of the field result.
type answer struct {
	note, text string
	lines      []string
}

// run runs a verb through a client and checks the shape of its answer.
func run(t testing.TB, c *xmppclient.Client, verb string, pairs ...string) answer {
	t.Helper()
	r, err := c.Run(patience(t), service, verb, args(pairs...))
	require.NoError(t, err, r.Raw.String())
	require.Equal(t, "completed", r.Status, r.Raw.String())
	require.Len(t, r.Notes, 1)
	require.Equal(t, r.Notes[0].Text, r.Title)
	f, ok := r.Field("result")
	require.True(t, ok, r.Raw.String())
	return answer{r.Notes[0].Type, r.Notes[0].Text, f.Values}
}

// done runs a verb that must answer Done.
func done(t testing.TB, c *xmppclient.Client, verb string, pairs ...string) {
	t.Helper()
	require.Equal(t, answer{"info", "Done", []string{"Done"}}, run(t, c, verb, pairs...))
}

// patience is a context for what takes no longer than a moment.
func patience(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// people makes JIDs that no other test uses, at a host of the shared server.
func people(t testing.TB, host string, names ...string) []string {
	jids := make([]string, len(names))
	for i, n := range names {
		test := strings.NewReplacer("/", "-", "_", "-", "@", ".", "#", "").Replace(strings.ToLower(t.Name()))
		jids[i] = fmt.Sprintf("%s.%s@%s", n, test, host)
	}
	return jids
}
