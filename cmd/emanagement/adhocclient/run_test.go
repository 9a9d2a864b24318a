package adhocclient

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/verb"
	"emanagement/verb/wire"
)

// uniqueJID returns a JID that no other test uses.
func uniqueJID(t *testing.T, name string) string {
	return strings.NewReplacer("/", ".", "_", "-", " ", "-").Replace(strings.ToLower(name+"."+t.Name())) + "@localhost"
}

// TestRunRoster checks that arguments arrive unchanged, and that results have their types.
func TestRunRoster(t *testing.T) {
	t.Parallel()
	c, user, buddy := login(t, account(plainServer, "admin@localhost")), uniqueJID(t, "user"), uniqueJID(t, "buddy")
	const nick = "T \"'<&>]]> $(x) \t  ü 👍 \\ -- "
	done, err := c.Run(shortContext(t), service, verbByName(t, "addBuddyToRoster"), values(
		"userJid", user, "buddyJid", buddy, "buddyNick", nick, "buddyGroup", "One; two", "buddyGroup", "Three", "subscription_type", "from"), false)
	require.NoError(t, err)
	assert.Equal(t, wire.Done, done.Shape)
	assert.Equal(t, []string{"Done"}, done.Lines)

	table, err := c.Run(shortContext(t), service, verbByName(t, "getRoster"), values("userJid", user), false)
	require.NoError(t, err)
	assert.Equal(t, wire.Table, table.Shape)
	assert.Equal(t, "1 item", table.Outcome)
	raw, err := json.Marshal(table)
	require.NoError(t, err)
	var typed struct{ Items []map[string]any }
	require.NoError(t, json.Unmarshal(raw, &typed))
	assert.Equal(t, []map[string]any{{
		"jid": buddy, "nick": nick, "subscription": "from", "ask": "none", "groups": []any{"One; two", "Three"},
	}}, typed.Items)
}

func TestRunAnswerAndRefusal(t *testing.T) {
	t.Parallel()
	c, user := login(t, account(plainServer, "reader@localhost")), uniqueJID(t, "user")
	no, err := c.Run(shortContext(t), service, verbByName(t, "checkUserJid"), values("userJid", user), false)
	require.NoError(t, err)
	assert.Equal(t, wire.Answer, no.Shape)
	require.NotNil(t, no.Answer)
	assert.False(t, *no.Answer)
	assert.Equal(t, []string{"false"}, no.Lines)

	refusal, err := c.Run(shortContext(t), service, verbByName(t, "stopJob"), values("job", "4711"), false)
	require.NoError(t, err)
	assert.Equal(t, wire.Refusal, refusal.Shape)
	assert.Equal(t, "job 4711 not found", refusal.Outcome)
}

// TestRunWithoutArguments checks that a verb without arguments also runs in one stage.
func TestRunWithoutArguments(t *testing.T) {
	t.Parallel()
	jobs, err := login(t, account(plainServer, "reader@localhost")).Run(shortContext(t), service, verbByName(t, "listJobs"), nil, false)
	require.NoError(t, err)
	assert.Equal(t, wire.Table, jobs.Shape)
}

func TestRunRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		account     string
		verb        *verb.Verb
		values      map[string][]string
		kind        wire.Kind
		param, text string
		meant       string
	}{
		"no such verb": {"admin@localhost", &verb.Verb{Name: "getRoaster"}, nil, wire.Unknown, "",
			"Error: Command not recognized\nUse 'help' to get information about command syntax", "getRoster"},
		"a forbidden verb": {"reader@localhost", verbByName(t, "removeRoster"), values("userJid", "a@localhost"), wire.Forbidden, "",
			"reader@localhost may not run removeRoster: it takes the role write", ""},
		"a stranger": {"stranger@example.org", verbByName(t, "getRoster"), values("userJid", "a@localhost"), wire.Forbidden, "",
			"stranger@example.org may not run commands here", ""},
		"a bad argument": {"admin@localhost", verbByName(t, "getRoster"), values("userJid", "localhost"), wire.Argument, "userJid",
			`userJid: "localhost" is not a user's JID (user@host)`, ""},
		"no argument": {"admin@localhost", verbByName(t, "getRoster"), nil, wire.Argument, "userJid", "userJid: a value is missing", ""},
		"what XML cannot carry": {"admin@localhost", verbByName(t, "getRoster"), values("userJid", "a\x01@localhost"), wire.Argument, "userJid",
			"userJid: it has a character that XMPP cannot carry", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := login(t, account(plainServer, test.account))
			_, err := c.Run(shortContext(t), service, test.verb, test.values, false)
			requireKind(t, test.kind, err)
			assert.Equal(t, &wire.Error{Kind: test.kind, Text: test.text, Param: test.param, Meant: test.meant}, err)

			_, err = c.ask(shortContext(t), "get", service, entityInfo{})
			assert.NoError(t, err, "the stream goes on")
		})
	}
}

// TestRunConfirmed checks that nothing is destroyed before the requester confirms it.
func TestRunConfirmed(t *testing.T) {
	// It is not parallel, because no other test may have a roster there meanwhile.
	c := login(t, account(plainServer, "admin@localhost"))
	count := func() string {
		t.Helper()
		r, err := c.Run(shortContext(t), service, verbByName(t, "getRoster"), values("userJid", "a@example.org"), false)
		require.NoError(t, err)
		return r.Outcome
	}
	for _, test := range []struct {
		verb string
		args []string
	}{{"removeAllRostersByDomain", []string{"domain", "example.org"}}, {"removeAllRosters", nil}} {
		_, err := c.Run(shortContext(t), service, verbByName(t, "addBuddyToRoster"),
			values("userJid", "a@example.org", "buddyJid", "b@localhost", "buddyNick", "B", "subscription_type", "both"), false)
		require.NoError(t, err)

		_, err = c.Run(shortContext(t), service, verbByName(t, test.verb), values(test.args...), false)
		e := requireKind(t, wire.Confirm, err)
		assert.NotContains(t, e.Text, "in the field confirm")
		assert.Contains(t, e.Text, "this removes 1 item of 1 roster")
		assert.Equal(t, values(test.args...)["domain"], map[string][]string{"all": nil, "example.org": {"example.org"}}[e.Word])
		assert.Equal(t, "1 item", count())

		_, err = c.Run(shortContext(t), service, verbByName(t, test.verb), values(append(test.args, "confirm", "wrong")...), false)
		assert.Equal(t, "confirm", requireKind(t, wire.Argument, err).Param)
		assert.Equal(t, "1 item", count())

		_, err = c.Run(shortContext(t), service, verbByName(t, test.verb), values(append(test.args, "confirm", "wrong")...), true)
		require.NoError(t, err)
		assert.Equal(t, "Roster not found for user a@example.org", count())
	}
}

// TestRunOtherAnswers runs verbs of fakeService, whose answers no emanagement of this
// version gives.
func TestRunOtherAnswers(t *testing.T) {
	t.Parallel()
	c := login(t, account(plainServer, "admin@localhost"))
	run := func(name string, once bool) (wire.Result, error) {
		v := &verb.Verb{Name: name, Once: once, Params: []verb.Param{{Name: "whose", Label: "Whose"}}}
		return c.Run(shortContext(t), otherService, v, values("whose", "a"), false)
	}
	for name, want := range map[string]string{
		"oldTable":   `{"shape":"table","outcome":"2 items","lines":["a","b"]}`,
		"oldDone":    `{"shape":"done","outcome":"Done","lines":["Done"]}`,
		"oldAnswer":  `{"shape":"answer","answer":true,"outcome":"true","lines":["true"]}`,
		"oldRefusal": `{"shape":"refusal","outcome":"no such roster","lines":["no such roster"]}`,
		"noteOnly":   `{"shape":"table","outcome":"all is well","lines":["all is well"]}`,
		"foreign":    `{"shape":"table","outcome":"genuine","lines":["genuine"]}`,
		"impostor":   `{"shape":"table","outcome":"genuine","lines":["genuine"]}`,
	} {
		r, err := run(name, false)
		require.NoError(t, err, name)
		var got strings.Builder
		require.NoError(t, r.Print(&got, true))
		assert.JSONEq(t, want, got.String(), name)
	}
	wantsMore := "rails.localhost: it asks for more than this program knows about %s; is it of another version?"
	unreached := "rails.localhost cannot be reached (%s): is emanagement running there, and connected to its server?"
	for name, want := range map[string]wire.Error{
		"garbled":    {Kind: wire.Failed, Text: "rails.localhost: its answer cannot be read: unexpected end of JSON input; the verb was carried out"},
		"stages":     {Kind: wire.Failed, Text: strings.ReplaceAll(wantsMore, "%s", "stages")},
		"cancelled":  {Kind: wire.Failed, Text: strings.ReplaceAll(wantsMore, "%s", "cancelled")},
		"blames":     {Kind: wire.Argument, Text: "whose: not that one", Param: "whose"},
		"blamesNone": {Kind: wire.Failed, Text: strings.ReplaceAll(wantsMore, "%s", "blamesNone")},
		"specific":   {Kind: wire.Away, Text: "nobody there", NothingDone: true},
		"nothing":    {Kind: wire.Failed, Text: "rails.localhost: its answer has no command in it"},
		"late":       {Kind: wire.Away, Text: "its server is slow"},
		"busy":       {Kind: wire.Away, Text: "ask again"},
		"broken":     {Kind: wire.Failed, Text: "half of it is done"},
		"silently":   {Kind: wire.Failed, Text: "not-acceptable"},
		"gone":       {Kind: wire.Away, Text: strings.ReplaceAll(unreached, "%s", "gone")},
		"unservice":  {Kind: wire.Away, Text: strings.ReplaceAll(unreached, "%s", "service-unavailable")},
	} {
		_, err := run(name, false)
		assert.Equal(t, &want, err, name)
	}
	_, err := run("late", true)
	assert.Equal(t, "its server is slow; whether late was carried out is unknown: check before you run it again", requireKind(t, wire.Away, err).Text)
	_, err = run("untold", true)
	assert.Equal(t, "whether it was done is unknown", requireKind(t, wire.Away, err).Text, "the text is not repeated")
}

// TestRunNoComponent runs a verb of a component that does not exist, at a domain of the
// server.
func TestRunNoComponent(t *testing.T) {
	t.Parallel()
	c := login(t, account(plainServer, "admin@localhost"))
	_, err := c.Run(shortContext(t), jid.MustParse("nobody.localhost"), verbByName(t, "getRoster"), values("userJid", "a@localhost"), false)
	e := requireKind(t, wire.Away, err)
	assert.Equal(t, "nobody.localhost cannot be reached (remote-server-not-found): is emanagement running there, and connected to its server?", e.Text)
}

// TestRunNoAnswer checks that the wait ends with the context, and the stream does not. The
// error says that the outcome is unknown, and whether the verb may be repeated.
func TestRunNoAnswer(t *testing.T) {
	t.Parallel()
	for once, unknown := range map[bool]string{
		false: "whether silent was carried out is unknown, and running it again does no harm",
		true:  "whether silent was carried out is unknown: check before you run it again",
	} {
		t.Run(fmt.Sprintf("once %t", once), func(t *testing.T) {
			t.Parallel()
			c := login(t, account(plainServer, "admin@localhost"))
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			_, err := c.Run(ctx, otherService, &verb.Verb{Name: "silent", Once: once}, nil, false)
			assert.Equal(t, "rails.localhost does not answer in time; "+unknown, requireKind(t, wire.Away, err).Text)

			_, err = c.Run(shortContext(t), service, verbByName(t, "listJobs"), nil, false)
			assert.NoError(t, err)
			_, err = c.Run(ctx, service, verbByName(t, "listJobs"), nil, false)
			assert.Equal(t, "listJobs was not run: not sent: context deadline exceeded", requireKind(t, wire.Away, err).Text)
		})
	}
}

// TestRunKicked has the server end the session while a verb runs.
func TestRunKicked(t *testing.T) {
	t.Parallel()
	c := login(t, account(plainServer, "admin@localhost/kicked"))
	ended := make(chan error, 1)
	go func() {
		_, err := c.Run(shortContext(t), otherService, &verb.Verb{Name: "silent", Once: true}, nil, false)
		ended <- err
	}()
	for sender := range fakeService.silent {
		if sender == "admin@localhost/kicked" {
			break
		}
	}
	_, err := plainServer.Ctl(t.Context(), "kick_session", "admin", "localhost", "kicked", "for a test")
	require.NoError(t, err)
	e := requireKind(t, wire.Away, <-ended)
	assert.Equal(t, "the server ends the stream: conflict: for a test; whether silent was carried out is unknown: check before you run it again", e.Text)

	_, err = c.Run(shortContext(t), service, verbByName(t, "listJobs"), nil, false)
	assert.Contains(t, requireKind(t, wire.Away, err).Text, "listJobs was not run: not sent: conflict")
}

// TestRunTooLong sends a stanza that is larger than the server accepts.
func TestRunTooLong(t *testing.T) {
	t.Parallel()
	c := login(t, account(tlsServer, "admin@localhost"))
	_, err := c.Run(shortContext(t), service, verbByName(t, "getRoster"), values("userJid", strings.Repeat("a", 30000)), false)
	e := requireKind(t, wire.Failed, err)
	assert.Equal(t, "getRoster was not run: the server ends the stream: policy-violation: XML stanza is too big", e.Text)
}

// TestRunForm checks the submitted form. It tells the component to wait and to answer as
// JSON. (A carriage return does not survive: ejabberd forwards it without escaping, so the
// XML parser takes it for a line end.)
func TestRunForm(t *testing.T) {
	t.Parallel()
	c := login(t, account(plainServer, "admin@localhost"))
	r, err := c.Run(shortContext(t), otherService, &verb.Verb{Name: "echo"}, values("b", "1", "b", "2", "a", "", "c", " \n\t"), false)
	require.NoError(t, err)
	assert.Equal(t, []string{"execute submit", `a=[""]`, `b=["1" "2"]`, `c=[" \n\t"]`, `format=["json"]`, `wait=["true"]`}, r.Lines)

	destroys := &verb.Verb{Name: "echo", Params: []verb.Param{{Name: "confirm", Kind: verb.Confirm}}}
	for domain, confirmed := range map[string]string{"example.org": "example.org", "": "all"} {
		given := values("confirm", "wrong")
		if domain != "" {
			given["domain"] = []string{domain}
		}
		r, err := c.Run(shortContext(t), otherService, destroys, given, true)
		require.NoError(t, err)
		confirms := slices.DeleteFunc(r.Lines, func(l string) bool { return !strings.HasPrefix(l, "confirm=") })
		assert.Equal(t, []string{fmt.Sprintf("confirm=[%q]", confirmed)}, confirms)
	}
}

// TestRunReportsProgress checks that OnProgress receives the progress of the long verb for
// which Run waits, and of no other verb.
func TestRunReportsProgress(t *testing.T) {
	t.Parallel()
	c := login(t, account(plainServer, "admin@localhost"))
	var reported []wire.Progress
	c.OnProgress = func(p wire.Progress) { reported = append(reported, p) }
	r, err := c.Run(shortContext(t), otherService, &verb.Verb{Name: "long", Long: true}, nil, false)
	require.NoError(t, err)
	assert.Equal(t, "it is over", r.Outcome)
	assert.Equal(t, []wire.Progress{{Text: "1 of 2", Done: 1, Total: 2}}, reported)

	_, err = c.Run(shortContext(t), otherService, &verb.Verb{Name: "echo"}, nil, false)
	require.NoError(t, err)
	assert.Len(t, reported, 1, "only a long verb is polled")
}

// TestRunAnswersRequests checks that the client answers a request while it waits.
func TestRunAnswersRequests(t *testing.T) {
	t.Parallel()
	c := login(t, account(plainServer, "admin@localhost"))
	r, err := c.Run(shortContext(t), otherService, &verb.Verb{Name: "ping"}, nil, false)
	require.NoError(t, err)
	assert.Equal(t, "you are error", r.Outcome)
}
