package ejabberd

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/presence"
)

var user = jid.MustParse("u@localhost")

// line returns a session as user_sessions_info lists it in an ad-hoc command.
func line(priority int, show, resource, status string) string {
	return fmt.Sprintf("c2s : ::ffff:127.0.0.1 : 40000 : %d : n@localhost : 5 : %s : %s : %s", priority, show, resource, status)
}

// parseSessions returns the presences of the sessions in ad-hoc answers, by resource.
func parseSessions(t *testing.T, resources []string, lines ...string) map[string]presence.Presence {
	t.Helper()
	records, err := allRecords(fieldAnswer(slices.Values(lines)), sessionColumns()...)
	require.NoError(t, err)
	list, err := mergeSessions(user, resources, records, false)
	require.NoError(t, err)
	presences := make(map[string]presence.Presence)
	for _, s := range list {
		assert.Equal(t, user, s.JID.Bare())
		presences[s.JID.Resourcepart()] = s.Presence
	}
	require.Len(t, presences, len(list))
	return presences
}

// TestSessions merges the resources of a user with the lines of the sessions.
func TestSessions(t *testing.T) {
	for name, test := range map[string]struct {
		resources, lines []string
		want             map[string]presence.Presence
	}{
		"none":        {nil, []string{""}, map[string]presence.Presence{}},
		"one":         {[]string{"r"}, []string{line(5, "away", "r", "")}, map[string]presence.Presence{"r": {Show: "away", Priority: 5}}},
		"available":   {[]string{"r"}, []string{line(-1, "available", "r", "s")}, map[string]presence.Presence{"r": {Status: "s", Priority: -1}}},
		"unavailable": {[]string{"r"}, []string{line(-1, "unavailable", "r", "")}, map[string]presence.Presence{"r": {Unavailable: true}}},
		"a status with everything": {
			[]string{"r"}, []string{line(0, "dnd", "r", "a : b : r : \nc2s : 1 ")},
			map[string]presence.Presence{"r": {Show: "dnd", Status: "a : b : r : \nc2s : 1 "}},
		},
		"resources that begin alike": {
			[]string{"a", "a : b", "a : b : c"},
			[]string{line(2, "xa", "a : b", "2"), line(3, "dnd", "a : b : c", "3"), line(1, "away", "a", "1")},
			map[string]presence.Presence{"a": {Show: "away", Status: "1", Priority: 1}, "a : b": {Show: "xa", Status: "2", Priority: 2}, "a : b : c": {Show: "dnd", Status: "3", Priority: 3}},
		},
		"ending":          {[]string{"a", "b"}, []string{line(-1, "offline", "a", ""), line(1, "away", "b", "")}, map[string]presence.Presence{"b": {Show: "away", Priority: 1}}},
		"ended meanwhile": {[]string{"a", "b"}, []string{line(1, "away", "b", "")}, map[string]presence.Presence{"b": {Show: "away", Priority: 1}}},
		"begun meanwhile": {[]string{"b"}, []string{line(1, "away", "a", ""), line(2, "away", "b", "")}, map[string]presence.Presence{"b": {Show: "away", Priority: 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, parseSessions(t, test.resources, test.lines...))
		})
	}
}

// TestSessionsAreExact checks that every resource is found once, for any resources and
// statuses. Structured records (JSON) are never mistaken for each other. Of the others, only
// those are whose resource begins with another one and " : ".
func TestSessionsAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 11))
	word := func() string {
		var w []string
		for range 1 + r.IntN(3) {
			w = append(w, []string{"a", "b", "ä", "c2s"}[r.IntN(4)])
		}
		return strings.Join(w, []string{" : ", " ", ":"}[r.IntN(3)])
	}
	for range 5000 {
		want := make(map[string]presence.Presence)
		var lines []string
		var records []record
		for i := range 1 + r.IntN(5) {
			resource, status := word(), word()
			if _, twice := want[resource]; twice {
				continue
			}
			want[resource] = presence.Presence{Show: "away", Status: status, Priority: i}
			lines = append(lines, line(i, "away", resource, status))
			records = append(records, record{"status": "away", "priority": fmt.Sprint(i), "resource": resource, "statustext": status})
		}
		r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		resources := slices.Collect(maps.Keys(want))

		got := parseSessions(t, resources, lines...)
		require.ElementsMatch(t, resources, slices.Collect(maps.Keys(got)))
		for resource := range want {
			alone := !slices.ContainsFunc(resources, func(o string) bool {
				return strings.HasPrefix(o, resource+" : ") || strings.HasPrefix(resource, o+" : ")
			})
			if alone {
				require.Equal(t, want[resource], got[resource], lines)
			}
		}
		gone := r.IntN(len(records)) // this session ends after the resources were listed
		delete(want, records[gone]["resource"])
		list, err := mergeSessions(user, resources, slices.Delete(records, gone, gone+1), true)
		require.NoError(t, err)
		require.Len(t, list, len(want))
		for _, s := range list {
			require.Equal(t, want[s.JID.Resourcepart()], s.Presence)
		}
	}
}

// TestMalformedSessions checks that a session that cannot be read is an error.
func TestMalformedSessions(t *testing.T) {
	for name, line := range map[string]string{
		"priority":   "c2s : ip : 1 : high : n : 5 : away : r : ",
		"too short":  "c2s : ip : 1 : 5 : n : 5 : away",
		"other text": "r",
	} {
		t.Run(name, func(t *testing.T) {
			records, err := allRecords(fieldAnswer(slices.Values([]string{line})), sessionColumns()...)
			if err == nil {
				_, err = mergeSessions(user, []string{"r"}, records, false)
			}
			assert.Error(t, err)
		})
	}
}
