package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// submission is a verb's form filled in, for a user a and another one b, with
// what stood before and what the server keeps then.
type submission struct {
	before map[string]entry
	values map[string][]string
	note   string
	text   string
	lines  []string // for people; nil: nothing but the text
	after  map[string][]entry
}

// submissions has one for every verb about the rosters of single users.
func submissions(a, b string) map[string]submission {
	const nick, group = `Terry "T" <&> ✓`, "Semi;colon"
	pair := map[string]entry{a: {b, "B", "both", []string{}}, b: {a, "A", "both", []string{}}}
	paired := map[string][]entry{a: {pair[a]}, b: {pair[b]}}
	one := map[string]entry{a: {b, nick, "to", []string{"One", "Two"}}}
	return map[string]submission{
		"addBuddyToRoster": {
			nil, args("userJid", a, "buddyJid", b, "buddyNick", nick, "buddyGroup", "Two", "buddyGroup", group, "subscription_type", "from"),
			"info", "Done", nil, map[string][]entry{a: {{b, nick, "from", []string{group, "Two"}}}},
		},
		"removeBuddyFromRoster": {
			one, args("userJid", a, "buddyJid", b),
			"info", "Done", nil, nil,
		},
		"setBidireccionalBuddys": {
			nil, args("userAJid", a, "userBJid", b, "userANick", "A", "userBNick", nick, "groupForA", group, "groupForB", "One", "groupForB", "Two"),
			"info", "Done", nil, map[string][]entry{a: {{b, nick, "both", []string{"One", "Two"}}}, b: {{a, "A", "both", []string{group}}}},
		},
		"unsetBidireccionalBuddys": {
			pair, args("userJid", a, "oldFriendJid", b, "oldFriendNick", nick, "groupForOldFriend", group),
			"info", "Done", nil, map[string][]entry{a: {{b, nick, "to", []string{group}}}},
		},
		"getRoster": {
			one, args("userJid", a),
			"info", "1 item", []string{strings.Join([]string{b, nick, "to", "One, Two"}, " – ")}, map[string][]entry{a: {one[a]}},
		},
		"removeRoster": {
			one, args("userJid", a),
			"info", "Done", nil, nil,
		},
		"checkUserJid": {
			nil, args("userJid", a),
			"info", "false", nil, nil,
		},
		"checkBidirecctionalBuddys": {
			pair, args("userAJid", a, "userBJid", b),
			"info", "true", nil, paired,
		},
	}
}

// other is the form of another verb filled in. Of the answer only the kind and
// the outcome are looked at here: that it is true is for the verb's own tests.
type other struct {
	values map[string][]string
	note   string
	text   string // a regular expression
}

// others has one for every verb that submissions leaves out. The user a is
// registered and not connected; the room is none yet.
func others(a, room string) map[string]other {
	user, at := args("userJid", a), args("roomName", room, "domain", "localhost")
	absent := "^" + regexp.QuoteMeta(a) + " no have any active session$"
	with := func(values map[string][]string, pairs ...string) map[string][]string {
		all := args(pairs...)
		maps.Copy(all, values)
		return all
	}
	message := with(nil, "admin", "SocialStream", "userJids", "["+a+"]", "msg", "several\nlines <&>")
	noRoom := "^Room .* not found$"
	return map[string]other{
		"removeAllRostersByDomain":             {args("domain", "localhost", "confirm", "nonsense"), "error", "confirm"},
		"removeAllRosters":                     {args("confirm", "nonsense"), "error", "confirm"},
		"getAllUserJidsWithRosterByDomain":     {args("domain", "localhost", "from", "a@localhost", "limit", "5"), "info", "^[0-9]+ users?; "},
		"printAllRostersByDomain":              {args("domain", "localhost", "from", "a@localhost", "limit", "5"), "info", "^[0-9]+ rosters?; "},
		"printAllRosters":                      {args("from", "a@localhost", "limit", "5"), "info", "^[0-9]+ rosters?; "},
		"printAllBidirecctionalBuddysByDomain": {args("domain", "localhost", "from", "a@localhost", "limit", "5"), "info", "^[0-9]+ pairs?; "},

		"setPresence":              {with(user, "status", "s", "priority", "5"), "error", absent},
		"unsetPresence":            {with(user, "status", "s"), "error", absent},
		"sendPresence":             {with(user, "show", "dnd", "status", "s", "priority", "-1"), "error", absent},
		"getUserResource":          {user, "error", absent},
		"getConnectedJids":         {nil, "info", "^[1-9][0-9]* users?$"},
		"getConnectedJidsByDomain": {args("domain", "all"), "info", "^[1-9][0-9]* users?$"},
		"kickUserJid":              {user, "error", absent},
		"isEjabberdNodeStarted":    {nil, "info", "^true$"},

		"sendMessageToUser":         {args("fromJid", "SocialStream", "toJid", a, "msg", "several\nlines <&>"), "info", "^Done$"},
		"broadcast":                 {message, "info", "^sent to 1"},
		"broadcastToConnectedUsers": {message, "info", "^sent to 0"},

		"createPersistentRoom":    {with(at, "roomName", room), "info", "^Done$"},
		"createRoom":              {args("roomName", room+"2", "domain", "localhost"), "info", "^Done$"},
		"destroyRoom":             {args("roomName", room+"3", "domain", "localhost"), "error", noRoom},
		"destroyAllRoomsByDomain": {args("domain", "example.org", "confirm", "example.org"), "info", `^Done; \d+ rooms? destroyed$`},
		"destroyAllRooms":         {args("confirm", "nonsense"), "error", "confirm"},
		"getAllJidsOfRoom":        {args("roomName", room+"3", "domain", "localhost"), "error", noRoom},
		"getAffiliationsOfRoom":   {args("roomName", room+"3", "domain", "localhost"), "error", noRoom},
		"setJidAffiliationOfRoom": {args("roomName", room+"3", "domain", "localhost", "jid", a, "affiliation", "member"), "error", noRoom},
		"printAllRoomsByDomain":   {args("domain", "localhost"), "info", "^[0-9]+ rooms?$"},
		"printAllRooms":           {nil, "info", "^[0-9]+ rooms?$"},

		"listJobs": {nil, "info", "^[0-9]+ jobs?$"},
		"stopJob":  {args("job", "1000000"), "error", "^job 1000000 not found$"},
	}
}

// prepare brings the rosters into the state before.
func (s submission) prepare(t testing.TB) {
	for user, e := range s.before {
		put(t, server, user, e)
	}
}

// slixmpp is a client that this project did not write.
type slixmpp struct {
	in  *json.Encoder
	out *json.Decoder
}

// seen is what slixmpp made of an answer.
type seen struct {
	Error    *struct{ Condition, Text string }
	Commands []struct{ Node, Name, JID string }

	Status, SessionID   string
	Actions             []string
	Notes               [][2]string // type and text
	Title, Instructions string
	From, Type, Body    string // of a message
	Fields              []struct {
		Var, Type, Label string
		Required         bool
		Value            any
	}
}

// newSlixmpp logs slixmpp in. Where it is not installed the test fails.
func newSlixmpp(t *testing.T, account string) *slixmpp {
	t.Helper()
	if err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", "import slixmpp").Run(); err != nil {
		t.Fatalf("/usr/bin/python3 has no slixmpp (%v): run scripts/setup slixmpp", err)
	}
	return logIn(t, account, "/usr/bin/python3", "internal/xmppclient/slixmpp_commands.py")
}

// logIn logs in a client that speaks as slixmpp_commands.py does.
func logIn(t *testing.T, account string, command ...string) *slixmpp {
	t.Helper()
	host, port, err := net.SplitHostPort(server.ClientAddr())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // not the test's, which ends before it is logged out
	cmd := exec.CommandContext(ctx, command[0], append(command[1:], host, port, account, "pw")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // should the tests be killed
	var log bytes.Buffer
	cmd.Stderr = &log
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		defer cancel()
		assert.NoError(t, in.Close())
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Errorf("%s: %v; its log:\n%s", command[1], err, log.String())
		}
	})
	return &slixmpp{json.NewEncoder(in), json.NewDecoder(out)}
}

// ask has slixmpp do something with a verb. The session is that of a form that
// it opened before, "" for none; values are for the operation run.
func (s *slixmpp) ask(t *testing.T, op, verb, session string, values map[string][]string) seen {
	t.Helper()
	request := map[string]any{"op": op, "service": service.String(), "node": verb, "values": values}
	if session != "" {
		request["sessionid"] = session
	}
	require.NoError(t, s.in.Encode(request))
	var answer seen
	require.NoError(t, s.out.Decode(&answer))
	return answer
}

// TestSlixmpp has slixmpp list the verbs, fill in the form of each and submit
// it.
func TestSlixmpp(t *testing.T) {
	client := newSlixmpp(t, "admin@localhost")
	list := client.ask(t, "list", "", "", nil)
	require.Nil(t, list.Error)
	require.NotEmpty(t, list.Commands)
	for _, c := range list.Commands {
		assert.Equal(t, service.String(), c.JID)
		assert.NotEmpty(t, c.Name)
		t.Run(c.Node, func(t *testing.T) {
			jids := people(t, "localhost", "a", "b")
			test, ok := submissions(jids[0], jids[1])[c.Node]
			if !ok {
				register(t, jids[0])
				room := "room." + strings.ToLower(c.Node)
				places[0].cleanRoom(t, room+"@conference.localhost")
				places[0].cleanRoom(t, room+"2@conference.localhost")
				test, ok := others(jids[0], room)[c.Node]
				require.True(t, ok, "no submission of this verb in the tables")
				client.submitsOther(t, c.Node, test)
				return
			}
			test.prepare(t)
			client.submits(t, c.Node, test)
			for _, user := range jids {
				assert.ElementsMatch(t, test.after[user], stored(t, server, user), user)
			}
		})
	}
}

// submits opens a verb's form, looks at it, submits it and looks at the answer.
func (s *slixmpp) submits(t *testing.T, verb string, test submission) {
	form := s.opens(t, verb, test.values)
	answer := s.ask(t, "run", verb, form.SessionID, test.values)
	require.Nil(t, answer.Error)
	assert.Equal(t, "completed", answer.Status)
	assert.Equal(t, form.SessionID, answer.SessionID)
	if test.lines == nil {
		assert.Equal(t, [][2]string{{test.note, test.text}}, answer.Notes)
		assert.Empty(t, answer.Fields)
		return
	}
	assert.Equal(t, test.text, answer.Title)
	require.Len(t, answer.Fields, 1)
	assert.Equal(t, strings.Join(test.lines, "\n"), answer.Fields[0].Value)
}

// opens opens a verb's form and looks at it.
func (s *slixmpp) opens(t *testing.T, verb string, values map[string][]string) seen {
	form := s.ask(t, "form", verb, "", nil)
	require.Nil(t, form.Error)
	assert.Equal(t, "executing", form.Status)
	assert.Equal(t, []string{"complete"}, form.Actions)
	assert.Regexp(t, "^"+verb+": .", form.Title)
	assert.NotEmpty(t, form.Instructions)
	var fields []string
	for _, f := range form.Fields {
		fields = append(fields, f.Var)
		assert.NotEmpty(t, f.Type, f.Var)
		assert.NotEmpty(t, f.Label, f.Var)
	}
	for name := range values {
		assert.Contains(t, fields, name)
	}
	assert.Len(t, fields, len(values), "every field is filled in")
	return form
}

// submitsOther does the same with a verb of the other table. One without fields
// is answered at once.
func (s *slixmpp) submitsOther(t *testing.T, verb string, test other) {
	session := ""
	if test.values != nil {
		session = s.opens(t, verb, test.values).SessionID
	}
	answer := s.ask(t, "run", verb, session, test.values)
	require.Nil(t, answer.Error)
	if len(answer.Notes) == 0 {
		assert.Equal(t, "info", test.note)
		assert.Regexp(t, test.text, answer.Title)
		return
	}
	require.Len(t, answer.Notes, 1)
	assert.Equal(t, test.note, answer.Notes[0][0])
	assert.Regexp(t, test.text, answer.Notes[0][1])
}

// TestSlixmppShows has answers other than a verb's own: slixmpp says nothing
// of an error that it does not know for the command's.
func TestSlixmppShows(t *testing.T) {
	client := newSlixmpp(t, "writer@localhost")
	user := people(t, "localhost", "user")[0]
	put(t, server, user, entry{"contact@localhost", "", "both", nil})

	t.Run("refusal", func(t *testing.T) {
		got := client.ask(t, "run", "removeBuddyFromRoster", "", args("userJid", user, "buddyJid", "nobody@localhost"))
		require.Nil(t, got.Error)
		text := "User nobody@localhost not found in " + user + " roster."
		assert.Equal(t, [][2]string{{"error", text}}, got.Notes)
	})
	t.Run("bad value", func(t *testing.T) {
		got := client.ask(t, "run", "removeBuddyFromRoster", "", args("userJid", user, "buddyJid", ""))
		require.Nil(t, got.Error)
		assert.Equal(t, "executing", got.Status)
		assert.Equal(t, [][2]string{{"error", "Contact (buddyJid): a value is missing"}}, got.Notes)
		assert.Equal(t, "Contact (buddyJid): a value is missing", got.Title)
		require.NotEmpty(t, got.Fields)
		assert.Equal(t, user, got.Fields[0].Value)
	})
	t.Run("error at the first stage", func(t *testing.T) {
		got := client.ask(t, "form", "nothing", "", nil)
		require.NotNil(t, got.Error)
		assert.Equal(t, "item-not-found", got.Error.Condition)
		assert.Equal(t, "no such command: nothing", got.Error.Text)
	})
	t.Run("error at the second stage", func(t *testing.T) {
		form := client.ask(t, "form", "removeRoster", "", nil)
		require.Nil(t, form.Error)
		got := client.ask(t, "run", "removeRoster", form.SessionID, args("userJid", "user@example.org"))
		require.NotNil(t, got.Error)
		assert.Equal(t, "forbidden", got.Error.Condition)
		assert.Equal(t, "writer@localhost may not run removeRoster on example.org", got.Error.Text)
	})
	t.Run("cancel", func(t *testing.T) {
		form := client.ask(t, "form", "removeRoster", "", nil)
		require.Nil(t, form.Error)
		got := client.ask(t, "cancel", "removeRoster", form.SessionID, nil)
		require.Nil(t, got.Error)
		assert.Equal(t, "canceled", got.Status)
	})
	assert.Len(t, stored(t, server, user), 1, "none of this changed anything")
}

// TestSlixmppChats sends verbs as chat messages.
func TestSlixmppChats(t *testing.T) {
	client := newSlixmpp(t, "herereader@localhost")
	user := people(t, "localhost", "user")[0]
	put(t, server, user, entry{"contact@localhost", `Terry "T" <&> ✓`, "both", []string{"Friends", "Work"}})
	say := func(line string) {
		t.Helper()
		require.NoError(t, client.in.Encode(map[string]string{"op": "say", "service": service.String(), "body": line}))
		var said seen
		require.NoError(t, client.out.Decode(&said))
		require.Equal(t, seen{}, said)
	}
	for _, test := range []struct{ line, answer string }{
		{"getRoster " + user, "1 item\ncontact@localhost – Terry \"T\" <&> ✓ – both – Friends, Work"},
		{"Getroster “" + user + "”", "1 item\ncontact@localhost – Terry \"T\" <&> ✓ – both – Friends, Work"},
		{"checkUserJid nobody@localhost", "false"},
		{"getRoster user@example.org", "herereader@localhost may not run getRoster on example.org."},
		{"I'm new here", `Sorry, I do not know the command "I'm". Send "help" for those that I know.`},
	} {
		say(test.line)
		got := client.ask(t, "hear", "", "", nil)
		require.Nil(t, got.Error)
		assert.Equal(t, seen{From: service.String(), Type: "chat", Body: test.answer}, got)
	}
}
