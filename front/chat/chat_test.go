package chat

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
)

const (
	getRosterUsage = "Syntax: getRoster userJid\nExample: getRoster ana@a.example"
	pagedUsage     = "Syntax: printAllRostersByDomain domain [--from FROM] [--limit LIMIT]\nExample: printAllRostersByDomain a.example"
)

// TestAnswers checks the answer to one line.
func TestAnswers(t *testing.T) {
	for name, test := range map[string]struct{ from, line, want string }{
		"an item":              {boss, "getRoster one@a.example", "1 item\nx@a.example – X – both – Friends, Work"},
		"several":              {boss, "getRoster two@a.example", "2 items\nx@a.example – X – both – Friends, Work\ny@far.example – Y – both – Friends, Work"},
		"little to say":        {boss, "getRoster odd@a.example", "2 items\nx@a.example – none – request pending\ny@a.example – a\\nb\\tc – to"},
		"a refusal":            {boss, "getRoster nobody@a.example", "Roster not found for user nobody@a.example"},
		"yes":                  {boss, "checkUserJid one@a.example", "true"},
		"no":                   {boss, "checkUserJid nobody@a.example", "false"},
		"done":                 {writer, `addBuddyToRoster new@a.example x@a.example "" "" both`, "Done"},
		"none":                 {reader, "listJobs", "0 jobs"},
		"a capital":            {boss, "GetRoster one@a.example", "1 item\nx@a.example – X – both – Friends, Work"},
		"capitals":             {boss, "GETROSTER one@a.example", "1 item\nx@a.example – X – both – Friends, Work"},
		"quoted":               {boss, `"getRoster" 'one@a.example'`, "1 item\nx@a.example – X – both – Friends, Work"},
		"curly":                {boss, `getRoster “one@a.example”`, "1 item\nx@a.example – X – both – Friends, Work"},
		"a reply to something": {boss, "> Hello?\ngetRoster one@a.example", "1 item\nx@a.example – X – both – Friends, Work"},
		"a component":          {app, "checkUserJid one@a.example", "true"},
		"its full JID":         {app + "/web", "checkUserJid one@a.example", "true"},

		"a list":          {boss, "printAllRosters", "3 rosters; found by the test: 3 on a.example, 0 on b.example\n\nodd@a.example:\nx@a.example – none – request pending\ny@a.example – a\\nb\\tc – to\n\none@a.example:\nx@a.example – X – both – Friends, Work\n\ntwo@a.example:\nx@a.example – X – both – Friends, Work\ny@far.example – Y – both – Friends, Work"},
		"part of a list":  {boss, "printAllRostersByDomain A.example --limit=1 --from a@a.example", "1 roster; there are more; found by the test: 3 on a.example\n\nodd@a.example:\nx@a.example – none – request pending\ny@a.example – a\\nb\\tc – to\n\nFor the rest, send:\nprintAllRostersByDomain A.example --from odd@a.example --limit 1"},
		"the next part":   {boss, "printAllRostersByDomain A.example --from odd@a.example —limit 1", "1 roster; there are more; found by the test: 3 on a.example\n\none@a.example:\nx@a.example – X – both – Friends, Work\n\nFor the rest, send:\nprintAllRostersByDomain A.example --from one@a.example --limit 1"},
		"users":           {boss, "getAllUserJidsWithRosterByDomain a.example", "3 users; found by the test: 3 on a.example\nodd@a.example\none@a.example\ntwo@a.example"},
		"an odd argument": {boss, "getRoster one", "User (userJid): \"one\" is not a user's JID (user@host)\n\n" + getRosterUsage},
		"an odd flag":     {boss, "printAllRostersByDomain a.example --limit none", "Maximum number of entries, 1000 by default (limit): \"none\" is not a number from 1 to 1000000\n\n" + pagedUsage},

		"too few":             {boss, "getRoster", "Too few words: getRoster takes 1 argument, and I count 0. Put quotes around a value with spaces.\n\n" + getRosterUsage},
		"too many":            {boss, "getRoster a@b c", "Too many words: getRoster takes 1 argument, and I count 2. Put quotes around a value with spaces.\n\n" + getRosterUsage},
		"too many of none":    {boss, "listJobs all", "Too many words: listJobs takes no arguments, and I count 1.\n\nSyntax: listJobs\nExample: listJobs"},
		"too few of five":     {boss, "addBuddyToRoster a@b", "Too few words: addBuddyToRoster takes 5 arguments, and I count 1. Put quotes around a value with spaces.\n\nSyntax: addBuddyToRoster userJid buddyJid buddyNick buddyGroup subscription_type\nExample: addBuddyToRoster ana@a.example ben@a.example \"Ben Smith\" Friends both"},
		"no such flag":        {boss, "printAllRostersByDomain a.example --max 5", "--max: printAllRostersByDomain takes --from, --limit\n\n" + pagedUsage},
		"a flag without":      {boss, "printAllRostersByDomain a.example --limit", "--limit: its value is missing\n\n" + pagedUsage},
		"a flag twice":        {boss, "printAllRostersByDomain a.example --limit 1 --limit=2", "--limit=2: the flag is given twice\n\n" + pagedUsage},
		"flags of none":       {boss, "getRoster one@a.example --limit 1", "--limit: getRoster takes no flags\n\n" + getRosterUsage},
		"an open quote":       {boss, `getRoster "one@a.example`, `I cannot read this: a quote is not closed. (Put a \ before a quote that is part of the text.)`},
		"an apostrophe":       {boss, `getRoster O'Brien@a.example`, `I cannot read this: a quote is not closed. (Put a \ before a quote that is part of the text.)`},
		"an open curly quote": {boss, `getRoster “one@a.example`, `I cannot read this: a quote is not closed. (Put a \ before a quote that is part of the text.)`},
		"a last backslash":    {boss, `getRoster one@a.example\`, `User (userJid): "one@a.example\\" is not a JID` + "\n\n" + getRosterUsage},
		"nothing is expanded": {boss, "getRoster $(reboot)", "User (userJid): \"$(reboot)\" is not a JID\n\n" + getRosterUsage},
		"nor globs":           {boss, "getRoster *@a.example", "Roster not found for user *@a.example"},
		"two kinds of quotes": {boss, "getRoster “a b” \"\"", "Too many words: getRoster takes 1 argument, and I count 3. Put quotes around a value with spaces. Use straight quotes or curly quotes, not both.\n\n" + getRosterUsage},
		"two lines":           {boss, "getRoster a@b\ngetRoster b@b", "Too many words: getRoster takes 1 argument, and I count 3. Put quotes around a value with spaces. Send one command per message.\n\n" + getRosterUsage},
		"examples elsewhere":  {reader, "getRoster", "Too few words: getRoster takes 1 argument, and I count 0. Put quotes around a value with spaces.\n\nSyntax: getRoster userJid\nExample: getRoster ana@b.example"},

		"too small a role":      {reader, "removeRoster one@a.example", "reader@b.example may not run removeRoster: it takes the role write."},
		"another host":          {writer, "getRoster x@b.example", "writer@a.example may not run getRoster on b.example."},
		"every host":            {writer, "printAllRosters", "writer@a.example may not run printAllRosters: it takes the role read on every host."},
		"too small, and to few": {reader, "removeRoster", "reader@b.example may not run removeRoster: it takes the role write."},
		"help on what may not":  {reader, "help removeRoster", "reader@b.example may not run removeRoster: it takes the role write."},
		"help on what is not":   {boss, "help nothing", `Sorry, I do not know the command "nothing". Send "help" for a list of commands.`},
		"no command":            {boss, "hello", `Sorry, I do not know the command "hello". Send "help" for a list of commands.`},
		"no command, a quote":   {boss, "I'm away", `Sorry, I do not know the command "I'm". Send "help" for a list of commands.`},
		"nearly one":            {boss, "roster", `Sorry, I do not know the command "roster". Send "help" for a list of commands. Did you mean addBuddyToRoster or removeBuddyFromRoster or getRoster?`},
		"nearly one of few":     {reader, "removeroste", `Sorry, I do not know the command "removeroste". Send "help" for a list of commands.`},
		"no word":               {boss, `""`, `Sorry, I do not know the command "". Send "help" for a list of commands.`},
		"a long word":           {boss, strings.Repeat("é", 5000), `Sorry, I do not know the command "` + strings.Repeat("é", 40) + `…". Send "help" for a list of commands.`},
		"nothing to confirm":    {boss, "yes", "There is nothing to confirm. A question ends after a minute, or with your next message."},
		"no to nothing":         {boss, "no", `Sorry, I do not know the command "no". Send "help" for a list of commands.`},
		"no more":               {boss, "more", "There is no more."},
		"a job":                 {boss, "stopJob 7", "job 7 not found"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.roster("one@a.example", "x@a.example")
			r.roster("two@a.example", "x@a.example", "y@far.example")
			r.server.items["odd@a.example"] = []rosterpush.Item{
				{JID: jid.MustParse("x@a.example"), Subscription: rosterpush.None, Pending: true},
				{JID: jid.MustParse("y@a.example"), Name: "a\nb\tc", Subscription: rosterpush.To},
			}
			assert.Equal(t, test.want, r.answer(test.from, test.line))
		})
	}
}

// TestFailures checks that a failure is answered in the words of the namespace.
func TestFailures(t *testing.T) {
	r := newRig(t)
	r.server.fail = fmt.Errorf("secret: %w", fault.ErrNoAnswer)
	assert.Equal(t, "The server did not answer; whether it did what was asked is unknown, and asking again does no harm", r.answer(boss, "getRoster one@a.example"))
	r.server.fail = errors.New("secret")
	assert.Equal(t, "Something went wrong here; the log of the component says what", r.answer(boss, "getRoster one@a.example"))
	assert.Contains(t, r.log.String(), "secret")

	r.fail = errors.New("no stream")
	r.asks(boss, "listJobs")
	assert.Contains(t, r.log.String(), `msg="an answer could not be sent" to=boss@a.example/phone why="no stream"`)
}

// TestRecords checks that the audit log has the runs by chat, and no log the texts of messages.
func TestRecords(t *testing.T) {
	r := newRig(t)
	r.asks(writer, "removeBuddyFromRoster a@a.example b@a.example")
	assert.Contains(t, r.records.String(), "msg=verb")
	assert.Contains(t, r.records.String(), "asker=writer@a.example/phone front=chat verb=removeBuddyFromRoster")
	r.asks(reader, "removeroster a@a.example")
	assert.Contains(t, r.records.String(), "msg=forbidden")
	assert.Contains(t, r.records.String(), "verb=removeRoster")
	r.asks(boss, "sendMessageToUser a@a.example b@a.example “the secret” --flag")
	r.asks(boss, "sendMessageToUser a@a.example b@a.example 'the secret")
	assert.NotContains(t, r.records.String()+r.log.String(), "secret")
}
