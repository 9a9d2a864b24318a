package verb

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
	"emanagement/verb/wire"
)

func TestReadable(t *testing.T) {
	roster := rosterTable([]rosterpush.Item{
		{JID: jid.MustParse("a@a.example"), Name: "A \t\n", Subscription: rosterpush.Both, Groups: []string{"Friends", "Work\t2"}},
		{JID: jid.MustParse("b@a.example"), Subscription: rosterpush.None, Pending: true},
	})
	items := []string{`a@a.example – A \t\n – both – Friends, Work\t2`, "b@a.example – none – request pending"}
	owned := Result{shape: wire.Table}
	owned.add(ownedRoster{User: "u@a.example", Items: roster.items}, rule)
	owned.add(ownedRoster{User: "v@a.example"}, rule)
	pairs := Result{shape: wire.Table}
	pairs.add(pair{"a@a.example", "b@a.example"}, "[a@a.example,b@a.example]")
	pairs.lines = append(pairs.lines, "Done")
	columns := Result{shape: wire.Table}
	columns.add(1, "1", "", "x", "")
	columns.add(2, "", "")
	for name, test := range map[string]struct {
		result Result
		want   []string
	}{
		"a roster":      {roster, items},
		"rosters":       {owned, []string{"", "u@a.example:", items[0], items[1], "", "v@a.example:"}},
		"pairs":         {pairs, []string{"a@a.example – b@a.example"}},
		"columns":       {columns, []string{"1 – x", ""}},
		"words":         {lines("user", []string{"a", "b\tc"}), []string{"a", `b\tc`}},
		"none":          {lines("user", nil), nil},
		"done":          {Result{}, nil},
		"yes":           {yesNo(true), nil},
		"a refusal":     {refused("no"), nil},
		"a started job": {started(1, "job 1"), nil},
	} {
		assert.Equal(t, test.want, test.result.Readable(), name)
	}
	assert.Equal(t, []string{"1\t\tx\t", "\t"}, columns.Lines(), "the lines of 2012 keep their tabs")
	text, err := json.Marshal(pairs.items)
	require.NoError(t, err)
	assert.JSONEq(t, `[["a@a.example","b@a.example"]]`, string(text))
}

// TestNext checks that Next returns where a list continues.
func TestNext(t *testing.T) {
	assert.Equal(t, "a@a.example", Result{shape: wire.Table, next: "a@a.example"}.Next())
	assert.Empty(t, Result{}.Next())
}

func TestErrorText(t *testing.T) {
	v := &Verb{Params: []Param{{Name: "userJid", Label: "User"}}}
	assert.Equal(t, "User (userJid): no", v.ErrorText(BadArgument("userJid", "no")))
	assert.Equal(t, "other: no", v.ErrorText(BadArgument("other", "no")))
}

// TestFailuresFirst checks that recipients who were not reached come first: a message may
// not have room for all.
func TestFailuresFirst(t *testing.T) {
	r := Result{shape: wire.Table}
	r.addReached(jid.MustParse("a@a.example"))
	r.addUnreached(jid.MustParse("b@a.example"), "no such user")
	r.addReached(jid.MustParse("c@a.example"))
	assert.Equal(t, []string{"b@a.example – no such user", "a@a.example – Done", "c@a.example – Done"}, r.failuresFirst())
}
