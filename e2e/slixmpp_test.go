package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slixmpp is a process with a client that this project did not write. It takes
// requests and returns replies as JSON.
type slixmpp struct {
	in  *json.Encoder
	out *json.Decoder
}

// clientReply is an answer as the client understood it.
type clientReply struct {
	Error    *struct{ Condition, Text string }
	Commands []struct{ Node, Name, JID string }

	Status, SessionID   string
	Actions             []string
	Notes               [][2]string // type and text
	Title, Instructions string
	From, Type, Body    string // from a message
	Fields              []struct {
		Var, Type, Label string
		Required         bool
		Value            any
	}
}

// newSlixmpp logs slixmpp in. If slixmpp is not installed, the test fails.
func newSlixmpp(t *testing.T, account string) *slixmpp {
	t.Helper()
	if err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", "import slixmpp").Run(); err != nil {
		t.Fatalf("/usr/bin/python3 has no slixmpp (%v): run scripts/setup slixmpp", err)
	}
	return startClient(t, account, "/usr/bin/python3", "internal/xmppclient/slixmpp_commands.py")
}

// startClient starts a client that uses the protocol of slixmpp_commands.py,
// and logs it in.
func startClient(t *testing.T, account string, command ...string) *slixmpp {
	t.Helper()
	host, port, err := net.SplitHostPort(server.ClientAddr())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // not the test's context, which ends before the client logs out
	cmd := exec.CommandContext(ctx, command[0], append(command[1:], host, port, account, "pw")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // so that it ends if the tests are killed
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

// do has the client perform an operation with a verb and returns the reply.
// session names a form that the client opened before, "" for none. Only the
// operation run uses values.
func (s *slixmpp) do(t *testing.T, op, verb, session string, values map[string][]string) clientReply {
	t.Helper()
	request := map[string]any{"op": op, "service": service.String(), "node": verb, "values": values}
	if session != "" {
		request["sessionid"] = session
	}
	require.NoError(t, s.in.Encode(request))
	var answer clientReply
	require.NoError(t, s.out.Decode(&answer))
	return answer
}

// TestSlixmpp has slixmpp list the verbs, and fill in and submit the form of
// each.
func TestSlixmpp(t *testing.T) {
	client := newSlixmpp(t, "admin@localhost")
	list := client.do(t, "list", "", "", nil)
	require.Nil(t, list.Error)
	require.NotEmpty(t, list.Commands)
	for _, c := range list.Commands {
		assert.Equal(t, service.String(), c.JID)
		assert.NotEmpty(t, c.Name)
		t.Run(c.Node, func(t *testing.T) {
			jids := uniqueJIDs(t, "localhost", "a", "b")
			test, ok := submissions(jids[0], jids[1])[c.Node]
			if !ok {
				register(t, jids[0])
				room := "room." + strings.ToLower(c.Node)
				deployments[0].destroyRoomAtEnd(t, room+"@conference.localhost")
				deployments[0].destroyRoomAtEnd(t, room+"2@conference.localhost")
				test, ok := briefSubmissions(jids[0], room)[c.Node]
				require.True(t, ok, "no submission of this verb in the tables")
				client.submitBrief(t, c.Node, test)
				return
			}
			test.prepare(t)
			client.submitForm(t, c.Node, test)
			for _, user := range jids {
				assert.ElementsMatch(t, test.after[user], storedRoster(t, server, user), user)
			}
		})
	}
}

// submitForm opens a verb's form, checks it, submits it and checks the answer.
func (s *slixmpp) submitForm(t *testing.T, verb string, test submission) {
	form := s.openForm(t, verb, test.values)
	answer := s.do(t, "run", verb, form.SessionID, test.values)
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

// openForm opens a verb's form and checks it.
func (s *slixmpp) openForm(t *testing.T, verb string, values map[string][]string) clientReply {
	form := s.do(t, "form", verb, "", nil)
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

// submitBrief does the same for a brief submission. A verb without fields
// answers at once.
func (s *slixmpp) submitBrief(t *testing.T, verb string, test briefSubmission) {
	session := ""
	if test.values != nil {
		session = s.openForm(t, verb, test.values).SessionID
	}
	answer := s.do(t, "run", verb, session, test.values)
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

// TestSlixmppShows checks answers other than a verb's result. slixmpp does not
// report an error unless it repeats the command.
func TestSlixmppShows(t *testing.T) {
	client := newSlixmpp(t, "writer@localhost")
	user := uniqueJIDs(t, "localhost", "user")[0]
	storeItems(t, server, user, storedItem{"contact@localhost", "", "both", nil})

	t.Run("refusal", func(t *testing.T) {
		got := client.do(t, "run", "removeBuddyFromRoster", "", formValues("userJid", user, "buddyJid", "nobody@localhost"))
		require.Nil(t, got.Error)
		text := "User nobody@localhost not found in " + user + " roster."
		assert.Equal(t, [][2]string{{"error", text}}, got.Notes)
	})
	t.Run("bad value", func(t *testing.T) {
		got := client.do(t, "run", "removeBuddyFromRoster", "", formValues("userJid", user, "buddyJid", ""))
		require.Nil(t, got.Error)
		assert.Equal(t, "executing", got.Status)
		assert.Equal(t, [][2]string{{"error", "Contact (buddyJid): a value is missing"}}, got.Notes)
		assert.Equal(t, "Contact (buddyJid): a value is missing", got.Title)
		require.NotEmpty(t, got.Fields)
		assert.Equal(t, user, got.Fields[0].Value)
	})
	t.Run("error at the first stage", func(t *testing.T) {
		got := client.do(t, "form", "nothing", "", nil)
		require.NotNil(t, got.Error)
		assert.Equal(t, "item-not-found", got.Error.Condition)
		assert.Equal(t, "no such command: nothing", got.Error.Text)
	})
	t.Run("error at the second stage", func(t *testing.T) {
		form := client.do(t, "form", "removeRoster", "", nil)
		require.Nil(t, form.Error)
		got := client.do(t, "run", "removeRoster", form.SessionID, formValues("userJid", "user@example.org"))
		require.NotNil(t, got.Error)
		assert.Equal(t, "forbidden", got.Error.Condition)
		assert.Equal(t, "writer@localhost may not run removeRoster on example.org", got.Error.Text)
	})
	t.Run("cancel", func(t *testing.T) {
		form := client.do(t, "form", "removeRoster", "", nil)
		require.Nil(t, form.Error)
		got := client.do(t, "cancel", "removeRoster", form.SessionID, nil)
		require.Nil(t, got.Error)
		assert.Equal(t, "canceled", got.Status)
	})
	assert.Len(t, storedRoster(t, server, user), 1, "none of this changed anything")
}

// TestSlixmppChats sends verbs as chat messages.
func TestSlixmppChats(t *testing.T) {
	client := newSlixmpp(t, "herereader@localhost")
	user := uniqueJIDs(t, "localhost", "user")[0]
	storeItems(t, server, user, storedItem{"contact@localhost", `Terry "T" <&> ✓`, "both", []string{"Friends", "Work"}})
	say := func(line string) {
		t.Helper()
		require.NoError(t, client.in.Encode(map[string]string{"op": "say", "service": service.String(), "body": line}))
		var sent clientReply
		require.NoError(t, client.out.Decode(&sent))
		require.Equal(t, clientReply{}, sent)
	}
	for _, test := range []struct{ line, answer string }{
		{"getRoster " + user, "1 item\ncontact@localhost – Terry \"T\" <&> ✓ – both – Friends, Work"},
		{"Getroster “" + user + "”", "1 item\ncontact@localhost – Terry \"T\" <&> ✓ – both – Friends, Work"},
		{"checkUserJid nobody@localhost", "false"},
		{"getRoster user@example.org", "herereader@localhost may not run getRoster on example.org."},
		{"I'm new here", `Sorry, I do not know the command "I'm". Send "help" for a list of commands.`},
	} {
		say(test.line)
		got := client.do(t, "hear", "", "", nil)
		require.Nil(t, got.Error)
		assert.Equal(t, clientReply{From: service.String(), Type: "chat", Body: test.answer}, got)
	}
}
