package verb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/audit"
	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/server"
	"emanagement/verb"
	"emanagement/verb/jobs"
	"emanagement/verb/wire"
)

func TestArguments(t *testing.T) {
	const user, buddy = "u@a.example", "b@a.example"
	item := func(change func(*rosterpush.Item)) *rosterpush.Item {
		i := &rosterpush.Item{JID: jid.MustParse(buddy), Subscription: rosterpush.To}
		if change != nil {
			change(i)
		}
		return i
	}
	for name, test := range map[string]struct {
		values  map[string][]string
		want    *rosterpush.Item // nil: refused
		param   string
		refusal string
	}{
		"no more than is required": {args("userJid", user, "buddyJid", buddy, "subscription_type", "to"), item(nil), "", ""},
		"everything": {
			args("userJid", user, "buddyJid", buddy, "buddyNick", " N ", "buddyGroup", "b", "buddyGroup", "a", "subscription_type", "to"),
			item(func(i *rosterpush.Item) { i.Name, i.Groups = " N ", []string{"a", "b"} }), "", "",
		},
		"empty values":    {args("userJid", user, "buddyJid", buddy, "buddyNick", "", "buddyGroup", "", "subscription_type", "to"), item(nil), "", ""},
		"other arguments": {args("userJid", user, "buddyJid", buddy, "subscription_type", "to", "FORM_TYPE", "x", "FORM_TYPE", "y"), item(nil), "", ""},
		"JIDs are prepared": {
			args("userJid", " U@A.EXAMPLE/r\n", "buddyJid", "\tB@a.example./x", "subscription_type", "to"), item(nil), "", "",
		},
		"a contact without a local part": {
			args("userJid", user, "buddyJid", "gateway.example", "subscription_type", "to"),
			item(func(i *rosterpush.Item) { i.JID = jid.MustParse("gateway.example") }), "", "",
		},
		"nothing":                  {nil, nil, "userJid", "a value is missing"},
		"blanks":                   {args("userJid", " \t\n"), nil, "userJid", "a value is missing"},
		"empty":                    {args("userJid", ""), nil, "userJid", "a value is missing"},
		"a host for a user":        {args("userJid", "a.example"), nil, "userJid", `"a.example" is not a user's JID (user@host)`},
		"no JID":                   {args("userJid", "u@a example"), nil, "userJid", `"u@a example" is not a JID`},
		"two users":                {args("userJid", user, "userJid", user), nil, "userJid", "expected one value, got 2"},
		"no contact":               {args("userJid", user), nil, "buddyJid", "a value is missing"},
		"a contact that is no JID": {args("userJid", user, "buddyJid", "@"), nil, "buddyJid", `"@" is not a JID`},
		"two nicks":                {args("userJid", user, "buddyJid", buddy, "buddyNick", "1", "buddyNick", "2"), nil, "buddyNick", "expected one value, got 2"},
		"no subscription":          {args("userJid", user, "buddyJid", buddy), nil, "subscription_type", "a value is missing"},
		"remove is none": {
			args("userJid", user, "buddyJid", buddy, "subscription_type", "remove"), nil,
			"subscription_type", `"remove" is not one of none, to, from, both`,
		},
		"a subscription in capitals": {
			args("userJid", user, "buddyJid", buddy, "subscription_type", "Both"), nil,
			"subscription_type", `"Both" is not one of none, to, from, both`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := new(memory)
			_, err := newNamespace(server, everything).Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: "addBuddyToRoster", Values: test.values})
			if test.want != nil {
				require.NoError(t, err)
				require.Len(t, server.rosters[user], 1)
				got := server.rosters[user][0]
				assert.ElementsMatch(t, test.want.Groups, got.Groups)
				got.Groups = test.want.Groups
				assert.Equal(t, *test.want, got)
				return
			}
			var refused *wire.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, verb.BadArgument(test.param, test.refusal), refused)
			assert.Equal(t, test.param+": "+test.refusal, refused.Error())
			assert.Empty(t, server.read)
			assert.Empty(t, server.written)
		})
	}
}

func TestPairOfOne(t *testing.T) {
	n := newNamespace(new(memory), everything)
	for name, test := range map[string]struct {
		values map[string][]string
		param  string
	}{
		"setBidireccionalBuddys":   {args("userAJid", "u@a.example", "userBJid", "U@a.example/r"), "userBJid"},
		"unsetBidireccionalBuddys": {args("userJid", "u@a.example", "oldFriendJid", "U@a.example/r"), "oldFriendJid"},
	} {
		_, err := n.Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: name, Values: test.values})
		var refused *wire.Error
		require.ErrorAs(t, err, &refused, name)
		assert.Equal(t, verb.BadArgument(test.param, `"u@a.example" is the same user as the other one`), refused)
	}
}

// unescape reverses escape.
func unescape(s string) string {
	s = strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n", `\r`, "\r", `\u`, `\\u`).Replace(s)
	return regexp.MustCompile(`\\\\u[0-9a-f]{4}`).ReplaceAllStringFunc(s, func(code string) string {
		n, err := strconv.ParseUint(code[3:], 16, 32)
		if err != nil {
			return code
		}
		return string(rune(n))
	})
}

// TestLines checks that each item is one line with five columns, and that the original
// values can be recovered from it.
func TestLines(t *testing.T) {
	contact := jid.MustParse("b@a.example")
	for name, test := range map[string]struct {
		item rosterpush.Item
		want string
	}{
		"bare":      {rosterpush.Item{JID: contact, Subscription: rosterpush.None}, "b@a.example\t\tnone\tnone\t"},
		"full":      {rosterpush.Item{JID: contact, Name: "B", Subscription: rosterpush.Both, Groups: []string{"1", "2 3"}}, "b@a.example\tB\tboth\tnone\t1;2 3"},
		"pending":   {rosterpush.Item{JID: contact, Subscription: rosterpush.From, Pending: true, Approved: true}, "b@a.example\t\tfrom\tout\t"},
		"tab":       {rosterpush.Item{JID: contact, Name: "\tB\t", Subscription: rosterpush.To, Groups: []string{"a\tb"}}, `b@a.example	\tB\t	to	none	a\tb`},
		"newline":   {rosterpush.Item{JID: contact, Name: "a\nb", Subscription: rosterpush.To, Groups: []string{"\n"}}, `b@a.example	a\nb	to	none	\n`},
		"return":    {rosterpush.Item{JID: contact, Name: "a\r\nb", Subscription: rosterpush.To}, `b@a.example	a\r\nb	to	none	`},
		"backslash": {rosterpush.Item{JID: contact, Name: `a\nb`, Subscription: rosterpush.To, Groups: []string{`\`, `\\`}}, `b@a.example	a\\nb	to	none	\\;\\\\`},
		"resource":  {rosterpush.Item{JID: jid.MustParse(`gateway.example/a\b`), Subscription: rosterpush.To}, `gateway.example/a\b		to	none	`},
		"beyond":    {rosterpush.Item{JID: contact, Name: "漢字 \u2028 \u0085 😀", Subscription: rosterpush.To}, "b@a.example\t漢字 \\u2028 \\u0085 😀\tto\tnone\t"},
		"controls":  {rosterpush.Item{JID: contact, Name: "a\u009b31m\u202eb\u2066\u2069\x7f", Subscription: rosterpush.To, Groups: []string{"\u2029"}}, "b@a.example\ta\\u009b31m\\u202eb\\u2066\\u2069\\u007f\tto\tnone\t\\u2029"},
		"joiners":   {rosterpush.Item{JID: contact, Name: "علی\u200cرضا 👩\u200d👧 \u200f", Subscription: rosterpush.To}, "b@a.example\tعلی\u200cرضا 👩\u200d👧 \u200f\tto\tnone\t"},
	} {
		t.Run(name, func(t *testing.T) {
			server := &memory{rosters: map[string][]rosterpush.Item{"u@a.example": {test.item}}}
			r, err := newNamespace(server, everything).Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: "getRoster", Values: args("userJid", "u@a.example")})
			require.NoError(t, err)
			assert.Equal(t, []string{test.want}, r.Lines())
			assert.Equal(t, 4, strings.Count(test.want, "\t"))
			assert.Equal(t, "1 item", r.Outcome())
			assert.False(t, r.Refused())
			columns := strings.Split(r.Lines()[0], "\t")
			assert.Equal(t, test.item.Name, unescape(columns[1]))
		})
	}
}

func TestOutcomes(t *testing.T) {
	const user, buddy = "u@a.example", "b@b.example"
	both := func(contact string) []rosterpush.Item {
		return []rosterpush.Item{{JID: jid.MustParse(contact), Subscription: rosterpush.Both}}
	}
	for _, test := range []struct {
		verb    string
		values  map[string][]string
		want    string
		refused bool
	}{
		{"checkUserJid", args("userJid", user), "true", false},
		{"checkUserJid", args("userJid", "nobody@a.example"), "false", false},
		{"checkBidirecctionalBuddys", args("userAJid", user, "userBJid", buddy), "true", false},
		{"checkBidirecctionalBuddys", args("userAJid", user, "userBJid", "nobody@a.example"), "false", false},
		{"getRoster", args("userJid", "nobody@a.example"), "Roster not found for user nobody@a.example", true},
		{"removeRoster", args("userJid", "nobody@a.example"), "Roster not found for userJid nobody@a.example", true},
		{"removeRoster", args("userJid", user), "Done", false},
		{"removeBuddyFromRoster", args("userJid", user, "buddyJid", buddy), "Done", false},
		{"removeBuddyFromRoster", args("userJid", user, "buddyJid", "x@b.example"), "User x@b.example not found in u@a.example roster.", true},
		{"unsetBidireccionalBuddys", args("userJid", user, "oldFriendJid", "x@b.example"), "u@a.example and x@b.example aren't bidireccional buddys", true},
		{"unsetBidireccionalBuddys", args("userJid", user, "oldFriendJid", buddy), "Done", false},
		{"setBidireccionalBuddys", args("userAJid", user, "userBJid", buddy), "Done", false},
		{"addBuddyToRoster", args("userJid", user, "buddyJid", buddy, "subscription_type", "none"), "Done", false},
	} {
		t.Run(test.verb+"-"+test.want, func(t *testing.T) {
			server := &memory{rosters: map[string][]rosterpush.Item{user: both(buddy), buddy: both(user)}}
			r, err := newNamespace(server, everything).Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: test.verb, Values: test.values})
			require.NoError(t, err)
			assert.Equal(t, test.want, r.Outcome())
			assert.Equal(t, []string{test.want}, r.Lines())
			assert.Equal(t, test.refused, r.Refused())
		})
	}
}

// TestFailures checks that the requester receives a text without secrets when the server
// fails, and that the error keeps the cause for the log.
func TestFailures(t *testing.T) {
	const user, buddy = "u@a.example", "b@b.example"
	secret := errors.New("some secret of the machine")
	for name, test := range map[string]struct {
		cause     error
		text      string
		temporary bool
	}{
		"no answer":        {fmt.Errorf("%w: %w", fault.ErrNoAnswer, secret), "the server did not answer; whether it did what was asked is unknown, and asking again does no harm", true},
		"not permitted":    {&fault.NotPermittedError{Host: "a.example", Reason: "add a line"}, "a.example: the server does not permit it: add a line", false},
		"a stanza error":   {fmt.Errorf("roster: %w", server.Classify(t.Context(), "roster", stanza.Error{Condition: stanza.Forbidden})), "the server refuses: forbidden", false},
		"anything else":    {secret, "something went wrong here; the log of the component says what", false},
		"canceled":         {context.Canceled, "something went wrong here; the log of the component says what", false},
		"unserved contact": {&fault.NotServedError{Host: "x.example"}, "x.example: not a host whose rosters are managed here (these are: none at the moment)", false},
	} {
		t.Run(name, func(t *testing.T) {
			server := &memory{fail: func(bool) error { return test.cause }}
			_, err := newNamespace(server, everything).Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: "addBuddyToRoster", Values: args("userJid", user, "buddyJid", buddy, "subscription_type", "to")})
			var failed *wire.Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, test.text, failed.Text)
			assert.Equal(t, test.temporary, failed.Temporary)
			assert.ErrorIs(t, err, test.cause)
		})
	}
}

// TestFailedRemovalTellsWhatIsRemoved uses a server that removes one item and then stops
// answering.
func TestFailedRemovalTellsWhatIsRemoved(t *testing.T) {
	taken := false
	server := &memory{fail: func(write bool) error {
		switch {
		case taken:
			return fault.ErrNoAnswer
		case write:
			taken = true
		}
		return nil
	}}
	server.rosters = map[string][]rosterpush.Item{"u@a.example": {{JID: jid.MustParse("b@b.example")}}}
	_, err := newNamespace(server, everything).Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: "removeRoster", Values: args("userJid", "u@a.example")})
	var failed *wire.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "1 item removed; the server did not answer; whether it did what was asked is unknown, and asking again does no harm", failed.Text)
	assert.True(t, failed.Kind == wire.Away)
}

// TestFailedPairTellsWhatStands checks that the error tells what each roster contains now.
func TestFailedPairTellsWhatStands(t *testing.T) {
	server := &memory{fail: func(write bool) error {
		if write {
			return errors.New("some secret of the machine")
		}
		return nil
	}}
	_, err := newNamespace(server, everything).Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: "setBidireccionalBuddys", Values: args("userAJid", "u@a.example", "userBJid", "b@b.example")})
	var failed *wire.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "something went wrong here; the log of the component says what (u@a.example: as before; b@b.example: as before)", failed.Text)
}

// TestUnservedHost checks that the error names the argument that named the host.
func TestUnservedHost(t *testing.T) {
	cause := &fault.NotServedError{Host: "x.example", Served: served}
	n := newNamespace(&memory{fail: func(bool) error { return cause }}, everything)
	_, err := n.Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: "checkBidirecctionalBuddys", Values: args("userAJid", "u@a.example", "userBJid", "u@x.example")})
	var refused *wire.Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, verb.BadArgument("userBJid", "x.example: not a host whose rosters are managed here (these are: a.example, b.example)"), refused)
}

// TestForeignContact checks that a contact on another server is a refusal, not a failure.
func TestForeignContact(t *testing.T) {
	cause := &rosterpush.ForeignContactError{Contact: jid.MustParse("b@far.example"), Subscription: rosterpush.Both}
	n := newNamespace(&memory{fail: func(bool) error { return cause }}, everything)
	r, err := n.Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: "addBuddyToRoster", Values: args("userJid", "u@a.example", "buddyJid", "b@far.example", "subscription_type", "both")})
	require.NoError(t, err)
	assert.True(t, r.Refused())
	assert.Equal(t, cause.Error(), r.Outcome())
}

// TestLog checks that each change leaves a line with the requester, the verb and the outcome,
// and each failure a line with its cause.
func TestLog(t *testing.T) {
	var log bytes.Buffer
	server := &memory{rosters: make(map[string][]rosterpush.Item)}
	records := slog.New(slog.NewTextHandler(&log, nil))
	n := verb.New(verb.Services{Rosters: rosterpush.New(audit.Rosters(server)), OwnDomain: own, Jobs: jobs.New(t.Context())}, []verb.Grant{everything}, records, records)
	run := func(name string) string {
		log.Reset()
		_, _ = n.Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: name, Values: args("userJid", "u@a.example", "buddyJid", "b@a.example", "subscription_type", "to")})
		return log.String()
	}
	assert.Empty(t, run("getRoster"), "it changes nothing")
	for line, name := range map[string]string{
		run("addBuddyToRoster"): "addBuddyToRoster", run("removeRoster"): "removeRoster",
	} {
		assert.Equal(t, 2, strings.Count(line, "\n"), line)
		assert.Regexp(t, `level=INFO msg=item run=\d+ asker=admin@a.example/r front=test verb=`+name+" ", line)
		assert.Regexp(t, `level=INFO msg=verb run=\d+ asker=admin@a.example/r front=test verb=`+name+" ", line)
		assert.Contains(t, line, "outcome=Done")
	}
	server.fail = func(bool) error { return errors.New("the cause") }
	line := run("getRoster")
	assert.Equal(t, 1, strings.Count(line, "\n"), line)
	assert.Contains(t, line, "level=WARN")
	assert.Contains(t, line, "the cause")
}
