package plan_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
	"emanagement/rostersync/graph"
	"emanagement/rostersync/plan"
)

var (
	ann = jid.MustParse("ann@h.example")
	bob = jid.MustParse("bob@h.example")
)

func item(s rosterpush.Subscription, nick string, groups ...string) *rosterpush.Item {
	return &rosterpush.Item{JID: bob, Subscription: s, Name: nick, Groups: groups}
}

func declared(subscription, nick string, groups ...string) *graph.Declared {
	return &graph.Declared{User: ann, Contact: bob, Subscription: subscription, Nick: nick, Groups: groups}
}

func entry(s rosterpush.Subscription, nick string, groups ...string) *plan.Entry {
	return &plan.Entry{State: plan.State{Subscription: s, Nick: nick, Groups: groups}}
}

func own(e *plan.Entry) *plan.Entry {
	e.Own = true
	return e
}

// TestOneItem checks what is planned for one item, given what is declared, what is recorded,
// and what stands.
func TestOneItem(t *testing.T) {
	rules := func(change func(*plan.Rules)) plan.Rules {
		r := plan.Rules{Managed: map[string]bool{"f": true, "old": true}, Named: map[string]bool{"f": true}, Shared: map[string]bool{"team": true}}
		if change != nil {
			change(&r)
		}
		return r
	}
	always := func(r *plan.Rules) { r.Nicks = plan.NickAlways }
	never := func(r *plan.Rules) { r.Nicks = plan.NickNever }
	overwrite := func(r *plan.Rules) { r.Overwrite = true }
	ownAll := func(r *plan.Rules) { r.OwnAll = true }
	for name, test := range map[string]struct {
		rules    func(*plan.Rules)
		declared *graph.Declared
		entry    *plan.Entry
		item     *rosterpush.Item
		lost     bool
		want     string // action, what it becomes, whether it is the user's own; or why it is left
	}{
		"new":                              {declared: declared("both", "Bo", "f"), want: `add both "Bo" [f]`},
		"new, nicks are never set":         {rules: never, declared: declared("both", "Bo", "f"), want: `add both "" [f]`},
		"stands, and is recorded":          {declared: declared("both", "Bo", "f"), entry: entry("both", "Bo", "f"), item: item("both", "Bo", "f"), want: "unchanged"},
		"stands in a managed group":        {declared: declared("both", "Bo", "f"), item: item("both", "Bo", "f"), want: "unchanged, record"},
		"stands, the user's own":           {declared: declared("both", ""), item: item("both", "Bo", "mine"), want: "unchanged, record own"},
		"another subscription":             {declared: declared("both", "Bo", "f"), entry: entry("to", "Bo", "f"), item: item("to", "Bo", "f"), want: `change both "Bo" [f]`},
		"the user's own gets a tie":        {declared: declared("both", "Bo", "f"), item: item("none", "B", "mine"), want: `change both "B" [f mine] own`},
		"the user's own without a nick":    {declared: declared("both", "Bo", "f"), item: item("both", "", "mine"), want: `change both "Bo" [f mine] own`},
		"renamed by the user":              {declared: declared("both", "Bo", "f"), entry: entry("both", "Bo", "f"), item: item("both", "Bobby", "f"), want: "unchanged, record"},
		"renamed, nicks are always set":    {rules: always, declared: declared("both", "Bo", "f"), entry: entry("both", "Bo", "f"), item: item("both", "Bobby", "f"), want: `change both "Bo" [f]`},
		"no nick is declared":              {rules: always, declared: declared("both", "", "f"), entry: entry("both", "Bo", "f"), item: item("both", "Bo", "f"), want: "unchanged"},
		"another group":                    {declared: declared("both", "Bo", "f"), entry: entry("both", "Bo", "old"), item: item("both", "Bo", "mine", "old"), want: `change both "Bo" [f mine]`},
		"removed by the user":              {declared: declared("both", "Bo", "f"), entry: entry("both", "Bo", "f"), want: "conflict: the user has removed the contact"},
		"removed by the user, overwritten": {rules: overwrite, declared: declared("both", "Bo", "f"), entry: entry("both", "Bo", "f"), want: `add both "Bo" [f]`},
		"lost by the server":               {declared: declared("both", "Bo", "f"), entry: entry("both", "Bo", "f"), lost: true, want: `add both "Bo" [f]`},
		"unsubscribed by the user":         {declared: declared("both", "Bo", "f"), entry: entry("both", "Bo", "f"), item: item("from", "Bo", "f"), want: "conflict: the subscription was both and is from now"},
		"unsubscribed, overwritten":        {rules: overwrite, declared: declared("both", "Bo", "f"), entry: entry("both", "Bo", "f"), item: item("from", "Bo", "f"), want: `change both "Bo" [f]`},
		"as the user changed it":           {declared: declared("from", "Bo", "f"), entry: entry("both", "Bo", "f"), item: item("from", "Bo", "f"), want: "unchanged, record"},
		"taken out of the group":           {declared: declared("both", "Bo", "f"), entry: entry("both", "Bo", "f"), item: item("both", "Bo", "mine"), want: `conflict: the managed groups were ["f"] and are [] now`},
		"put into one more group":          {declared: declared("both", "Bo", "f"), entry: entry("both", "Bo", "f"), item: item("both", "Bo", "f", "mine"), want: "unchanged"},
		"ended":                            {entry: entry("both", "Bo", "f"), item: item("both", "Bo", "f"), want: "remove, ends"},
		"ended, also the user's own group": {entry: entry("both", "Bo", "f"), item: item("both", "Bo", "f", "mine"), want: `change none "Bo" [mine], ends`},
		"ended, it was there before":       {entry: own(entry("both", "Bo", "f")), item: item("both", "Bo", "f"), want: `change none "Bo" [], ends`},
		"ended, in a managed group":        {item: item("both", "Bo", "f"), want: "remove, ends"},
		"ended, the group is not named":    {entry: entry("both", "Bo", "old"), item: item("both", "Bo", "old"), want: "unnamed"},
		"ended, without a group":           {entry: entry("both", "Bo"), item: item("both", "Bo"), want: "remove, ends"},
		"ended, and removed by the user":   {entry: entry("both", "Bo", "f"), want: "record nothing"},
		"ended, and made the user's own":   {entry: own(entry("none", "Bo", "f")), item: item("none", "Bo"), want: "record nothing"},
		"the user's own":                   {item: item("both", "Bo", "mine"), want: "own"},
		"the user's own, all are managed":  {rules: ownAll, item: item("both", "Bo", "mine"), want: "remove, ends"},
		"a request in a managed group":     {item: item("none", "Bo", "f"), want: "own"},
		"shared":                           {item: item("both", "Bo", "team"), want: "shared"},
		"shared, and declared":             {declared: declared("both", "Bo", "f"), item: item("both", "Bo", "team"), want: "shared"},
		"declared absent, and absent":      {declared: declared("none", ""), want: "unchanged"},
		"declared absent, and managed":     {declared: declared("none", ""), entry: entry("both", "Bo", "f"), item: item("both", "Bo", "f"), want: "remove, ends"},
		"declared absent, the user's own":  {declared: declared("none", ""), item: item("both", "Bo", "mine"), want: "own"},
		"nothing":                          {want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			u := plan.User{JID: ann, Lost: test.lost}
			if test.declared != nil {
				u.Declared = []graph.Declared{*test.declared}
			}
			if test.entry != nil {
				u.Ledger = []plan.Recorded{{Contact: bob, Entry: *test.entry}}
			}
			if test.item != nil {
				u.Items = []rosterpush.Item{*test.item}
			}
			p := rules(test.rules).Make(u)
			assert.Equal(t, test.want, words(p))
			for _, c := range p.Changes {
				checkChange(t, c, test.entry, test.item)
			}
		})
	}
}

// words shows the plan of one item.
func words(p plan.Plan) string {
	var parts []string
	for why := range p.Left {
		if why != plan.Conflict {
			parts = append(parts, string(why))
		}
	}
	if p.Unchanged > 0 {
		parts = append(parts, "unchanged")
	}
	for _, c := range p.Changes {
		text := string(c.Action)
		switch {
		case c.Action == plan.Leave:
			text = "conflict: " + c.Reason
		case c.Action == plan.Record && c.Record == nil:
			text = "record nothing"
		case c.Action == plan.Record && c.Record.Own:
			text = "record own"
		case c.Action != plan.Record && c.After != nil:
			text += fmt.Sprintf(" %s %q %v", c.After.Subscription, c.After.Nick, c.After.Groups)
			if c.Record != nil && c.Record.Own {
				text += " own"
			}
		}
		if c.Ends {
			text += ", ends"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// checkChange checks what holds for every change, and that it survives JSON.
func checkChange(t *testing.T, c plan.Change, was *plan.Entry, stood *rosterpush.Item) {
	assert.Equal(t, ann, c.User)
	assert.Equal(t, bob, c.Contact)
	assert.True(t, plan.StateOf(stood).Equal(c.Before))
	assert.Equal(t, was, c.WasRecorded)
	if c.Ends {
		assert.Nil(t, c.Record, "an ended tie is forgotten")
	}
	if c.Action == plan.Add || c.Action == plan.Alter || c.Action == plan.Remove {
		assert.NoError(t, c.Check("h.example"))
	}
	text, err := json.Marshal(c)
	require.NoError(t, err)
	var again plan.Change
	require.NoError(t, json.Unmarshal(text, &again))
	textAgain, err := json.Marshal(again)
	require.NoError(t, err)
	assert.Equal(t, string(text), string(textAgain))
}

// TestSpellings: a contact in two spellings is one contact, and the item keeps its own.
func TestSpellings(t *testing.T) {
	u := plan.User{
		JID:      ann,
		Declared: []graph.Declared{{User: ann, Contact: jid.MustParse("strasse@h.example"), Subscription: "both", Groups: []string{"f"}}},
		Items:    []rosterpush.Item{{JID: jid.NewUnsafe("straße", "h.example", "").JID, Subscription: rosterpush.To, Groups: []string{"f"}}},
	}
	p := plan.Rules{Managed: map[string]bool{"f": true}, Named: map[string]bool{"f": true}}.Make(u)
	require.Len(t, p.Changes, 1)
	assert.Equal(t, "straße@h.example", p.Changes[0].Contact.String())
	assert.Equal(t, plan.Alter, p.Changes[0].Action)
}

// TestRenamedContact: the item of the new JID keeps the nick and the groups of the old one.
func TestRenamedContact(t *testing.T) {
	rules := plan.Rules{Managed: map[string]bool{"f": true}, Named: map[string]bool{"f": true}}
	robert := jid.MustParse("robert@h.example")
	require.True(t, rules.Renames.Add(bob, robert))
	p := rules.Make(plan.User{
		JID:      ann,
		Declared: []graph.Declared{{User: ann, Contact: robert, Subscription: "both", Nick: "Robert", Groups: []string{"f"}}},
		Ledger:   []plan.Recorded{{Contact: bob, Entry: *entry("both", "Bo", "f")}},
		Items:    []rosterpush.Item{*item("both", "My Bob", "f")},
	})
	assert.Equal(t, `remove, ends, add both "My Bob" [f]`, words(p))
	assert.True(t, p.Changes[0].Renamed)
	assert.False(t, p.Emptied)
}

func TestRenames(t *testing.T) {
	var r plan.Renames
	carl, dan := jid.MustParse("carl@h.example"), jid.MustParse("dan@h.example")
	assert.True(t, r.Add(ann, bob))
	assert.True(t, r.Add(ann, bob), "again")
	assert.True(t, r.Add(carl, carl), "none")
	assert.False(t, r.Add(ann, carl), "to two JIDs")
	assert.False(t, r.Add(dan, bob), "of two accounts")
	assert.True(t, r.Add(bob, dan), "a chain")
}

// TestCheck: a saved plan that somebody has written wrongly is refused.
func TestCheck(t *testing.T) {
	state := &plan.State{Subscription: rosterpush.Both}
	for want, c := range map[string]plan.Change{
		"neither before nor after": {Action: plan.Add, User: ann, Contact: bob},
		`those of "change"`:        {Action: plan.Add, User: ann, Contact: bob, Before: state, After: state},
		`those of "remove"`:        {Action: plan.Alter, User: ann, Contact: bob, Before: state},
		"not a user of":            {Action: plan.Add, User: jid.MustParse("a@far.example"), Contact: bob, After: state},
	} {
		assert.ErrorContains(t, c.Check("h.example"), want)
	}
	for _, text := range []string{`{"user":"h.example","contact":"b@h"}`, `{"user":"a@h/r","contact":"b@h"}`, `{"user":"a@h","contact":""}`, `[]`} {
		assert.Error(t, json.Unmarshal([]byte(text), new(plan.Change)), text)
	}
}
