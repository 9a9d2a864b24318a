package rostersync_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/memory"
	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
	"emanagement/rostersync"
	"emanagement/rostersync/graph"
	"emanagement/store"
)

const host = "h.example"

// rig is a syncer over a server in memory.
type rig struct {
	*rostersync.Syncer
	t      *testing.T
	server *memory.Server
}

func newRig(t *testing.T) *rig {
	state, err := store.Open(t.Context(), "", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, state.Close()) })
	server := memory.New()
	rosters := rosterpush.New(server)
	all := hosts.Source{Name: "all", Users: func(context.Context, string) (users []jid.JID, conclusive bool, err error) {
		for user := range server.Copy() {
			users = append(users, jid.MustParse(user))
		}
		return users, true, nil
	}}
	return &rig{rostersync.New(state.Syncs(), rosters, hosts.New(rosters, all)), t, server}
}

func noProgress(rostersync.Progress) {}

// plan plans a run with CSV as its input, without the header.
func (r *rig) plan(o rostersync.Options, rows ...string) rostersync.Report {
	report, err := r.tryPlan(o, rows...)
	require.NoError(r.t, err)
	return report
}

func (r *rig) tryPlan(o rostersync.Options, rows ...string) (rostersync.Report, error) {
	o.Host = host
	text := "user,contact,type,user_nick,contact_nick,user_group,contact_group,user_id,contact_id\n" + strings.Join(rows, "\n") + "\n"
	in := graph.Input{Name: "in", Reader: strings.NewReader(text), Whole: func() error { return nil }}
	return r.Plan(r.t.Context(), rostersync.KindPlan, o, "tester", in, graph.Options{Host: host, GroupSeparator: "|"}, noProgress)
}

// sync plans and applies.
func (r *rig) sync(o rostersync.Options, rows ...string) rostersync.Report {
	return r.apply(r.plan(o, rows...))
}

func (r *rig) apply(p rostersync.Report) rostersync.Report {
	report, err := r.Apply(r.t.Context(), p.Run, noProgress)
	require.NoError(r.t, err)
	require.Equal(r.t, rostersync.Applied, report.State)
	return report
}

// roster returns a user's items as words, sorted.
func (r *rig) roster(user string) (lines []string) {
	for contact, i := range r.server.Copy()[user+"@"+host] {
		lines = append(lines, fmt.Sprintf("%s %s %q %q", strings.TrimSuffix(contact, "@"+host), i.Subscription, i.Name, i.Groups))
	}
	slices.Sort(lines)
	return lines
}

func row(user, contact, kind string, rest ...string) string {
	rest = append(rest, make([]string, 6)...)[:6]
	return fmt.Sprintf("%s@%s,%s@%s,%s,%s", user, host, contact, host, kind, strings.Join(rest, ","))
}

func item(contact string, s rosterpush.Subscription, name string, groups ...string) rosterpush.Item {
	if groups == nil {
		groups = []string{}
	}
	return rosterpush.Item{JID: jid.MustParse(contact + "@" + host), Subscription: s, Name: name, Groups: groups}
}

// TestRandom compares what a sync makes of random graphs, rosters and edits with the rules, and
// undoes it.
func TestRandom(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 321))
			r := newRig(t)
			user := func() string { return fmt.Sprintf("u%d", random.IntN(7)) }
			randomly := func() {
				u, c := user(), user()
				if u == c {
					return
				}
				switch random.IntN(4) {
				case 0:
					delete(r.server.Rosters[u+"@"+host], c+"@"+host)
				default:
					groups := [][]string{{}, {"mine"}, {"ties"}, {"mine", "ties"}}[random.IntN(4)]
					r.server.Store(u+"@"+host, item(c, rosterpush.Subscriptions()[random.IntN(4)], []string{"", "Nick"}[random.IntN(2)], groups...))
				}
			}
			for range random.IntN(20) {
				randomly()
			}
			o := rostersync.Options{AllowEmpty: true, Limits: rostersync.Limits{Share: 1, Removals: 1000, Emptied: 1000}}
			for range 3 {
				rows := randomRows(random, user)
				before := r.server.Copy()
				applied := r.sync(o, rows...)
				after := r.server.Copy()
				assert.Equal(t, applied.Summary.Conflicts, r.countConflicts(rows, before), "only conflicts are left")
				checkOwn(t, before, after)
				again := r.plan(o, rows...)
				require.Zero(t, again.Summary.Differences(), again.Summary.Verdict())
				require.Equal(t, applied.Summary.Conflicts, again.Summary.Conflicts)

				back, err := r.Undo(t.Context(), applied.Run, "tester", noProgress)
				require.NoError(t, err)
				r.apply(back)
				require.Equal(t, fmt.Sprint(before), fmt.Sprint(r.server.Copy()), "undone")
				r.sync(o, rows...)
				require.Equal(t, fmt.Sprint(after), fmt.Sprint(r.server.Copy()), "done again")
				for range random.IntN(6) {
					randomly()
				}
			}
		})
	}
}

// randomRows returns rows that do not contradict each other.
func randomRows(random *rand.Rand, user func() string) (rows []string) {
	declared := make(map[[2]string]bool)
	for range random.IntN(25) {
		u, c := user(), user()
		kind := []string{"both", "both", "from", "to", "none"}[random.IntN(5)]
		if u == c || declared[[2]string{u, c}] || kind == "both" && declared[[2]string{c, u}] {
			continue
		}
		declared[[2]string{u, c}] = true
		if kind == "both" {
			declared[[2]string{c, u}] = true
		}
		rows = append(rows, row(u, c, kind, "A", "B", "ties", "ties"))
	}
	return rows
}

// countConflicts counts the declared items that do not stand. They must be as they were before.
func (r *rig) countConflicts(rows []string, before map[string]map[string]rosterpush.Item) (conflicts int) {
	now := r.server.Copy()
	for _, text := range rows {
		f := strings.Split(text, ",")
		sides := [][2]string{{f[0], f[1]}}
		if f[2] == "both" {
			sides = append(sides, [2]string{f[1], f[0]})
		}
		for _, s := range sides {
			i, ok := now[s[0]][s[1]]
			was, stood := before[s[0]][s[1]]
			own := stood && !slices.Contains(was.Groups, "ties")
			switch {
			case f[2] == "none":
				assert.True(r.t, !ok || own || i.Subscription == rosterpush.None, "%s: %v", text, i)
			case !ok || i.Subscription != rosterpush.Subscription(f[2]) || !slices.Contains(i.Groups, "ties"):
				conflicts++
				assert.Equal(r.t, was, i, text)
			}
		}
	}
	return conflicts
}

// checkOwn checks that nothing of the users' own was lost: items without a managed group, and
// the groups of all others.
func checkOwn(t *testing.T, before, after map[string]map[string]rosterpush.Item) {
	for user, items := range before {
		for contact, was := range items {
			now, ok := after[user][contact]
			if slices.Contains(was.Groups, "mine") {
				require.True(t, ok, "%s lost %s", user, contact)
				require.Contains(t, now.Groups, "mine")
			}
			if ok && was.Name != "" {
				require.Equal(t, was.Name, now.Name)
			}
		}
	}
}
