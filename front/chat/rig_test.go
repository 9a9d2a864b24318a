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

// rosters is a server with rosters in memory.
type rosters struct {
	mu    sync.Mutex
	items map[string][]rosterpush.Item // by user
	fail  error                        // returned for the next reads
}

func (*rosters) MayShare(context.Context, string) bool { return false }

func (r *rosters) Roster(_ context.Context, user jid.JID, _ *rosterpush.Roster) (*rosterpush.Roster, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return rosterpush.NewRoster("", slices.Clone(r.items[user.String()])), r.fail
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

// of lists the contacts of a user.
func (r *rosters) of(user string) (contacts []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, i := range r.items[user] {
		contacts = append(contacts, i.JID.String())
	}
	return contacts
}

// rig is a front with its server, its logs, and the messages that it sends.
type rig struct {
	*front
	t            *testing.T
	server       *rosters
	records, log bytes.Buffer

	mu   sync.Mutex
	sent []string // since the last call of sends
	fail error    // returned for the next messages
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
		Rosters: rosters, HostRosters: hosts.New(rosters, source), Jobs: working, OwnDomain: own,
		Hosts: func(context.Context) ([]string, error) { return []string{"a.example", "b.example"}, nil },
	}
	access := []verb.Grant{
		{JID: jid.MustParse(boss).Bare(), Role: verb.Admin},
		{JID: jid.MustParse(writer).Bare(), Role: verb.Write, Hosts: []string{"a.example"}},
		{JID: jid.MustParse(reader).Bare(), Role: verb.Read},
		{JID: jid.MustParse(app), Role: verb.Admin},
	}
	log := func(b *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }
	r.front = newFront(verb.New(services, access, log(&r.records), log(&r.log)), log(&r.log), r.record)
	return r
}

// record records a message that the front sends, and checks it.
func (r *rig) record(_ context.Context, _ message, text string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	assert.NotContains(r.t, text, "\t")
	assert.False(r.t, r.isCommand(stripQuotation(text)), "an echo would be a command: %s", text)
	assert.LessOrEqual(r.t, len([]rune(text)), maxPart+300)
	r.sent = append(r.sent, text)
	return r.fail
}

// asks sends a chat message to the front, and returns its answers.
func (r *rig) asks(from, body string) []string {
	return r.sends(r.message(from, body))
}

// message returns a chat message to the front.
func (r *rig) message(from, body string) message {
	return message{from: jid.MustParse(from), to: jid.MustParse(own), typ: stanza.ChatMessage, line: stripQuotation(body)}
}

// sends sends a message to the front, and returns its answers.
func (r *rig) sends(m message) []string {
	r.handle(r.t.Context(), m)
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := r.sent
	r.sent = nil
	return sent
}

// answer sends a chat message to the front, and returns its only answer.
func (r *rig) answer(from, body string) string {
	r.t.Helper()
	sent := r.asks(from, body)
	if !assert.Len(r.t, sent, 1, body) {
		return ""
	}
	return sent[0]
}

// many gives a user many contacts, and returns the lines that show them.
func (r *rig) many(user string, n int) (lines []string) {
	for i := range n {
		contact := fmt.Sprintf("contact%04d@a.example", i)
		r.roster(user, contact)
		lines = append(lines, contact+" – C – both – Friends, Work")
	}
	return lines
}

// roster gives a user contacts.
func (r *rig) roster(user string, contacts ...string) {
	for _, c := range contacts {
		r.server.items[user] = append(r.server.items[user], rosterpush.Item{
			JID: jid.MustParse(c), Name: strings.ToUpper(c[:1]), Subscription: rosterpush.Both, Groups: []string{"Friends", "Work"},
		})
	}
}

func (*rosters) Spelling(host string) string { return host }
