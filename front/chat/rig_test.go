package chat

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
	"emanagement/verb"
	"emanagement/verb/jobs"
)

const (
	own      = "emanagement.a.example"
	boss     = "boss@a.example/phone"
	writer   = "writer@a.example/phone"
	reader   = "reader@b.example/phone"
	app      = "app.a.example"
	stranger = "stranger@far.example/x"
)

// rosters is a server that keeps rosters in memory.
type rosters struct {
	mu    sync.Mutex
	items map[string][]rosterpush.Item // by user
	fail  error                        // of the next reads
}

func (r *rosters) Roster(_ context.Context, user jid.JID) ([]rosterpush.Item, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.items[user.String()]), r.fail
}

func (r *rosters) Put(_ context.Context, user jid.JID, item rosterpush.Item, _ *rosterpush.Item) error {
	r.takeOut(user, item.JID)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.items[user.String()] = append(r.items[user.String()], item)
	return nil
}

func (r *rosters) Remove(_ context.Context, user jid.JID, was rosterpush.Item) error {
	r.takeOut(user, was.JID)
	return nil
}

func (r *rosters) takeOut(user, contact jid.JID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.items[user.String()] = slices.DeleteFunc(r.items[user.String()], func(i rosterpush.Item) bool { return i.JID.Equal(contact) })
}

// of lists a user's contacts.
func (r *rosters) of(user string) (contacts []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, i := range r.items[user] {
		contacts = append(contacts, i.JID.String())
	}
	return contacts
}

// rig is a front, with what it does and says.
type rig struct {
	*front
	t            *testing.T
	server       *rosters
	records, log bytes.Buffer

	mu   sync.Mutex
	sent []string // since they were taken
	fail error    // of the next messages
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, server: &rosters{items: make(map[string][]rosterpush.Item)}}
	source := hosts.Source{Name: "the test", Users: func(_ context.Context, host string) (users []jid.JID, conclusive bool, err error) {
		r.server.mu.Lock()
		defer r.server.mu.Unlock()
		for u := range r.server.items {
			if j := jid.MustParse(u); j.Domainpart() == host {
				users = append(users, j)
			}
		}
		return users, true, nil
	}}
	working := jobs.New(t.Context())
	t.Cleanup(working.Wait)
	rosters := rosterpush.New(r.server)
	services := verb.Services{
		Rosters: rosters, HostRosters: hosts.New(rosters, source), Jobs: working, Own: own,
		Hosts: func(context.Context) ([]string, error) { return []string{"a.example", "b.example"}, nil },
	}
	access := []verb.Grant{
		{JID: jid.MustParse(boss).Bare(), Role: verb.Admin},
		{JID: jid.MustParse(writer).Bare(), Role: verb.Write, Hosts: []string{"a.example"}},
		{JID: jid.MustParse(reader).Bare(), Role: verb.Read},
		{JID: jid.MustParse(app), Role: verb.Admin},
	}
	log := func(b *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }
	r.front = newFront(verb.New(services, access, log(&r.records), log(&r.log)), log(&r.log), r.take1)
	return r
}

// take1 takes a message that the front sends.
func (r *rig) take1(_ context.Context, q question, text string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	assert.NotContains(r.t, text, "\t")
	assert.False(r.t, r.isCommand(lineIn(text)), "an echo would be a command: %s", text)
	assert.LessOrEqual(r.t, len([]rune(text)), maxPart+300)
	r.sent = append(r.sent, text)
	return r.fail
}

// asks sends the front a chat message and returns what it answers.
func (r *rig) asks(from, body string) []string {
	return r.asksWith(r.question(from, body))
}

func (r *rig) question(from, body string) question {
	return question{from: jid.MustParse(from), to: jid.MustParse(own), typ: stanza.ChatMessage, line: lineIn(body)}
}

func (r *rig) asksWith(q question) []string {
	r.take(r.t.Context(), q)
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := r.sent
	r.sent = nil
	return sent
}

// answer is the one message that answers a line.
func (r *rig) answer(from, body string) string {
	r.t.Helper()
	sent := r.asks(from, body)
	if !assert.Len(r.t, sent, 1, body) {
		return ""
	}
	return sent[0]
}

// many has a user have many contacts, and returns the lines that show them.
func (r *rig) many(user string, n int) (lines []string) {
	for i := range n {
		contact := fmt.Sprintf("contact%04d@a.example", i)
		r.roster(user, contact)
		lines = append(lines, contact+" – C – both – Friends, Work")
	}
	return lines
}

// roster has a user have contacts.
func (r *rig) roster(user string, contacts ...string) {
	for _, c := range contacts {
		r.server.items[user] = append(r.server.items[user], rosterpush.Item{
			JID: jid.MustParse(c), Name: strings.ToUpper(c[:1]), Subscription: rosterpush.Both, Groups: []string{"Friends", "Work"},
		})
	}
}

func (*rosters) Spelling(host string) string { return host }
