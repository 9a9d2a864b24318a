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

// TestResultAsJSON checks that programs receive the unescaped values.
func TestResultAsJSON(t *testing.T) {
	roster := rosterTable([]rosterpush.Item{
		{JID: jid.MustParse("b@a.example"), Name: "a\tb", Subscription: rosterpush.Both, Groups: []string{"x;y", "z"}, Pending: true},
		{JID: jid.MustParse("c@a.example"), Subscription: rosterpush.None},
	})
	truncated := lines("user", []string{"a@a.example"})
	truncated.next, truncated.remarks = "a@a.example", []string{"found by the index"}
	for name, test := range map[string]struct {
		result Result
		want   string
	}{
		"done":    {Result{}, `{"shape":"done","outcome":"Done","lines":["Done"]}`},
		"yes":     {yesNo(true), `{"shape":"answer","outcome":"true","answer":true,"lines":["true"]}`},
		"no":      {yesNo(false), `{"shape":"answer","outcome":"false","answer":false,"lines":["false"]}`},
		"refused": {refused("not %q", "<&>"), `{"shape":"refusal","outcome":"not \"<&>\"","lines":["not \"<&>\""]}`},
		"started": {started(7, "job 7 goes on"), `{"shape":"started","outcome":"job 7 goes on","job":7,"lines":["job 7 goes on"]}`},
		"empty":   {lines("user", nil), `{"shape":"table","outcome":"0 users","items":[],"lines":[],"counted":"user"}`},
		"missed":  {Result{shape: wire.Table, unreached: 2}, `{"shape":"table","outcome":"0 items","items":[],"missed":2,"lines":[]}`},
		"cut":     {truncated, `{"shape":"table","outcome":"1 user; there are more: go on with from = a@a.example; found by the index","items":["a@a.example"],"next":"a@a.example","lines":["a@a.example"],"counted":"user","remarks":["found by the index"]}`},
		"roster": {roster, `{"shape":"table","outcome":"2 items","items":[
			{"jid":"b@a.example","nick":"a\tb","subscription":"both","ask":"out","groups":["x;y","z"]},
			{"jid":"c@a.example","nick":"","subscription":"none","ask":"none","groups":[]}],
			"lines":["b@a.example\ta\\tb\tboth\tout\tx;y;z","c@a.example\t\tnone\tnone\t"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(test.result.Wire())
			require.NoError(t, err)
			assert.JSONEq(t, test.want, string(text))
		})
	}
}
