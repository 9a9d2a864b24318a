package chat

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/verb"
)

// TestHelp checks that help lists the verbs that a requester may run and no others, and shows
// the texts of the table.
func TestHelp(t *testing.T) {
	r := newRig(t)
	for from, few := range map[string]int{boss: len(verb.Verbs()), writer: 30, reader: 20, app: len(verb.Verbs())} {
		requester := jid.MustParse(from)
		visible := r.namespace.Visible(requester)
		require.LessOrEqual(t, len(visible), few)
		list := strings.Join(r.asks(from, "help"), "\n")
		for _, v := range verb.Verbs() {
			sees := strings.Contains(list, "\n"+v.Name+" – "+v.Summary+"\n")
			_, err := r.namespace.Find(requester, v.Name)
			assert.Equal(t, err == nil, sees, v.Name)
			if err != nil {
				continue
			}
			r.conversations = make(map[string]*conversation)
			about := strings.Join(r.asks(from, "help "+v.Name), "\n")
			assert.Contains(t, about, "About "+v.Name+": "+v.Summary)
			assert.Contains(t, about, v.Help)
			assert.Contains(t, about, "\n"+v.FullSyntax()+"\n")
			assert.True(t, strings.HasSuffix(about, "\nExample:\n"+v.Example(requester.Domainpart())), about)
			for _, p := range v.Params {
				if p.Kind == verb.Confirm {
					assert.Contains(t, about, "\n--yes – ")
				} else {
					assert.Contains(t, about, p.Name+" – "+p.Label+": "+p.Kind.String())
				}
			}
		}
	}
}

// TestHelpReadsWell checks whole help texts.
func TestHelpReadsWell(t *testing.T) {
	r := newRig(t)
	assert.Equal(t, `About addBuddyToRoster: put a contact into a user's roster.
The item gets exactly this nick, these groups and this subscription, even if the contact is already in the roster. The contact's own roster is not changed.

addBuddyToRoster userJid buddyJid buddyNick buddyGroup subscription_type
userJid – User: a user's JID
buddyJid – Contact: a JID
buddyNick – The contact's nick: a line of text; "" for none
buddyGroup – Groups, one per line: names, one per line; "" for none
subscription_type – Subscription (none, to, from, both): one of none, to, from, both

Example:
addBuddyToRoster ana@a.example ben@a.example "Ben Smith" Friends both`, r.answer(writer, "help addbuddytoroster"))
	assert.Equal(t, `About removeAllRostersByDomain: remove every contact from every roster of a host.
It removes each contact as removeBuddyFromRoster does. Without confirmation it removes nothing, and reports the number of items.

removeAllRostersByDomain domain [--yes]
domain – Host, or all: a host of the server, or all
--yes – do it without asking for a yes

Example:
removeAllRostersByDomain a.example`, r.answer(boss, "? RemoveAllRostersByDomain"))
	list := r.answer(reader, "Help.")
	assert.True(t, strings.HasPrefix(list, "Commands that you can send here (17):\ngetRoster – show a user's roster\n"), list)
	assert.True(t, strings.HasSuffix(list, `
stopJob – stop a running job

Write the arguments after the command, with quotes around a value with spaces:
getRoster ana@b.example

For help with a command, such as the first one, send:
help getRoster`), list)
	assert.Len(t, r.asks(boss, "?"), 2)
}

// TestExamples checks that each example is a valid line.
func TestExamples(t *testing.T) {
	for _, v := range verb.Verbs() {
		line := v.Example("a.example")
		for _, flag := range v.Flags() {
			line += " " + verb.ExampleOf(flag, "a.example")
		}
		words, err := split(line)
		require.NoError(t, err, line)
		values, rest, err := v.Arguments(words[1:])
		require.NoError(t, err, line)
		yes, err := v.ReadFlags(rest, values)
		require.NoError(t, err, line)
		assert.False(t, yes)
		for _, p := range append(v.Places(), v.Flags()...) {
			assert.NotEmpty(t, strings.Join(values[p.Name], ""), line)
		}
	}
}
