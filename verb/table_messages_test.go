package verb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/audit"
	"emanagement/fault"
	"emanagement/message"
	"emanagement/presence"
	"emanagement/rosterpush"
	"emanagement/verb"
	"emanagement/verb/jobs"
	"emanagement/verb/wire"
)

// mailbox is a server in memory that keeps the messages, and fails for certain recipients.
type mailbox struct {
	*memory
	sent []string
	bad  map[string]error // by recipient
}

func (m *mailbox) SendMessage(_ context.Context, from, to jid.JID, body string) error {
	m.sent = append(m.sent, fmt.Sprintf("%s>%s:%s", from, to, body))
	return m.bad[to.String()]
}

func (m *mailbox) Sessions(ctx context.Context, user jid.JID) ([]presence.Session, error) {
	if err, ok := m.bad[user.String()]; ok {
		return nil, err
	}
	return m.memory.Sessions(ctx, user)
}

func (m *mailbox) run(t *testing.T, log *slog.Logger, name string, pairs ...string) (verb.Result, error) {
	t.Helper()
	working := jobs.New(t.Context())
	defer working.Wait()
	services := verb.Services{
		Rosters: rosterpush.New(m), Presences: presence.New(m), Messages: message.New(m), Jobs: working, OwnDomain: own,
		Hosts: func(context.Context) ([]string, error) { return served, nil },
	}
	return verb.New(services, []verb.Grant{everything}, log, log).Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: name, Values: args(pairs...)})
}

func TestMessageArguments(t *testing.T) {
	const a, b = "a@a.example", "b@b.example"
	for name, test := range map[string]struct {
		verb  string
		pairs []string
		want  []string // sent; nil: refused
		param string
	}{
		"an own address":         {"sendMessageToUser", []string{"fromJid", "SocialStream", "toJid", a, "msg", " hi "}, []string{"socialstream@" + own + ">" + a + ": hi "}, ""},
		"a user, lines":          {"sendMessageToUser", []string{"fromJid", b + "/r", "toJid", a + "/r", "msg", "1", "msg", "", "msg", "2"}, []string{b + "/r>" + a + "/r:1\n\n2"}, ""},
		"to a host":              {"sendMessageToUser", []string{"fromJid", b, "toJid", "a.example", "msg", "hi"}, []string{b + ">a.example:hi"}, ""},
		"no sender":              {"sendMessageToUser", []string{"toJid", a, "msg", "hi"}, nil, "fromJid"},
		"two words":              {"sendMessageToUser", []string{"fromJid", "Social Stream", "toJid", a, "msg", "hi"}, nil, "fromJid"},
		"a domain for a sender":  {"sendMessageToUser", []string{"fromJid", "x/y", "toJid", a, "msg", "hi"}, nil, "fromJid"},
		"no recipient":           {"sendMessageToUser", []string{"fromJid", b, "msg", "hi"}, nil, "toJid"},
		"no message":             {"sendMessageToUser", []string{"fromJid", b, "toJid", a, "msg", " \n "}, nil, "msg"},
		"a list":                 {"broadcast", []string{"admin", b, "userJids", "[" + a + ", " + b + "," + a + "]", "msg", "hi"}, []string{b + ">" + a + ":hi", b + ">" + b + ":hi"}, ""},
		"lines of recipients":    {"broadcast", []string{"admin", b, "userJids", a, "userJids", "", "userJids", b, "msg", "hi"}, []string{b + ">" + a + ":hi", b + ">" + b + ":hi"}, ""},
		"all is no list":         {"broadcast", []string{"admin", b, "userJids", "all", "msg", "hi"}, nil, "userJids"},
		"an empty list":          {"broadcast", []string{"admin", b, "userJids", "[]", "msg", "hi"}, nil, "userJids"},
		"all in a list":          {"broadcastToConnectedUsers", []string{"admin", b, "userJids", "[all]", "msg", "hi"}, nil, "userJids"},
		"all who are connected":  {"broadcastToConnectedUsers", []string{"admin", b, "userJids", "all", "msg", "hi"}, []string{b + ">x@a.example:hi", b + ">x@b.example:hi"}, ""},
		"some who are connected": {"broadcastToConnectedUsers", []string{"admin", b, "userJids", "[" + a + "]", "msg", "hi"}, []string{b + ">" + a + ":hi"}, ""},
		"nobody":                 {"broadcastToConnectedUsers", []string{"admin", b, "userJids", "[,]", "msg", "hi"}, nil, "userJids"},
		"half a list":            {"broadcastToConnectedUsers", []string{"admin", b, "userJids", "[" + a + ",@]", "msg", "hi"}, nil, "userJids"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &mailbox{memory: new(memory)}
				_, err := m.run(t, slog.New(slog.DiscardHandler), test.verb, test.pairs...)
				assert.Equal(t, test.want, m.sent)
				if test.want != nil {
					require.NoError(t, err)
					return
				}
				var refused *wire.Error
				require.ErrorAs(t, err, &refused)
				assert.Equal(t, test.param, refused.Param)
			})
		})
	}
}

func TestMessageOutcomes(t *testing.T) {
	const a, b, c, d, e = "a@a.example", "b@a.example", "c@a.example", "d@a.example", "e@far.example"
	sender := &message.SenderError{Sender: jid.MustParse("x@far.example"), Hosts: served, Own: own}
	missing := &fault.NotPermittedError{Host: "a.example", Reason: "add a line"}
	const notTaken, unknown = "no such user, or none who takes messages", "the server did not answer; whether it did what was asked is unknown"
	bad := map[string]error{
		b: fmt.Errorf("%w: %w", message.ErrNotTaken, errors.New("secret")), c: fmt.Errorf("%w: secret", fault.ErrNoAnswer),
		d: presence.ErrNoSession, e: &fault.NotServedError{Host: "far.example"},
	}
	list := "[" + a + "," + b + "," + c + "]"
	for name, test := range map[string]struct {
		verb, to string
		bad      map[string]error
		want     string
		lines    []string
		refused  bool
		failed   string // the text of the failure
	}{
		"sent":                 {"sendMessageToUser", a, nil, "Done", []string{"Done"}, false, ""},
		"not taken":            {"sendMessageToUser", b, bad, b + ": " + notTaken, []string{b + ": " + notTaken}, true, ""},
		"unknown":              {"sendMessageToUser", c, bad, "", nil, false, unknown},
		"no such sender":       {"sendMessageToUser", a, map[string]error{a: sender}, sender.Error(), []string{sender.Error()}, true, ""},
		"no permission":        {"sendMessageToUser", a, map[string]error{a: missing}, "", nil, false, missing.Error()},
		"to several":           {"broadcast", list, bad, "sent to 1 of 3 recipients", []string{a + "\tDone", b + "\t" + notTaken, c + "\t" + unknown}, false, ""},
		"several, no sender":   {"broadcast", list, map[string]error{a: sender}, sender.Error(), []string{sender.Error()}, true, ""},
		"several, not allowed": {"broadcast", list, map[string]error{a: missing}, "", nil, false, missing.Error()},
		"not allowed any more": {"broadcast", list, map[string]error{b: missing}, "sent to 2 of 3 recipients", []string{a + "\tDone", b + "\t" + missing.Error(), c + "\tDone"}, false, ""},
		"to the connected": {
			"broadcastToConnectedUsers", "[" + a + "," + d + "," + e + "]", bad, "sent to 1 of 3 recipients",
			[]string{a + "\tDone", d + "\tno such session", e + "\tfar.example: not a host whose rosters are managed here (these are: none at the moment)"}, false, "",
		},
		"nobody is connected": {"broadcastToConnectedUsers", "[" + d + "]", bad, "sent to 0 of 1 recipient", []string{d + "\tno such session"}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &mailbox{memory: new(memory), bad: test.bad}
				r, err := m.run(t, slog.New(slog.DiscardHandler), test.verb, "fromJid", "News", "admin", "News", "toJid", test.to, "userJids", test.to, "msg", "hi")
				if test.failed != "" {
					var failed *wire.Error
					require.ErrorAs(t, err, &failed)
					assert.Equal(t, test.failed, failed.Text)
					assert.False(t, failed.Temporary, "a client that asked again would send it twice")
					return
				}
				require.NoError(t, err)
				assert.Equal(t, test.want, r.Outcome())
				assert.Equal(t, test.lines, r.Lines())
				assert.Equal(t, test.refused, r.Refused())
				for i, s := range m.sent {
					assert.NotContains(t, m.sent[:i], s, "sent twice")
				}
			})
		})
	}
}

func TestIllegalMessageIsRefused(t *testing.T) {
	for _, name := range []string{"sendMessageToUser", "broadcast"} {
		m := &mailbox{memory: new(memory)}
		r, err := m.run(t, slog.New(slog.DiscardHandler), name, "fromJid", "News", "admin", "News", "toJid", "a@a.example", "userJids", "[a@a.example]", "msg", "\x00")
		require.NoError(t, err)
		assert.True(t, r.Refused())
		assert.Equal(t, message.ErrIllegalText.Error(), r.Outcome())
		assert.Empty(t, m.sent)
	}
}

// TestMessagesAreNotLogged checks that the audit log has the sender and the recipient of a
// message, and no log its text.
func TestMessagesAreNotLogged(t *testing.T) {
	for _, bad := range []error{nil, message.ErrNotTaken, errors.New("lost")} {
		for _, name := range []string{"sendMessageToUser", "broadcast", "broadcastToConnectedUsers"} {
			var log bytes.Buffer
			m := &mailbox{memory: new(memory), bad: map[string]error{"a@a.example": bad}}
			_, _ = m.run(t, slog.New(slog.NewTextHandler(&log, nil)), name, "fromJid", "News", "admin", "News", "toJid", "a@a.example", "userJids", "[a@a.example]", "msg", "whispered")
			assert.Contains(t, log.String(), "verb="+name)
			assert.Contains(t, log.String(), "a@a.example")
			assert.NotContains(t, log.String(), "whispered")
		}
	}
}

// TestBroadcastAsJob checks that a long broadcast continues as a job, reports its progress,
// and sends the outcome of each message at its end.
func TestBroadcastAsJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mailbox{memory: new(memory)}
		working := jobs.New(t.Context())
		messages := make(chan string, 1)
		services := verb.Services{
			Presences: presence.New(m), Messages: message.New(m), Jobs: working, OwnDomain: own, Hosts: func(context.Context) ([]string, error) { return served, nil },
			Notify: func(_ context.Context, to jid.JID, text string) error {
				assert.Equal(t, admin, to)
				messages <- text
				return nil
			},
		}
		discard := slog.New(slog.DiscardHandler)
		n := verb.New(services, []verb.Grant{everything}, discard, discard)
		list := ""
		want := "job 1: broadcast: sent to 1000 of 1000 recipients\n"
		for i := range 1000 {
			list += fmt.Sprintf("u%d@a.example\n", i)
			if i < 685 {
				want += fmt.Sprintf("u%d@a.example – Done\n", i)
			}
		}
		want += "(315 lines left out; the audit log has all of it)"
		r, err := n.Run(t.Context(), verb.Request{Requester: admin, Verb: "broadcast", Values: args("admin", "News", "userJids", list, "msg", "hi")})
		require.NoError(t, err)
		assert.Equal(t, "job 1: broadcast goes on; messages will tell how far it is and how it ends, and so does listJobs", r.Outcome())
		time.Sleep(time.Second)
		synctest.Wait()
		r, err = n.Run(t.Context(), verb.Request{Requester: admin, Verb: "listJobs"})
		require.NoError(t, err)
		assert.Contains(t, r.Lines()[0], "\t900 of 1000")
		assert.Equal(t, want, <-messages)
		working.Wait()
		assert.Len(t, m.sent, 1000)
	})
}

// TestRecipientsAreRecorded checks that the record of a run names only the first of many
// recipients, because each message has a record. It also checks that a refusal names each
// host once.
func TestRecipientsAreRecorded(t *testing.T) {
	for list, want := range map[string]string{
		"all":                         `["all"]`,
		"[b@b.example , c@b.example]": `["b@b.example","c@b.example"]`,
		"b@b.example\n\nc@b.example\nd@b.example":                         `["b@b.example","c@b.example","d@b.example"]`,
		"[b@b.example,c@b.example,d@b.example,e@b.example/r,f@b.example]": `["b@b.example","c@b.example","d@b.example","and 2 more"]`,
	} {
		var log bytes.Buffer
		_, err := (&mailbox{memory: new(memory)}).run(t, audit.NewLog(&log), "broadcastToConnectedUsers", "admin", "News", "userJids", list, "msg", "hi")
		require.NoError(t, err)
		assert.Contains(t, log.String(), `"userJids":`+want+`}`)
	}

	n := newRecorded(new(memory), verb.Grant{JID: admin.Bare(), Role: verb.Write, Hosts: []string{"a.example"}})
	_, err := n.Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: "broadcast",
		Values: args("admin", "b@a.example", "userJids", "[a@b.example,b@b.example,c@a.example]", "msg", "hi")})
	assert.EqualError(t, err, admin.Bare().String()+" may not run broadcast on b.example")
}
