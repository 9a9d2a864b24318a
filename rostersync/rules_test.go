package rostersync_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/rostersync"
	"emanagement/rostersync/graph"
	"emanagement/store"
)

// TestSync goes through the life of a tie.
func TestSync(t *testing.T) {
	r := newRig(t)
	r.server.Store("ann@"+host, item("eve", rosterpush.Both, "Eve", "mine"))
	rows := []string{row("ann", "bob", "both", "Ann", "Bob", "f", "g"), row("ann", "carl", "from", "", "Carl", "", "f"), row("bob", "eve", "none")}
	p := r.plan(rostersync.Options{}, rows...)
	assert.Equal(t, "Plan: 3 to add, 0 to change, 0 to remove; 1 unchanged; left alone: 1 of the users' own", p.Verdict())
	assert.Equal(t, []string{`eve both "Eve" ["mine"]`}, r.roster("ann"), "a plan writes nothing")
	r.apply(p)
	assert.Equal(t, []string{`bob both "Bob" ["g"]`, `carl from "Carl" ["f"]`, `eve both "Eve" ["mine"]`}, r.roster("ann"))
	assert.Equal(t, []string{`ann both "Ann" ["f"]`}, r.roster("bob"))
	assert.Empty(t, r.roster("carl"))

	p = r.sync(rostersync.Options{}, row("ann", "bob", "to", "", "Robert", "", "g"), row("ann", "dan", "both", "", "", "f", "f"))
	assert.Equal(t, "Plan: 2 to add, 1 to change (1 subscription), 2 to remove in 2 users; 0 unchanged; left alone: 1 of the users' own", p.Summary.Verdict())
	assert.Equal(t, []string{`bob to "Bob" ["g"]`, `dan both "" ["f"]`, `eve both "Eve" ["mine"]`}, r.roster("ann"), "the nick is set once")
	assert.Empty(t, r.roster("bob"))
}

// TestBadInput: nothing is written, and the error names what is wrong.
func TestBadInput(t *testing.T) {
	for name, test := range map[string]struct {
		rows []string
		want string
	}{
		"mistakes":       {[]string{"x,y,both,,,,,,", row("ann", "bob", "bath")}, "in:2:1: user: \"x\" is not a user's JID"},
		"contradictions": {[]string{row("ann", "bob", "both"), row("eve", "bob", "both"), row("bob", "ann", "to")}, "in:4:1: the row contradicts line 2 about ann@h.example in the roster of bob@h.example"},
		"two accounts":   {[]string{row("ann", "bob", "both", "", "", "", "", "1", "2"), row("eve", "bob", "both", "", "", "", "", "1", "2")}, `the id "1" stands for eve@h.example and for another account`},
		"no rows":        {nil, "the input has no rows"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			_, err := r.tryPlan(rostersync.Options{}, test.rows...)
			var bad *rostersync.InputError
			require.ErrorAs(t, err, &bad)
			assert.ErrorContains(t, err, test.want)
			assert.Equal(t, fault.Invalid, fault.Of(err).Code)
			assert.Zero(t, r.server.Writes)
			runs, err := r.Runs(t.Context(), host)
			require.NoError(t, err)
			assert.Equal(t, rostersync.Failed, runs[0].State)
		})
	}
}

// TestRowsComplete: rows about one item complete each other.
func TestRowsComplete(t *testing.T) {
	r := newRig(t)
	r.sync(rostersync.Options{}, row("ann", "bob", "both", "", "Bob", "", "f"), row("bob", "ann", "both", "", "Ann", "", "g"))
	assert.Equal(t, []string{`bob both "Bob" ["f"]`}, r.roster("ann"))
	assert.Equal(t, []string{`ann both "Ann" ["g"]`}, r.roster("bob"))
}

// filled returns a rig with n users who all have hub, synchronised.
func filled(t *testing.T, n int) (*rig, []string) {
	r := newRig(t)
	var rows []string
	for i := range n {
		rows = append(rows, row(fmt.Sprintf("u%03d", i), "hub", "to", "", "Hub", "", "f"))
	}
	r.sync(rostersync.Options{}, rows...)
	return r, rows
}

// TestLimits: above a limit nothing is written, and the flags that are named allow it.
func TestLimits(t *testing.T) {
	r, rows := filled(t, 200)
	fewer := append([]string{row("new", "hub", "to", "", "", "", "f")}, rows[:175]...)
	p := r.plan(rostersync.Options{}, fewer...)
	assert.Equal(t, "25 removals are 12.5 % of the 200 managed items, and the limit is 500 and 10 %; 25 users would lose all their items, and the limit is 10", p.Summary.Refused)
	assert.Equal(t, "--allow-removals 25 --allow-emptied 25", p.Summary.Flag)
	writes := r.server.Writes
	_, err := r.Apply(t.Context(), p.Run, noProgress)
	var limit *rostersync.LimitError
	require.ErrorAs(t, err, &limit)
	assert.Contains(t, err.Error(), "--allow-removals 25")
	assert.Equal(t, writes, r.server.Writes)

	assert.NotEmpty(t, r.plan(rostersync.Options{AllowRemovals: 24, AllowEmptied: 25}, fewer...).Summary.Refused, "another number than acknowledged")
	p = r.sync(rostersync.Options{AdditionsOnly: true}, fewer...)
	assert.Equal(t, 25, p.Summary.Held)
	assert.Equal(t, 1, p.Summary.Done)
	r.sync(rostersync.Options{AllowRemovals: 25, AllowEmptied: 25}, fewer...)
	assert.Empty(t, r.roster("u199"))
	assert.NotEmpty(t, r.roster("u100"))

	assert.Empty(t, r.plan(rostersync.Options{Limits: rostersync.Limits{Share: 1, Removals: 175, Emptied: 175}}, fewer[0]).Summary.Refused)
	assert.NotEmpty(t, r.plan(rostersync.Options{Limits: rostersync.Limits{Share: 1, Removals: 174, Emptied: 175}}, fewer[0]).Summary.Refused)
}

// TestIncomplete: an input that may be cut off removes nothing.
func TestIncomplete(t *testing.T) {
	r, rows := filled(t, 4)
	read := func(o rostersync.Options, whole func() error, rows ...string) rostersync.Report {
		o.Host = host
		text := "user,contact,type,user_nick,contact_nick,user_group,contact_group,user_id,contact_id\n" + strings.Join(rows, "\n") + "\n"
		p, err := r.Plan(t.Context(), rostersync.KindPlan, o, "tester", graph.Input{Reader: strings.NewReader(text), Whole: whole}, graph.Options{Host: host}, noProgress)
		require.NoError(t, err)
		return p
	}
	died := func() error { return errors.New("psql: exit status 2") }
	for name, whole := range map[string]func() error{"psql: exit status 2": died, "nothing says that the input is complete": nil} {
		p := r.apply(read(rostersync.Options{}, whole, rows[0], row("new", "hub", "to")))
		assert.Equal(t, "removals need a complete input: "+name, p.Summary.HeldWhy)
		assert.Equal(t, 3, p.Summary.Held)
		assert.NotEmpty(t, r.roster("u003"))
		assert.NotEmpty(t, r.roster("new"))
	}
	assert.Equal(t, 3, read(rostersync.Options{ExpectRows: 3}, died, rows[0], row("new", "hub", "to")).Summary.Held)
	assert.Zero(t, read(rostersync.Options{ExpectRows: 2}, died, rows[0], row("new", "hub", "to")).Summary.Held)
	assert.Zero(t, read(rostersync.Options{}, died, rows[0], row("new", "hub", "to"), "#end 2").Summary.Held)
}

// TestRenames: by the file of renames and by ids, a rename keeps the nick that the user gave,
// and counts as no removal.
func TestRenames(t *testing.T) {
	rows := func(bob string) []string {
		return []string{row("ann", bob, "both", "Ann", "Bob", "f", "f", "1", "2"), row("eve", bob, "both", "Eve", "Bob", "f", "f", "3", "2")}
	}
	for name, test := range map[string]struct {
		o   rostersync.Options
		ids bool
	}{
		"by a file": {o: rostersync.Options{Renames: [][2]string{{"bob@" + host, "robert@" + host}}}},
		"by ids":    {ids: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			first, second := rows("bob"), rows("robert")
			if !test.ids {
				first, second = []string{row("ann", "bob", "both", "Ann", "Bob", "f", "f")}, []string{row("ann", "robert", "both", "Ann", "Bob", "f", "f")}
			}
			r.sync(rostersync.Options{}, first...)
			r.server.Store("ann@"+host, item("bob", rosterpush.Both, "My Bob", "f", "mine"))
			p := r.sync(test.o, second...)
			assert.Zero(t, p.Summary.Remove)
			assert.NotZero(t, p.Summary.Renamed)
			assert.Contains(t, r.roster("ann"), `robert both "My Bob" ["f" "mine"]`)
			assert.Empty(t, r.roster("bob"))
			assert.Contains(t, r.roster("robert"), `ann both "Ann" ["f"]`)
		})
	}
	t.Run("contradicting", func(t *testing.T) {
		r := newRig(t)
		_, err := r.tryPlan(rostersync.Options{Renames: [][2]string{{"bob@" + host, "a@" + host}, {"bob@" + host, "b@" + host}}}, row("ann", "eve", "to"))
		assert.ErrorContains(t, err, "contradict")
	})
	t.Run("probable", func(t *testing.T) {
		r := newRig(t)
		r.sync(rostersync.Options{}, row("bob", "x", "to"), row("bob", "y", "to"))
		p := r.plan(rostersync.Options{}, row("robert", "x", "to"), row("robert", "y", "to"))
		assert.Equal(t, []string{"bob@h.example -> robert@h.example"}, p.Summary.MaybeRenamed)
	})
}

// TestSavedPlan applies a saved plan: item by item, and twice.
func TestSavedPlan(t *testing.T) {
	r := newRig(t)
	rows := []string{row("ann", "bob", "both", "Ann", "Bob", "f", "f"), row("ann", "carl", "both", "Ann", "Carl", "f", "f")}
	file := r.save(r.plan(rostersync.Options{}, rows...))
	r.server.Store("ann@"+host, item("bob", rosterpush.None, "Mine"))      // it is otherwise now
	r.server.Store("carl@"+host, item("ann", rosterpush.Both, "Ann", "f")) // it is as wanted
	p, err := r.ReadFile(t.Context(), rostersync.Options{Host: host}, "tester", strings.NewReader(file))
	require.NoError(t, err)
	applied, err := r.Apply(t.Context(), p.Run, noProgress)
	require.NoError(t, err)
	assert.Equal(t, rostersync.Partly, applied.State)
	assert.Equal(t, [2]int{3, 1}, [2]int{applied.Summary.Done, applied.Summary.Differs})
	assert.Equal(t, []string{`bob none "Mine" []`, `carl both "Carl" ["f"]`}, r.roster("ann"))
	var troubles []string
	require.NoError(t, r.Troubles(t.Context(), p.Run, func(c store.SyncChange) { troubles = append(troubles, rostersync.Line(c)) }))
	assert.Equal(t, []string{`+ ann@h.example → bob@h.example both "Bob" [f] (the item has changed since it was planned)`}, troubles)

	before, writes := r.server.Copy(), r.server.Writes
	p, err = r.ReadFile(t.Context(), rostersync.Options{Host: host}, "tester", strings.NewReader(file))
	require.NoError(t, err)
	_, err = r.Apply(t.Context(), p.Run, noProgress)
	require.NoError(t, err)
	assert.Equal(t, before, r.server.Copy(), "applied twice")
	assert.Equal(t, writes, r.server.Writes)

	for want, text := range map[string]string{
		"the plan is cut off":            file[:strings.LastIndex(strings.TrimSpace(file), "\n")+1],
		"plan:1: it is not a plan":       "{}\n",
		"plan:1: the plan is for other":  strings.Replace(file, `"host":"h.example"`, `"host":"other"`, 1),
		"plan:2: it is not a change":     strings.Replace(file, `"contact":"bob@h.example"`, `"contact":""`, 1),
		`plan:2: action: it is "remove"`: strings.Replace(file, `"action":"add"`, `"action":"remove"`, 1),
	} {
		_, err := r.ReadFile(t.Context(), rostersync.Options{Host: host}, "tester", strings.NewReader(text))
		var bad *rostersync.InputError
		require.ErrorAs(t, err, &bad, want)
		assert.ErrorContains(t, err, want)
	}
}

// save returns a plan as the command line saves it.
func (r *rig) save(p rostersync.Report) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	require.NoError(r.t, e.Encode(rostersync.Header{Format: rostersync.Format, Plan: p.Run, Host: p.Host}))
	require.NoError(r.t, r.Changes(r.t.Context(), p.Run, "", func(c store.SyncChange) bool {
		require.NoError(r.t, e.Encode(c.Change))
		return true
	}))
	require.NoError(r.t, e.Encode(rostersync.End{Summary: &p.Summary}))
	return b.String()
}

// TestAdoptAndForget: an adopted group belongs to the application, and a forgotten one to the
// users.
func TestAdoptAndForget(t *testing.T) {
	r := newRig(t)
	r.server.Store("ann@"+host, item("bob", rosterpush.Both, "Bob", "f"))
	r.server.Store("ann@"+host, item("eve", rosterpush.Both, "Eve", "mine"))
	p, err := r.Adopt(t.Context(), host, "f", "tester", noProgress)
	require.NoError(t, err)
	assert.Equal(t, "Plan: 1 item to take over", p.Verdict())
	r.apply(p)
	assert.Equal(t, 1, r.plan(rostersync.Options{Groups: []string{"f"}, AllowEmpty: true}).Summary.Remove)

	p, err = r.Forget(t.Context(), host, "f", "tester", noProgress)
	require.NoError(t, err)
	assert.Equal(t, "Plan: 1 item to give up", p.Verdict())
	r.apply(p)
	again := r.plan(rostersync.Options{AllowEmpty: true})
	assert.Zero(t, again.Summary.Differences())
	assert.Equal(t, 2, again.Summary.Own)
	assert.Zero(t, r.server.Writes)
}

// TestInterrupted: a run that is interrupted at any write is finished by the next one, and no
// contact that it had added counts as the user's own.
func TestInterrupted(t *testing.T) {
	rows := []string{row("ann", "bob", "both"), row("ann", "carl", "both"), row("eve", "bob", "to")}
	for n := range 12 {
		r := newRig(t)
		p := r.plan(rostersync.Options{}, rows...)
		r.server.FailWrite = func(number int) error {
			if number > n {
				return fmt.Errorf("%w: cut", fault.ErrNoAnswer)
			}
			return nil
		}
		_, err := r.Apply(t.Context(), p.Run, noProgress)
		if err == nil {
			assert.GreaterOrEqual(t, n, 5)
			continue
		}
		r.server.FailWrite = func(int) error { return nil }
		runs, err := r.Runs(t.Context(), host)
		require.NoError(t, err)
		assert.Equal(t, rostersync.Partly, runs[0].State)
		r.sync(rostersync.Options{}, rows...)
		assert.Equal(t, []string{`bob both "" []`, `carl both "" []`}, r.roster("ann"))
		gone := r.sync(rostersync.Options{AllowEmpty: true})
		assert.Equal(t, 5, gone.Summary.Remove, "after write %d", n)
		assert.Empty(t, r.roster("ann"))
		assert.Empty(t, r.roster("bob"))
	}
}

// TestStatesAndNumbers: what cannot be done with a run is refused.
func TestStatesAndNumbers(t *testing.T) {
	r := newRig(t)
	_, err := r.Apply(t.Context(), 7, noProgress)
	assert.ErrorIs(t, err, store.ErrNoRun)
	p := r.plan(rostersync.Options{}, row("ann", "bob", "to"))
	_, err = r.Run(t.Context(), "other", p.Run)
	assert.ErrorIs(t, err, store.ErrNoRun)
	var state *rostersync.StateError
	_, err = r.Undo(t.Context(), p.Run, "tester", noProgress)
	assert.ErrorAs(t, err, &state)
	r.apply(p)
	_, err = r.Apply(t.Context(), p.Run, noProgress)
	assert.ErrorAs(t, err, &state)
}

// TestPlannedAgain: an item that a user changes between the plan and its application is planned
// again from what stands.
func TestPlannedAgain(t *testing.T) {
	r := newRig(t)
	rows := []string{row("ann", "bob", "both", "Ann", "Bob", "f", "f")}
	p := r.plan(rostersync.Options{}, rows...)
	r.server.Store("ann@"+host, item("bob", rosterpush.None, "My Bob", "mine"))
	r.apply(p)
	assert.Equal(t, []string{`bob both "My Bob" ["f" "mine"]`}, r.roster("ann"))
	p = r.sync(rostersync.Options{Groups: []string{"f"}, AllowEmpty: true})
	assert.Equal(t, []string{`bob none "My Bob" ["mine"]`}, r.roster("ann"), "it was the user's own")
	assert.Equal(t, 2, p.Summary.Remove)
}
