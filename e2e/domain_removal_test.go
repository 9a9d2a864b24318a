package e2e_test

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"

	"emanagement/component"
	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// runConfirmed submits a verb's form with an empty, a wrong and the right
// confirmation, and returns the answer. The title of the form must contain
// effect, the number of things that the verb destroys.
func runConfirmed(t *testing.T, c *xmppclient.Client, verb, effect, word string, pairs ...string) answer {
	t.Helper()
	first, err := c.Run(shortContext(t), service, verb, formValues(pairs...))
	require.NoError(t, err)
	require.Equal(t, "executing", first.Status, first.Raw.String())
	want := fmt.Sprintf("%s; to do it, type %s in the field confirm", effect, word)
	require.Equal(t, want, first.Title)
	require.Equal(t, []xmppclient.Note{{Type: "warn", Text: want}}, first.Notes)
	for i := 0; i < len(pairs); i += 2 {
		f, _ := first.Field(pairs[i])
		require.Equal(t, []string{pairs[i+1]}, f.Values, "the form keeps the submitted values")
	}

	wrong, err := c.Submit(shortContext(t), service, first, "complete", formValues(append(pairs, "confirm", "yes")...))
	require.NoError(t, err)
	require.Equal(t, "executing", wrong.Status)
	require.Contains(t, wrong.Title, fmt.Sprintf("(confirm): \"yes\" is not %q", word))

	last, err := c.Submit(shortContext(t), service, wrong, "complete", formValues(append(pairs, "confirm", word)...))
	require.NoError(t, err)
	require.Equal(t, "completed", last.Status, last.Raw.String())
	require.False(t, last.HasForm, last.Raw.String())
	return answer{note: last.Notes[0].Type, text: last.Notes[0].Text}
}

// TestRemoveAllRosters removes the rosters of one host and then of all, of
// registered and unregistered users. The clients of connected users must see
// the removals.
func TestRemoveAllRosters(t *testing.T) {
	t.Parallel()
	onEveryKind(t, removeAllRosters)
}

func removeAllRosters(t *testing.T, kind testserver.Kind) {
	s := newDomainServer(t, kind, nil, "watcher", "friend")
	admin, watcher := loginTo(t, s.Server, "admin@localhost"), loginTo(t, s.Server, "watcher@localhost")
	contacts := []string{"friend@localhost", "ghost@localhost", "there@example.org"}
	for _, c := range contacts {
		s.storePair(t, "watcher@localhost", c)
	}
	storeItems(t, s.Server, "watcher@localhost", storedItem{"far@far.example", "", "none", nil})
	s.storePair(t, "ghost@localhost", "second@localhost")
	roster, err := watcher.Roster(t.Context())
	require.NoError(t, err)
	require.Len(t, roster, 4)

	for name, refusal := range map[string]string{"stranger": "may not run commands here", "reader": "takes the role admin", "writer": "takes the role admin"} {
		c := loginTo(t, s.Server, name+"@localhost")
		for _, verb := range []string{"removeAllRostersByDomain", "removeAllRosters"} {
			_, err := c.Run(shortContext(t), service, verb, formValues("domain", "localhost", "confirm", "localhost"))
			assert.ErrorContains(t, err, refusal, name)
		}
	}
	// The writer's grant is for localhost only.
	writer := loginTo(t, s.Server, "writer@localhost")
	for _, verb := range []string{"printAllRosters", "printAllRostersByDomain"} {
		_, err := writer.Run(shortContext(t), service, verb, formValues("domain", "all", "from", "a@localhost"))
		assert.ErrorContains(t, err, "writer@localhost may not run "+verb)
	}
	assert.Len(t, storedRoster(t, s.Server, "watcher@localhost"), 4, "nothing was removed until here")

	a := runConfirmed(t, admin, "removeAllRostersByDomain", "this removes 8 items of 4 rosters on localhost", "localhost", "domain", "localhost")
	assert.Contains(t, a.text, "Done; 8 items of 4 rosters removed; found by ")
	for _, u := range []string{"watcher@localhost", "friend@localhost", "ghost@localhost", "second@localhost"} {
		assert.Empty(t, storedRoster(t, s.Server, u), u)
	}
	assert.Len(t, storedRoster(t, s.Server, "there@example.org"), 1, "another host")
	gone := make(map[string]bool)
	for len(gone) < 4 {
		push, err := watcher.Next(shortContext(t), func(e xmppclient.Element) bool {
			return e.Name.Local == "iq" && strings.Contains(e.String(), `subscription="remove"`)
		})
		require.NoError(t, err)
		query, _ := push.Child("jabber:iq:roster", "query")
		item, _ := query.Child("jabber:iq:roster", "item")
		gone[item.Attr("jid")] = true
	}
	for _, c := range append(contacts, "far@far.example") {
		assert.True(t, gone[c], "the client received no roster push for %s", c)
	}

	assert.Contains(t, runVerb(t, admin, "removeAllRostersByDomain", "domain", "localhost", "confirm", "localhost").text, "Done; 0 items of 0 rosters removed")
	a = runConfirmed(t, admin, "removeAllRosters", "this removes 1 item of 1 roster on every host", "all")
	assert.Contains(t, a.text, "Done; 1 item of 1 roster removed")
	assert.Empty(t, storedRoster(t, s.Server, "there@example.org"))
	assert.Equal(t, 9, strings.Count(s.program.Log(), "outcome=done"), "the log has one line for each item")
}

// TestStopARemoval removes rosters while one host grants access and then never
// answers. The removal takes longer than a request waits, becomes a job, and is
// stopped.
func TestStopARemoval(t *testing.T) {
	t.Parallel()
	s := newDomainServer(t, testserver.AdHoc, nil)
	require.NoError(t, s.program.Stop())
	s.hosts = []string{testserver.OtherComponent}
	s.start(t)
	admin, reader := loginTo(t, s.Server, "admin@localhost"), loginTo(t, s.Server, "reader@localhost")
	s.storePair(t, "ghost@localhost", "second@localhost")
	_, _, err := s.importUsers(t, "ghost@localhost\n")
	require.NoError(t, err)
	silent := testserver.NewComponent(t, s.Server, func(c *component.Config) {
		c.JID, c.Address, c.Secret = jid.MustParse(testserver.OtherComponent), s.OtherAddr(), []byte(testserver.OtherSecret)
	})
	testserver.RunComponent(t, silent)
	message, privilege := grantMessage(service)
	require.NoError(t, silent.Send(shortContext(t), message, privilege))

	a := runVerb(t, admin, "removeAllRosters", "confirm", "all")
	assert.Regexp(t, `^job 1: removeAllRosters goes on; `, a.text)
	assert.Empty(t, storedRoster(t, s.Server, "second@localhost"), "the other hosts are done")
	jobs := runVerb(t, admin, "listJobs").lines
	require.Len(t, jobs, 1)
	assert.Regexp(t, `^1\tremoveAllRosters\tadmin@localhost\t\S+\t\d+ rosters looked at, 2 items of 2 rosters removed$`, jobs[0])

	assert.Equal(t, answer{"error", "job 1 is not yours", []string{"job 1 is not yours"}}, runVerb(t, reader, "stopJob", "job", "1"))
	requireDone(t, admin, "stopJob", "job", "1")
	end, err := admin.Next(shortContext(t), func(e xmppclient.Element) bool { return e.Name.Local == "message" })
	require.NoError(t, err)
	assert.Regexp(t, `^job 1: removeAllRosters: stopped; what was done until then stays done: \d+ rosters looked at, 2 items of 2 rosters removed$`, bodyOf(end))
	assert.Empty(t, runVerb(t, admin, "listJobs").lines)
	assert.Contains(t, s.program.Log(), "job ended")
}

// grantMessage returns the message by which a host grants a component access
// (XEP-0356 §4.2).
func grantMessage(to jid.JID) (xml.StartElement, xml.TokenReader) {
	element := func(space, local string, attrs ...xml.Attr) xml.StartElement {
		return xml.StartElement{Name: xml.Name{Space: space, Local: local}, Attr: attrs}
	}
	attr := func(name, value string) xml.Attr { return xml.Attr{Name: xml.Name{Local: name}, Value: value} }
	perm := xmlstream.Wrap(nil, element("", "perm", attr("access", "roster"), attr("type", "both")))
	return element("", "message", attr("to", to.String())), xmlstream.Wrap(perm, element("urn:xmpp:privilege:2", "privilege"))
}
