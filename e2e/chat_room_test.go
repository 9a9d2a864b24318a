package e2e_test

import (
	"context"
	"encoding/xml"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"

	"emanagement/front/chat"
	"emanagement/internal/testserver"
	"emanagement/rosterpush"
	"emanagement/server/ejabberd"
	"emanagement/server/stanzas"
	"emanagement/verb"
	"emanagement/verb/jobs"
)

// TestChatInARoom has a component of its own enter a chat room. It must not
// answer messages of the room: from the history, in public, or in private.
func TestChatInARoom(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	registerOn(t, s, "admin@localhost")
	log := slog.New(slog.DiscardHandler)
	c := testserver.NewComponent(t, s, nil)
	working := jobs.New(context.Background())
	t.Cleanup(working.Wait)
	room := jid.MustParse("room@conference.localhost/emanagement")
	// By mistake, the room has a grant.
	access := []verb.Grant{{JID: jid.MustParse("admin@localhost"), Role: verb.Admin}, {JID: room.Bare(), Role: verb.Admin}}
	services := verb.Services{
		Rosters: rosterpush.New(stanzas.New(c, ejabberd.New(c), log)), Jobs: working, OwnDomain: service.String(), Hosts: c.Hosts,
	}
	chat.Register(c, verb.New(services, access, log, log), log)
	testserver.RunComponent(t, c)
	require.NoError(t, c.Ready(shortContext(t), "localhost"))

	admin := chatter{loginTo(t, s, "admin@localhost/r"), t}
	require.NoError(t, admin.Send(shortContext(t), "<presence/>"))
	own := room.Bare().String() + "/admin"
	require.NoError(t, admin.Join(shortContext(t), jid.MustParse(own)))
	say := func(attributes, line string) {
		require.NoError(t, admin.Send(shortContext(t), "<message "+attributes+"><body>"+line+"</body></message>"))
	}
	say("type='groupchat' to='"+room.Bare().String()+"'", "listJobs") // the component receives this later, as history with a delay
	nextStanza(t, admin.Client, "message", own)
	enter := xml.StartElement{Name: xml.Name{Local: "presence"}, Attr: []xml.Attr{{Name: xml.Name{Local: "to"}, Value: room.String()}}}
	require.NoError(t, c.Send(shortContext(t), enter, xmlstream.Wrap(nil, xml.StartElement{Name: xml.Name{Space: "http://jabber.org/protocol/muc", Local: "x"}})))
	nextStanza(t, admin.Client, "presence", room.String())
	say("type='groupchat' to='"+room.Bare().String()+"'", "listJobs")
	nextStanza(t, admin.Client, "message", own)
	say("type='chat' to='"+room.String()+"'", "listJobs")
	say("type='chat' to='"+room.String()+"'", "hello")

	admin.requireNoMoreAnswers() // an answer to the room would have arrived before this one
	say("type='groupchat' to='"+room.Bare().String()+"'", "the end")
	for text := ""; text != "the end"; {
		e := nextStanza(t, admin.Client, "message", room.Bare().String())
		text = bodyOf(e)
		assert.NotEqual(t, room.String(), e.Attr("from"), text)
	}
	assertNoStanza(t, admin.Client, "message", room.Bare().String())
}
