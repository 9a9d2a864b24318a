package chat

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestYes checks that a verb that destroys much runs after a yes: once, within a minute, and
// as the very next message.
func TestYes(t *testing.T) {
	const (
		remove = "removeAllRostersByDomain a.example"
		asks   = "This removes 1 item of 1 roster on a.example.\nSend \"yes\" within a minute to do it."
		none   = "There is nothing to confirm. A question ends after a minute, or with your next message."
		done   = "Done; 1 item of 1 roster removed; found by the test: 1 on a.example"
	)
	other := strings.Replace(boss, "phone", "desk", 1)
	for name, test := range map[string]struct {
		before func(r *rig) // between the command and the yes
		from   string
		line   string
		want   string
	}{
		"yes":                {nil, boss, "yes", done},
		"Yes.":               {nil, boss, "Yes. ", done},
		"YES…":               {nil, boss, "YES…", done},
		"as a reply":         {nil, boss, "> This removes\n> Send yes\n\nyes", done},
		"another client":     {nil, other, "yes", done},
		"just in time":       {func(*rig) { time.Sleep(confirmTime - 1) }, boss, "yes", done},
		"too late":           {func(*rig) { time.Sleep(confirmTime) }, boss, "yes", none},
		"another requester":  {nil, app, "yes", none},
		"not quite":          {nil, boss, "yes!", `Sorry, I do not know the command "yes!". Send "help" for a list of commands.`},
		"no":                 {nil, boss, "No.", "Nothing was done."},
		"after a no":         {func(r *rig) { r.asks(boss, "no") }, boss, "yes", none},
		"after another":      {func(r *rig) { r.asks(boss, "listJobs") }, boss, "yes", none},
		"after nonsense":     {func(r *rig) { r.asks(boss, "hm") }, boss, "yes", none},
		"after a question":   {func(r *rig) { r.asks(boss, "help") }, boss, "yes", none},
		"a stranger between": {func(r *rig) { r.asks(stranger, "yes") }, boss, "yes", done},
		"another verb's": {func(r *rig) {
			r.roster("one@b.example", "x@far.example")
			r.asks(boss, "removeAllRostersByDomain b.example")
		}, boss, "yes", "Done; 1 item of 1 roster removed; found by the test: 1 on b.example"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.roster("one@a.example", "x@far.example")
				require.Equal(t, asks, r.answer(boss, remove))
				require.Equal(t, []string{"x@far.example"}, r.server.of("one@a.example"))
				if test.before != nil {
					test.before(r)
				}
				assert.Equal(t, test.want, r.answer(test.from, test.line))
				assert.Equal(t, test.want == done, len(r.server.of("one@a.example")) == 0)
				if test.from == boss {
					r.roster("one@a.example", "y@far.example")
					assert.Equal(t, none, r.answer(boss, "yes"), "a second yes does nothing")
					assert.Contains(t, r.server.of("one@a.example"), "y@far.example")
				}
			})
		})
	}
}

// TestYesFlag checks that --yes confirms a verb.
func TestYesFlag(t *testing.T) {
	r := newRig(t)
	r.roster("one@a.example", "x@far.example")
	assert.Equal(t, "Done; 1 item of 1 roster removed; found by the test: 1 on a.example, 0 on b.example", r.answer(boss, "removeAllRosters —yes"))
	assert.Equal(t, "false", r.answer(boss, "checkUserJid one@a.example --yes"), "nothing to confirm")
}
