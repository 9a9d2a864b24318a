package chat

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/verb"
)

const (
	getRosterManner = "Syntax: getRoster userJid\nExample: getRoster ana@a.example"
	pagedManner     = "Syntax: printAllRostersByDomain domain [--from FROM] [--limit LIMIT]\nExample: printAllRostersByDomain a.example"
)

// TestAnswers: a line and what is said to it.
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
		"part of a list":  {boss, "printAllRostersByDomain A.example --limit=1 --from a@a.example", "1 roster; there are more; found by the test: 3 on a.example\n\nodd@a.example:\nx@a.example – none – request pending\ny@a.example – a\\nb\\tc – to\n\nWhat follows:\nprintAllRostersByDomain A.example --from odd@a.example --limit 1"},
		"the next part":   {boss, "printAllRostersByDomain A.example --from odd@a.example —limit 1", "1 roster; there are more; found by the test: 3 on a.example\n\none@a.example:\nx@a.example – X – both – Friends, Work\n\nWhat follows:\nprintAllRostersByDomain A.example --from one@a.example --limit 1"},
		"users":           {boss, "getAllUserJidsWithRosterByDomain a.example", "3 users; found by the test: 3 on a.example\nodd@a.example\none@a.example\ntwo@a.example"},
		"an odd argument": {boss, "getRoster one", "User (userJid): \"one\" is not a user's JID (user@host)\n\n" + getRosterManner},
		"an odd flag":     {boss, "printAllRostersByDomain a.example --limit none", "Show no more than this (1000 where left out) (limit): \"none\" is not a number from 1 to 1000000\n\n" + pagedManner},

		"too few":             {boss, "getRoster", "Too few words: getRoster takes 1 argument, and I count 0. Put quotes around what has blanks in it.\n\n" + getRosterManner},
		"too many":            {boss, "getRoster a@b c", "Too many words: getRoster takes 1 argument, and I count 2. Put quotes around what has blanks in it.\n\n" + getRosterManner},
		"too many of none":    {boss, "listJobs all", "Too many words: listJobs takes no arguments, and I count 1.\n\nSyntax: listJobs\nExample: listJobs"},
		"too few of five":     {boss, "addBuddyToRoster a@b", "Too few words: addBuddyToRoster takes 5 arguments, and I count 1. Put quotes around what has blanks in it.\n\nSyntax: addBuddyToRoster userJid buddyJid buddyNick buddyGroup subscription_type\nExample: addBuddyToRoster ana@a.example ben@a.example \"Ben Smith\" Friends both"},
		"no such flag":        {boss, "printAllRostersByDomain a.example --max 5", "--max: printAllRostersByDomain takes --from, --limit\n\n" + pagedManner},
		"a flag without":      {boss, "printAllRostersByDomain a.example --limit", "--limit: its value is missing\n\n" + pagedManner},
		"a flag twice":        {boss, "printAllRostersByDomain a.example --limit 1 --limit=2", "--limit=2: it is there twice\n\n" + pagedManner},
		"flags of none":       {boss, "getRoster one@a.example --limit 1", "--limit: getRoster takes no flags\n\n" + getRosterManner},
		"an open quote":       {boss, `getRoster "one@a.example`, `This cannot be read: a quote is not closed. (One that is meant as it is has a \ before it.)`},
		"an apostrophe":       {boss, `getRoster O'Brien@a.example`, `This cannot be read: a quote is not closed. (One that is meant as it is has a \ before it.)`},
		"an open curly quote": {boss, `getRoster “one@a.example`, `This cannot be read: a quote is not closed. (One that is meant as it is has a \ before it.)`},
		"a last backslash":    {boss, `getRoster one@a.example\`, `User (userJid): "one@a.example\\" is not a JID` + "\n\n" + getRosterManner},
		"nothing is expanded": {boss, "getRoster $(reboot)", "User (userJid): \"$(reboot)\" is not a JID\n\n" + getRosterManner},
		"nor globs":           {boss, "getRoster *@a.example", "Roster not found for user *@a.example"},
		"two kinds of quotes": {boss, "getRoster “a b” \"\"", "Too many words: getRoster takes 1 argument, and I count 3. Put quotes around what has blanks in it. Use one kind of quotes: beside straight ones curly ones are letters.\n\n" + getRosterManner},
		"two lines":           {boss, "getRoster a@b\ngetRoster b@b", "Too many words: getRoster takes 1 argument, and I count 3. Put quotes around what has blanks in it. Send one command a message.\n\n" + getRosterManner},
		"examples elsewhere":  {reader, "getRoster", "Too few words: getRoster takes 1 argument, and I count 0. Put quotes around what has blanks in it.\n\nSyntax: getRoster userJid\nExample: getRoster ana@b.example"},

		"too small a role":      {reader, "removeRoster one@a.example", "reader@b.example may not run removeRoster: it takes the role write."},
		"another host":          {writer, "getRoster x@b.example", "writer@a.example may not run getRoster on b.example."},
		"every host":            {writer, "printAllRosters", "writer@a.example may not run printAllRosters: it takes the role read on every host."},
		"too small, and to few": {reader, "removeRoster", "reader@b.example may not run removeRoster: it takes the role write."},
		"help on what may not":  {reader, "help removeRoster", "reader@b.example may not run removeRoster: it takes the role write."},
		"help on what is not":   {boss, "help nothing", `Sorry, I do not know the command "nothing". Send "help" for those that I know.`},
		"no command":            {boss, "hello", `Sorry, I do not know the command "hello". Send "help" for those that I know.`},
		"no command, a quote":   {boss, "I'm away", `Sorry, I do not know the command "I'm". Send "help" for those that I know.`},
		"nearly one":            {boss, "roster", `Sorry, I do not know the command "roster". Send "help" for those that I know. Did you mean addBuddyToRoster or removeBuddyFromRoster or getRoster?`},
		"nearly one of few":     {reader, "removeroste", `Sorry, I do not know the command "removeroste". Send "help" for those that I know.`},
		"no word":               {boss, `""`, `Sorry, I do not know the command "". Send "help" for those that I know.`},
		"a long word":           {boss, strings.Repeat("é", 5000), `Sorry, I do not know the command "` + strings.Repeat("é", 40) + `…". Send "help" for those that I know.`},
		"nothing to confirm":    {boss, "yes", "There is nothing that waits for a yes: a question is over when another message comes, and after a minute."},
		"no to nothing":         {boss, "no", `Sorry, I do not know the command "no". Send "help" for those that I know.`},
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

// TestFailures: what went wrong is said in the namespace's words.
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

// TestHelp lists what somebody may run and no more, and says of each what the
// table does.
func TestHelp(t *testing.T) {
	r := newRig(t)
	for from, few := range map[string]int{boss: len(verb.Verbs()), writer: 30, reader: 20, app: len(verb.Verbs())} {
		asker := jid.MustParse(from)
		visible := r.namespace.Visible(asker)
		require.LessOrEqual(t, len(visible), few)
		list := strings.Join(r.asks(from, "help"), "\n")
		for _, v := range verb.Verbs() {
			sees := strings.Contains(list, "\n"+v.Name+" – "+v.Summary+"\n")
			_, err := r.namespace.Find(asker, v.Name)
			assert.Equal(t, err == nil, sees, v.Name)
			if err != nil {
				continue
			}
			r.people = make(map[string]*person)
			about := strings.Join(r.asks(from, "help "+v.Name), "\n")
			assert.Contains(t, about, "About "+v.Name+": "+v.Summary)
			assert.Contains(t, about, v.Help)
			assert.Contains(t, about, "\n"+v.FullSyntax()+"\n")
			assert.True(t, strings.HasSuffix(about, "\nExample:\n"+v.Example(asker.Domainpart())), about)
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

func TestHelpReadsWell(t *testing.T) {
	r := newRig(t)
	assert.Equal(t, `About addBuddyToRoster: put a contact into a user's roster.
The item will have exactly this nick, these groups and this subscription, whatever stood there. The contact's own roster is not touched.

addBuddyToRoster userJid buddyJid buddyNick buddyGroup subscription_type
userJid – User: a user's JID
buddyJid – Contact: a JID
buddyNick – The contact's nick: a line of text; "" for none
buddyGroup – Groups, one a line: names, one a line; "" for none
subscription_type – Subscription (none, to, from, both): one of none, to, from, both

Example:
addBuddyToRoster ana@a.example ben@a.example "Ben Smith" Friends both`, r.answer(writer, "help addbuddytoroster"))
	assert.Equal(t, `About removeAllRostersByDomain: remove every contact from every roster of a host.
Each item is removed as removeBuddyFromRoster does it. Unless that is confirmed, nothing is removed and the number of items is told.

removeAllRostersByDomain domain [--yes]
domain – Host, or all: a host of the server, or all
--yes – do it without being asked to send yes

Example:
removeAllRostersByDomain a.example`, r.answer(boss, "? RemoveAllRostersByDomain"))
	list := r.answer(reader, "Help.")
	assert.True(t, strings.HasPrefix(list, "The commands that you may send here (17):\ngetRoster – show a user's roster\n"), list)
	assert.True(t, strings.HasSuffix(list, `
stopJob – stop a verb that is under way

A command's arguments follow it, with quotes around what has blanks in it:
getRoster ana@b.example

What each takes, say for the first one:
help getRoster`), list)
	assert.Len(t, r.asks(boss, "?"), 2)
}

// TestExamples: each that is shown can be sent.
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

// TestYes: what destroys is done upon a yes, once, soon, and as the very next
// thing.
func TestYes(t *testing.T) {
	const (
		remove = "removeAllRostersByDomain a.example"
		asks   = "This removes 1 item of 1 roster on a.example.\nSend \"yes\" within a minute to do it."
		none   = "There is nothing that waits for a yes: a question is over when another message comes, and after a minute."
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
		"just in time":       {func(*rig) { time.Sleep(yesTime - 1) }, boss, "yes", done},
		"too late":           {func(*rig) { time.Sleep(yesTime) }, boss, "yes", none},
		"somebody else":      {nil, app, "yes", none},
		"not quite":          {nil, boss, "yes!", `Sorry, I do not know the command "yes!". Send "help" for those that I know.`},
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
					assert.Equal(t, none, r.answer(boss, "yes"), "a second one does nothing")
					assert.Contains(t, r.server.of("one@a.example"), "y@far.example")
				}
			})
		})
	}
}

func TestYesFlag(t *testing.T) {
	r := newRig(t)
	r.roster("one@a.example", "x@far.example")
	assert.Equal(t, "Done; 1 item of 1 roster removed; found by the test: 1 on a.example, 0 on b.example", r.answer(boss, "removeAllRosters —yes"))
	assert.Equal(t, "false", r.answer(boss, "checkUserJid one@a.example --yes"), "nothing to confirm")
}

// TestNotAsked: what nobody has written to the component just now.
func TestNotAsked(t *testing.T) {
	ordinary := func() question {
		return question{from: jid.MustParse(boss), to: jid.MustParse(own), typ: stanza.ChatMessage, line: "listJobs"}
	}
	child := func(space, local string) func(*question) {
		return func(q *question) { q.children = append(q.children, xml.Name{Space: space, Local: local}) }
	}
	jidOf := func(field func(*question) *jid.JID, j string) func(*question) {
		return func(q *question) { *field(q) = jid.MustParse(j) }
	}
	from := func(q *question) *jid.JID { return &q.from }
	to := func(q *question) *jid.JID { return &q.to }
	for name, change := range map[string]func(*question){
		"an error":                   func(q *question) { q.typ = stanza.ErrorMessage },
		"said in a room":             func(q *question) { q.typ = stanza.GroupChatMessage },
		"a headline":                 func(q *question) { q.typ = stanza.HeadlineMessage },
		"no text":                    func(q *question) { q.line = "" },
		"to a name":                  jidOf(to, "news@"+own),
		"to a name's client":         jidOf(to, "news@"+own+"/x"),
		"from the component":         jidOf(from, own),
		"from a name":                jidOf(from, "news@"+own),
		"from its resource":          jidOf(from, own+"/x"),
		"in a user's name":           jidOf(from, "boss@a.example"),
		"a carbon that was sent":     child("urn:xmpp:carbons:2", "sent"),
		"a carbon that was received": child("urn:xmpp:carbons:2", "received"),
		"from an archive":            child("urn:xmpp:mam:2", "result"),
		"from an old archive":        child("urn:xmpp:mam:1", "result"),
		"delayed":                    child("urn:xmpp:delay", "delay"),
		"delayed as before":          child("jabber:x:delay", "x"),
		"forwarded":                  child("urn:xmpp:forward:0", "forwarded"),
		"by privilege":               child("urn:xmpp:privilege:2", "privilege"),
		"by privilege of before":     child("urn:xmpp:privilege:1", "privilege"),
		"from somebody in a room":    child("http://jabber.org/protocol/muc#user", "x"),
		"delayed, among other children": func(q *question) {
			child("jabber:client", "body")(q)
			child("urn:xmpp:delay", "delay")(q)
		},
	} {
		r := newRig(t)
		q := ordinary()
		change(&q)
		assert.Empty(t, r.asksWith(q), name)
		q.from = jid.MustParse(stranger)
		if name != "from the component" && name != "from a name" && name != "from its resource" && name != "in a user's name" {
			assert.Empty(t, r.asksWith(q), "a stranger, %s", name)
		}
		assert.Empty(t, r.records.String(), name)
	}
	for name, change := range map[string]func(*question){
		"as it is":               func(*question) {},
		"normal":                 func(q *question) { q.typ = stanza.NormalMessage },
		"to a resource":          jidOf(to, own+"/any"),
		"to be kept from copies": child("urn:xmpp:carbons:2", "private"),
		"with an archive's id":   child("urn:xmpp:sid:0", "stanza-id"),
		"typing":                 child("http://jabber.org/protocol/chatstates", "active"),
		"wants a receipt":        child("urn:xmpp:receipts", "request"),
	} {
		r := newRig(t)
		q := ordinary()
		change(&q)
		assert.Equal(t, []string{"0 jobs"}, r.asksWith(q), name)
	}
}

// TestStrangers are refused more and more rarely, and what they tried is recorded.
func TestStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		refusal := []string{"Sorry, stranger@far.example may not run commands here. Whoever looks after this server can change that."}
		for pause := firstPause; pause <= 4*firstPause; pause *= 2 {
			assert.Equal(t, refusal, r.asks(stranger, "getRoster a@a.example"))
			for range 100 {
				assert.Empty(t, r.asks("stranger@far.example/another", "help"))
			}
			time.Sleep(pause - 1)
			assert.Empty(t, r.asks(stranger, "hello"))
			time.Sleep(time.Nanosecond)
		}
		assert.Equal(t, 3*102, strings.Count(r.records.String(), "msg=forbidden"))
		assert.Equal(t, 3, strings.Count(r.records.String(), "asker=stranger@far.example/x front=chat verb=getRoster"))
		assert.Empty(t, r.people)
		// Who answers every refusal at once or after a while is met with silence.
		told := 0
		for range 24 * 60 {
			told += len(r.asks(stranger, "I am away"))
			time.Sleep(time.Minute)
		}
		assert.LessOrEqual(t, told, 10)
		time.Sleep(refusedFor)
		assert.Equal(t, refusal, r.asks(stranger, "hello"))

		// Hosts and components could not read it.
		for _, host := range []string{"far.example", "b.example", "far.example/x", "x." + own} {
			assert.Empty(t, r.asks(host, "listJobs"), host)
		}
		// Who has a grant on his bare JID has none for his host or others there.
		for _, other := range []string{"reader@a.example/r", "boss@b.example/r", "boss@app.a.example/r"} {
			assert.Len(t, r.asks(other, "listJobs"), 1)
		}
	})
}

// TestManyStrangers: so many are remembered, and while they are nobody else is
// answered.
func TestManyStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for i := range maxStrangers {
			require.Len(t, r.asks(fmt.Sprintf("s%d@far.example/x", i), "hi"), 1)
		}
		for i := range 2 * maxStrangers {
			require.Empty(t, r.asks(fmt.Sprintf("s%d@far.example/x", i), "hi"))
		}
		assert.Len(t, r.strangers.refused, maxStrangers)
		assert.Equal(t, "0 jobs", r.answer(boss, "listJobs"), "who may is not concerned")
		time.Sleep(refusedFor)
		require.Len(t, r.asks("new@far.example/x", "hi"), 1)
		assert.Len(t, r.strangers.refused, 1)
	})
}

// TestRecords: what is run by chat is recorded as by any other front, and
// what people write to each other is not.
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

// TestWhatClientsAdd: what a client sends beside the text, or instead of it.
func TestWhatClientsAdd(t *testing.T) {
	child := func(space, local string) xml.Name { return xml.Name{Space: space, Local: local} }
	const encrypted = "Sorry, I cannot read encrypted messages. Switch the encryption off in this chat."
	for name, test := range map[string]struct {
		line  string
		child xml.Name
		want  []string
	}{
		"OMEMO":        {"listJobs", child("eu.siacs.conversations.axolotl", "encrypted"), []string{encrypted}},
		"OMEMO 2":      {"I sent you an OMEMO message", child("urn:xmpp:omemo:2", "encrypted"), []string{encrypted}},
		"OpenPGP":      {"yes", child("jabber:x:encrypted", "x"), []string{encrypted}},
		"a correction": {"listJobs", child("urn:xmpp:message-correct:0", "replace"), []string{corrected + "\n0 jobs"}},
		"a reaction":   {"👍", child("urn:xmpp:reactions:0", "reactions"), nil},
		"a retraction": {"listJobs", child("urn:xmpp:message-retract:1", "retract"), nil},
		"a receipt":    {"listJobs", child("urn:xmpp:receipts", "request"), []string{"0 jobs"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			q := r.question(boss, test.line)
			q.children = append(q.children, test.child)
			assert.Equal(t, test.want, r.asksWith(q))
		})
	}
}
