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

// storedItem is a roster item as the server's own API command returns it. The
// tests read it that way because the component writes by stanzas.
type storedItem struct {
	JID          string   `json:"jid"`
	Nick         string   `json:"nick"`
	Subscription string   `json:"subscription"`
	Groups       []string `json:"groups"`
}

// rosterRow is an item as the server's answer has it. Before 24.02 the answer
// has one row for each group of an item.
type rosterRow struct {
	storedItem
	Group string `json:"group"`
}

// storedRoster returns the roster that the server stores for a user, sorted by
// JID.
func storedRoster(t testing.TB, s *testserver.Server, user string) []storedItem {
	t.Helper()
	j := jid.MustParse(user)
	var rows []rosterRow
	require.NoError(t, s.API(t.Context(), "get_roster", map[string]string{"user": j.Localpart(), "host": j.Domainpart()}, &rows))
	slices.SortFunc(rows, func(a, b rosterRow) int { return strings.Compare(a.JID, b.JID) })
	items := []storedItem{}
	for _, r := range rows {
		if r.Groups == nil {
			r.Groups = []string{}
		}
		last := len(items) - 1
		if last < 0 || items[last].JID != r.JID {
			items, last = append(items, r.storedItem), last+1
		}
		if r.Group != "" {
			items[last].Groups = append(items[last].Groups, r.Group)
		}
		slices.Sort(items[last].Groups)
	}
	return items
}

// serverLog returns the server's log. The server writes the log in the order of
// events, but after it has answered. So serverLog makes a call of its own, and
// waits until the log shows it.
func serverLog(t testing.TB, s *testserver.Server) string {
	t.Helper()
	marker := strings.ToLower("marker-" + rand.Text())
	storedRoster(t, s, marker+"@localhost")
	require.Eventually(t, func() bool { return strings.Contains(s.Log(), marker) }, time.Minute, 5*time.Millisecond)
	return s.Log()
}

// storeItems writes items by the server's own API command, several at once.
func storeItems(t testing.TB, s *testserver.Server, user string, items ...storedItem) {
	t.Helper()
	owner := jid.MustParse(user)
	var writing errgroup.Group
	writing.SetLimit(4)
	for _, e := range items {
		contact := jid.MustParse(e.JID)
		arguments := map[string]any{
			"localuser": owner.Localpart(), "localhost": owner.Domainpart(),
			"user": contact.Localpart(), "host": contact.Domainpart(),
			"nick": e.Nick, "groups": append([]string{}, e.Groups...), "subs": e.Subscription,
		}
		if s.Kind() == testserver.Debian12 {
			delete(arguments, "groups")
			arguments["group"] = strings.Join(e.Groups, ";")
		}
		writing.Go(func() error { return s.API(t.Context(), "add_rosteritem", arguments, new(int)) })
	}
	require.NoError(t, writing.Wait())
}

// formValues returns the values of a form from pairs of a field and a value.
func formValues(pairs ...string) map[string][]string {
	m := make(map[string][]string)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = append(m[pairs[i]], pairs[i+1])
	}
	return m
}

// answer is the answer to a completed command: the type and text of its one
// note, and the lines of the field result. The title repeats the text of the
// note, because some clients show only one of the two.
type answer struct {
	note, text string
	lines      []string
}

// runVerb runs a verb through a client, in one step, and checks the structure
// of the answer.
func runVerb(t testing.TB, c *xmppclient.Client, verb string, pairs ...string) answer {
	t.Helper()
	r, err := c.Run(shortContext(t), service, verb, formValues(pairs...))
	require.NoError(t, err, r.Raw.String())
	require.Equal(t, "completed", r.Status, r.Raw.String())
	require.Len(t, r.Notes, 1)
	require.Equal(t, r.Notes[0].Text, r.Title)
	f, ok := r.Field("result")
	require.True(t, ok, r.Raw.String())
	return answer{r.Notes[0].Type, r.Notes[0].Text, f.Values}
}

// requireDone runs a verb that must answer Done.
func requireDone(t testing.TB, c *xmppclient.Client, verb string, pairs ...string) {
	t.Helper()
	require.Equal(t, answer{"info", "Done", []string{"Done"}}, runVerb(t, c, verb, pairs...))
}

// refusalAnswer is the answer of a verb that refuses, with this text.
func refusalAnswer(text string) answer { return answer{"error", text, []string{text}} }

// requireFailure runs a verb that must fail with an error, and returns the
// error's text.
func requireFailure(t *testing.T, c *xmppclient.Client, verb string, pairs ...string) string {
	t.Helper()
	_, err := c.Run(shortContext(t), service, verb, formValues(pairs...))
	require.Error(t, err)
	return err.Error()
}

// shortContext returns a context that ends after a minute or with the test.
func shortContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// uniqueJIDs returns JIDs at a host that contain the names and are not used by
// any other test.
func uniqueJIDs(t testing.TB, host string, names ...string) []string {
	jids := make([]string, len(names))
	for i, n := range names {
		test := strings.NewReplacer("/", "-", "_", "-", "@", ".", "#", "").Replace(strings.ToLower(t.Name()))
		jids[i] = fmt.Sprintf("%s.%s@%s", n, test, host)
	}
	return jids
}
