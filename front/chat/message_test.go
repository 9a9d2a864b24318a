package chat

import (
	"encoding/xml"
	"testing"

	"github.com/stretchr/testify/assert"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

// TestWantsAnswer checks which messages the component answers.
func TestWantsAnswer(t *testing.T) {
	ordinary := func() message {
		return message{from: jid.MustParse(boss), to: jid.MustParse(own), typ: stanza.ChatMessage, line: "listJobs"}
	}
	child := func(space, local string) func(*message) {
		return func(m *message) { m.children = append(m.children, xml.Name{Space: space, Local: local}) }
	}
	jidOf := func(field func(*message) *jid.JID, j string) func(*message) {
		return func(m *message) { *field(m) = jid.MustParse(j) }
	}
	from := func(m *message) *jid.JID { return &m.from }
	to := func(m *message) *jid.JID { return &m.to }
	for name, change := range map[string]func(*message){
		"an error":                   func(m *message) { m.typ = stanza.ErrorMessage },
		"said in a room":             func(m *message) { m.typ = stanza.GroupChatMessage },
		"a headline":                 func(m *message) { m.typ = stanza.HeadlineMessage },
		"no text":                    func(m *message) { m.line = "" },
		"to an own address":          jidOf(to, "news@"+own),
		"to its resource":            jidOf(to, "news@"+own+"/x"),
		"from the component":         jidOf(from, own),
		"from an own address":        jidOf(from, "news@"+own),
		"from the resource":          jidOf(from, own+"/x"),
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
		"from a user in a room":      child("http://jabber.org/protocol/muc#user", "x"),
		"delayed, among other children": func(m *message) {
			child("jabber:client", "body")(m)
			child("urn:xmpp:delay", "delay")(m)
		},
	} {
		r := newRig(t)
		m := ordinary()
		change(&m)
		assert.Empty(t, r.sends(m), name)
		m.from = jid.MustParse(stranger)
		if name != "from the component" && name != "from an own address" && name != "from the resource" && name != "in a user's name" {
			assert.Empty(t, r.sends(m), "a stranger, %s", name)
		}
		assert.Empty(t, r.records.String(), name)
	}
	for name, change := range map[string]func(*message){
		"as it is":               func(*message) {},
		"normal":                 func(m *message) { m.typ = stanza.NormalMessage },
		"to a resource":          jidOf(to, own+"/any"),
		"to be kept from copies": child("urn:xmpp:carbons:2", "private"),
		"with an archive's id":   child("urn:xmpp:sid:0", "stanza-id"),
		"typing":                 child("http://jabber.org/protocol/chatstates", "active"),
		"wants a receipt":        child("urn:xmpp:receipts", "request"),
	} {
		r := newRig(t)
		m := ordinary()
		change(&m)
		assert.Equal(t, []string{"0 jobs"}, r.sends(m), name)
	}
}

// TestChildElements checks messages with child elements beside the body.
func TestChildElements(t *testing.T) {
	child := func(space, local string) xml.Name { return xml.Name{Space: space, Local: local} }
	const encrypted = "Sorry, I cannot read encrypted messages. Please switch off encryption in this chat."
	for name, test := range map[string]struct {
		line  string
		child xml.Name
		want  []string
	}{
		"OMEMO":        {"listJobs", child("eu.siacs.conversations.axolotl", "encrypted"), []string{encrypted}},
		"OMEMO 2":      {"I sent you an OMEMO message", child("urn:xmpp:omemo:2", "encrypted"), []string{encrypted}},
		"OpenPGP":      {"yes", child("jabber:x:encrypted", "x"), []string{encrypted}},
		"a correction": {"listJobs", child("urn:xmpp:message-correct:0", "replace"), []string{correctionNote + "\n0 jobs"}},
		"a reaction":   {"👍", child("urn:xmpp:reactions:0", "reactions"), nil},
		"a retraction": {"listJobs", child("urn:xmpp:message-retract:1", "retract"), nil},
		"a receipt":    {"listJobs", child("urn:xmpp:receipts", "request"), []string{"0 jobs"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			m := r.message(boss, test.line)
			m.children = append(m.children, test.child)
			assert.Equal(t, test.want, r.sends(m))
		})
	}
}
