package e2e_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/stanza"

	"emanagement/internal/xmppclient"
)

// fill replaces words in a text: fill(text, "USER", user).
func fill(text string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(text)
}

// noteAnswer is the answer to a form that a client opened and submitted, if the
// verb only reports an outcome: one note, and no form.
func noteAnswer(verb, session, note, text string) string {
	return fill(`<command xmlns="http://jabber.org/protocol/commands" node="VERB" sessionid="SESSION" status="completed">`+
		`<note type="NOTE">TEXT</note></command>`, "VERB", verb, "SESSION", session, "NOTE", note, "TEXT", xmlEscaped(text))
}

// tableAnswer is the answer to a form that a client opened and submitted, if
// the verb returns lines: the outcome above the lines, and no note.
func tableAnswer(verb, session, text string, lines ...string) string {
	full := oneStepAnswer(verb, session, "info", text, lines...)
	return strings.Replace(full, `<note type="info">`+xmlEscaped(text)+`</note>`, "", 1)
}

// oneStepAnswer is the answer to a program that submits a form in one step. The
// outcome stands in one note and in the title, the lines in one field. There is
// no table, because Gajim fails on one, and there are no actions.
func oneStepAnswer(verb, session, note, text string, lines ...string) string {
	values := ""
	for _, line := range lines {
		values += "<value>" + xmlEscaped(line) + "</value>"
	}
	return fill(`<command xmlns="http://jabber.org/protocol/commands" node="VERB" sessionid="SESSION" status="completed">`+
		`<note type="NOTE">TEXT</note><x xmlns="jabber:x:data" type="result"><title>TEXT</title>`+
		`<field var="result" type="text-multi" label="VERB">VALUES</field></x></command>`,
		"VERB", verb, "SESSION", session, "NOTE", note, "TEXT", xmlEscaped(text), "VALUES", values)
}

// xmlEscaped escapes a text for an XML stream.
func xmlEscaped(text string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		panic(err) // a strings.Builder never fails
	}
	return b.String()
}

// requireStanzaError returns the stanza error in err.
func requireStanzaError(t testing.TB, err error) stanza.Error {
	t.Helper()
	var e stanza.Error
	require.ErrorAs(t, err, &e)
	return e
}

// TestAdhocAnswers checks an answer of every kind as it stands on the wire.
func TestAdhocAnswers(t *testing.T) {
	admin := login(t, "admin@localhost")
	for name, test := range map[string]struct {
		verb, user, note, text string
		readable, lines        []string // the answer within a session and in one step; nil: only the text
	}{
		"yes": {"checkUserJid", "USER", "info", "true", nil, nil},
		"no":  {"checkUserJid", "UNKNOWN", "info", "false", nil, nil},
		"rows": {"getRoster", "USER", "info", "2 items",
			[]string{"a@localhost – A & Ω – to – One, Two", "b@localhost – both"},
			[]string{"a@localhost\tA & Ω\tto\tnone\tOne;Two", "b@localhost\t\tboth\tnone\t"}},
		"not found": {"getRoster", "UNKNOWN", "error", "Roster not found for user UNKNOWN", nil, nil},
		"no roster": {"removeRoster", "UNKNOWN", "error", "Roster not found for userJid UNKNOWN", nil, nil},
		"done":      {"removeRoster", "USER", "info", "Done", nil, nil},
	} {
		for _, to := range addresses() {
			t.Run(name+" at "+to.Resourcepart(), func(t *testing.T) {
				t.Parallel()
				jids := uniqueJIDs(t, "localhost", "user", "unknown")
				names := []string{"USER", jids[0], "UNKNOWN", jids[1]}
				storeItems(t, server, jids[0], storedItem{"a@localhost", "A & Ω", "to", []string{"Two", "One"}})
				storeItems(t, server, jids[0], storedItem{"b@localhost", "", "both", nil})
				first, err := admin.Execute(shortContext(t), to, test.verb)
				require.NoError(t, err)
				got, err := admin.Submit(shortContext(t), to, first, "complete", formValues("userJid", fill(test.user, names...)))
				require.NoError(t, err)
				text := fill(test.text, names...)
				want := noteAnswer(test.verb, first.SessionID, test.note, text)
				if test.readable != nil {
					want = tableAnswer(test.verb, first.SessionID, text, test.readable...)
				}
				require.Len(t, got.Raw.Children, 1)
				assert.Equal(t, want, got.Raw.Children[0].String())
			})
			t.Run(name+" at once at "+to.Resourcepart(), func(t *testing.T) {
				t.Parallel()
				jids := uniqueJIDs(t, "localhost", "user", "unknown")
				names := []string{"USER", jids[0], "UNKNOWN", jids[1]}
				storeItems(t, server, jids[0], storedItem{"a@localhost", "A & Ω", "to", []string{"Two", "One"}})
				storeItems(t, server, jids[0], storedItem{"b@localhost", "", "both", nil})
				got, err := admin.Run(shortContext(t), to, test.verb, formValues("userJid", fill(test.user, names...)))
				require.NoError(t, err)
				text := fill(test.text, names...)
				lines := test.lines
				if lines == nil {
					lines = []string{text}
				}
				require.Len(t, got.Raw.Children, 1)
				assert.Equal(t, oneStepAnswer(test.verb, test.verb, test.note, text, lines...), got.Raw.Children[0].String())
			})
		}
	}
}

// TestAdhocErrors checks the errors. Many clients show only the text, and
// slixmpp and poezio show nothing if the error does not repeat the command.
func TestAdhocErrors(t *testing.T) {
	for name, test := range map[string]struct {
		account, opened, command string // opened: the verb that SESSION was opened for, "" for none
		want, text               string // want: the error's type, its condition and its command-specific condition
	}{
		"no such verb":           {"admin", "", `node="nothing" sessionid="old" action="complete"`, "cancel item-not-found", "no such command: nothing"},
		"a verb misspelt":        {"admin", "", `node="getRooster" action="execute"`, "cancel item-not-found", "no such command: getRooster; did you mean getRoster?"},
		"no verb":                {"admin", "", `node=""`, "cancel item-not-found", "no such command: "},
		"a stranger":             {"stranger", "", `node="getRoster" sessionid="old"`, "auth forbidden", "stranger@localhost may not run commands here"},
		"a stranger, no verb":    {"stranger", "", `node="nothing"`, "auth forbidden", "stranger@localhost may not run commands here"},
		"too small a role":       {"reader", "", `node="removeRoster" sessionid="old"`, "auth forbidden", "reader@localhost may not run removeRoster: it takes the role write"},
		"another host":           {"writer", "getRoster", `node="getRoster" sessionid="SESSION" action="complete"`, "auth forbidden", "writer@localhost may not run getRoster on example.org"},
		"another host at once":   {"writer", "", `node="getRoster"`, "auth forbidden", "writer@localhost may not run getRoster on example.org"},
		"no such session":        {"admin", "", `node="getRoster" sessionid="old" action="complete"`, "modify bad-request bad-sessionid", "no such session; begin the command again"},
		"another verb's session": {"admin", "checkUserJid", `node="getRoster" sessionid="SESSION"`, "modify bad-request bad-sessionid", "no such session; begin the command again"},
		"cancel of no session":   {"admin", "", `node="getRoster" sessionid="old" action="cancel"`, "modify bad-request bad-sessionid", "no such session; begin the command again"},
		"prev":                   {"admin", "getRoster", `node="getRoster" sessionid="SESSION" action="prev"`, "modify bad-request bad-action", "there is no earlier stage"},
		"nonsense":               {"admin", "getRoster", `node="getRoster" sessionid="SESSION" action="nonsense"`, "modify bad-request malformed-action", "no such action: nonsense"},
		"nonsense at once":       {"admin", "", `node="getRoster" action="Complete"`, "modify bad-request malformed-action", "no such action: Complete"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := login(t, test.account+"@localhost")
			session := ""
			if test.opened != "" {
				session = openForm(t, c, test.opened)
			}
			head := `<command xmlns="http://jabber.org/protocol/commands" ` + fill(test.command, "SESSION", session)
			reply, err := c.Ask(shortContext(t), stanza.SetIQ, service, head+
				`><x xmlns='jabber:x:data' type='submit'><field var='userJid'><value>user@example.org</value></field></x></command>`)
			assert.Equal(t, map[string]string{"": test.text}, requireStanzaError(t, err).Text)
			require.Len(t, reply.Children, 2)
			assert.Equal(t, head+"/>", reply.Children[0].String(), "the attributes of the command, without its form")
			assert.Equal(t, test.want, errorConditions(reply.Children[1]))
		})
	}
}

// errorConditions returns the type and the conditions of an error element,
// without the text.
func errorConditions(e xmppclient.Element) string {
	words := []string{e.Attr("type")}
	for _, child := range e.Children {
		if child.Name.Local != "text" {
			words = append(words, child.Name.Local)
		}
	}
	return strings.Join(words, " ")
}
