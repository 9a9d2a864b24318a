package command_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/xmpp/command"
	"emanagement/xmpp/markup"
)

// TestAllocations: a submitted command is read, and an answer written, with no more
// allocations than were measured when that was last made quicker.
func TestAllocations(t *testing.T) {
	const text = "<command xmlns='http://jabber.org/protocol/commands' node='addBuddyToRoster' action='execute'><x xmlns='jabber:x:data' type='submit'>" +
		"<field var='userJid'><value>a@localhost</value></field><field var='buddyJid'><value>b@localhost</value></field>" +
		"<field var='buddyNick'><value>B</value></field><field var='buddyGroup'><value>G</value></field><field var='subscription_type'><value>both</value></field></x></command>"
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		r := markup.NewReader(text, "")
		var c command.Command
		require.True(t, r.Child() && c.DecodePlain(r))
	}), 10.0)
	answer := &command.Command{
		Node: "getRoster", SessionID: "getRoster", Status: command.Completed, Notes: []command.Note{{Type: "info", Text: "2 items"}},
		Form: &command.Form{Type: command.FormResult, Title: "2 items", Fields: []command.Field{{Var: "result", Type: command.TextMulti, Label: "getRoster", Values: []string{"a", "b"}}}},
	}
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { answer.Append(make([]byte, 0, 1<<10)) }), 1.0)
}
