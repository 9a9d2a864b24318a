package e2e_test

import (
	"encoding/xml"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp"
	xep0114 "mellium.im/xmpp/component"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// grant is what an account may do, by the host of the users that it names.
type grant struct {
	account               string
	reads, changes, rules []string
}

// grants are those of the program that the tests share, and some who hold none.
func grants() []grant {
	all, here, there := testserver.Hosts(), []string{"localhost"}, []string{"example.org"}
	return []grant{
		{"reader@localhost", all, nil, nil},
		{"herereader@localhost", here, nil, nil},
		{"anywriter@localhost", all, all, nil},
		{"writer@localhost", here, here, nil},
		{"admin@localhost", all, all, all},
		{"thereadmin@localhost", there, there, there},
		{"twofold@localhost", all, here, nil}, // two grants

		{"stranger@localhost", nil, nil, nil},
		{"admin@example.org", nil, nil, nil}, // one of this name has a grant elsewhere, and its own host has one
	}
}

// may says whether a verb that takes a role may be run on users of a host.
func (g grant) may(role, host string) bool {
	hosts := map[string][]string{"read": g.reads, "write": g.changes, "admin": g.rules}[role]
	return slices.Contains(hosts, host)
}

// everywhere are the verbs that concern all hosts at once.
var everywhere = []string{"removeAllRosters", "printAllRosters", "getConnectedJids", "destroyAllRooms", "printAllRooms"}

// lists are the verbs that the account may run anywhere, in the table's order.
func (g grant) lists() []string {
	var verbs []string
	for _, f := range forms {
		hosts := slices.DeleteFunc(testserver.Hosts(), func(host string) bool { return !g.may(f.role, host) })
		if len(hosts) == len(testserver.Hosts()) || len(hosts) > 0 && !slices.Contains(everywhere, f.verb) {
			verbs = append(verbs, f.verb)
		}
	}
	return verbs
}

// TestAccess has every account try every verb on users of every host, at a
// resource of its own choice and at one of the server's.
func TestAccess(t *testing.T) {
	register(t, "admin@example.org")
	for _, g := range grants() {
		for _, resource := range []string{"", "/example.org"} {
			t.Run(g.account+resource, func(t *testing.T) {
				t.Parallel()
				c := login(t, g.account+resource)
				assert.Equal(t, g.lists(), listed(t, c))
				for _, f := range forms {
					opens(t, c, g, f.verb)
					if _, ok := submissions("", "")[f.verb]; !ok {
						continue // the others' tests try that
					}
					for _, host := range testserver.Hosts() {
						t.Run(f.verb+" on "+host, func(t *testing.T) { tries(t, c, g, f.verb, f.role, host) })
					}
				}
			})
		}
	}
}

// listed are the commands that a client is shown.
func listed(t testing.TB, c *xmppclient.Client) []string {
	t.Helper()
	list, err := c.Commands(patience(t), service)
	require.NoError(t, err)
	var verbs []string
	for _, c := range list {
		verbs = append(verbs, c.Node)
	}
	return verbs
}

// opens checks that a form, and what is said of the verb, is to be had exactly
// if the verb is listed.
func opens(t testing.TB, c *xmppclient.Client, g grant, verb string) {
	t.Helper()
	_, form := c.Execute(patience(t), service, verb)
	_, info := c.Ask(patience(t), stanza.GetIQ, service, fmt.Sprintf(`<query xmlns='http://jabber.org/protocol/disco#info' node='%s'/>`, verb))
	for _, err := range []error{form, info} {
		if slices.Contains(g.lists(), verb) {
			assert.NoError(t, err)
		} else {
			assert.Equal(t, stanza.Forbidden, condition(t, err).Condition)
		}
	}
}

// tries submits a verb's form at once, for a form shown may have been refused.
// What may not be done is not.
func tries(t *testing.T, c *xmppclient.Client, g grant, verb, role, host string) {
	jids := people(t, host, "a", "b")
	test := submissions(jids[0], jids[1])[verb]
	test.prepare(t)
	before := [][]entry{stored(t, server, jids[0]), stored(t, server, jids[1])}
	got, err := c.Submit(patience(t), service, xmppclient.Response{Node: verb}, "", test.values)
	if g.may(role, host) {
		require.NoError(t, err)
		assert.Equal(t, []xmppclient.Note{{Type: test.note, Text: test.text}}, got.Notes)
		return
	}
	refusal := condition(t, err)
	assert.Equal(t, stanza.Forbidden, refusal.Condition)
	assert.Equal(t, stanza.Auth, refusal.Type)
	assert.Contains(t, refusal.Text[""], g.account+" may not run ")
	assert.Equal(t, before, [][]entry{stored(t, server, jids[0]), stored(t, server, jids[1])})
}

// TestAccessAcrossHosts: a grant limited to hosts must cover every user and
// contact that a verb names, for each may be changed.
func TestAccessAcrossHosts(t *testing.T) {
	limited, unlimited := login(t, "writer@localhost"), login(t, "anywriter@localhost")
	for _, verb := range []string{"addBuddyToRoster", "removeBuddyFromRoster", "setBidireccionalBuddys", "unsetBidireccionalBuddys", "checkBidirecctionalBuddys"} {
		for _, hosts := range [][2]string{{"localhost", "example.org"}, {"example.org", "localhost"}} {
			t.Run(verb+" from "+hosts[0], func(t *testing.T) {
				t.Parallel()
				a, b := people(t, hosts[0], "a")[0], people(t, hosts[1], "b")[0]
				test := submissions(a, b)[verb]
				test.prepare(t)
				before := [][]entry{stored(t, server, a), stored(t, server, b)}
				_, err := limited.Submit(patience(t), service, xmppclient.Response{Node: verb}, "", test.values)
				assert.Equal(t, stanza.Forbidden, condition(t, err).Condition)
				assert.Equal(t, before, [][]entry{stored(t, server, a), stored(t, server, b)})

				got, err := unlimited.Submit(patience(t), service, xmppclient.Response{Node: verb}, "", test.values)
				require.NoError(t, err)
				assert.Equal(t, []xmppclient.Note{{Type: test.note, Text: test.text}}, got.Notes)
			})
		}
	}
}

// TestAccessOfComponent: the grant of a domain is for the component of that
// name, at any of its resources, and not for its users.
func TestAccessOfComponent(t *testing.T) {
	conn, err := net.Dial("tcp", server.OtherAddr())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	session, err := xep0114.NewSession(patience(t), jid.MustParse(testserver.OtherComponent), []byte(testserver.OtherSecret), conn)
	require.NoError(t, err)
	user := people(t, "example.org", "user")[0]
	put(t, server, user, entry{"contact@localhost", "", "both", nil})

	for from, allowed := range map[string]bool{
		testserver.OtherComponent + "/web1":            true,
		testserver.OtherComponent + "/user@localhost":  true,
		"user@" + testserver.OtherComponent + "/web1":  false,
		"admin@" + testserver.OtherComponent + "/web1": false,
	} {
		t.Run(from, func(t *testing.T) {
			list := askFrom(t, session, conn, from, "get", `<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>`)
			run := askFrom(t, session, conn, from, "set", `<command xmlns='http://jabber.org/protocol/commands' node='getRoster'><x xmlns='jabber:x:data' type='submit'><field var='userJid'><value>`+user+`</value></field></x></command>`)
			if !allowed {
				assert.Empty(t, list.Items)
				assert.NotNil(t, run.Forbidden)
				assert.Equal(t, jid.MustParse(from).Bare().String()+" may not run commands here", run.Why)
				return
			}
			writer := grant{reads: testserver.Hosts(), changes: testserver.Hosts()}
			assert.Len(t, list.Items, len(writer.lists()))
			assert.Equal(t, "1 item", run.Note)
		})
	}
}

// reply is what another component reads of a reply.
type reply struct {
	Items     []struct{} `xml:"query>item"`
	Note      string     `xml:"command>note"`
	Forbidden *struct{}  `xml:"error>forbidden"`
	Why       string     `xml:"error>text"`
}

// askFrom asks as a component does, from an address of its own, and reads the
// reply.
func askFrom(t *testing.T, s *xmpp.Session, conn net.Conn, from, typ, payload string) reply {
	t.Helper()
	_, err := fmt.Fprintf(conn, "<iq type='%s' id='x' from='%s' to='%s/any'>%s</iq>", typ, from, testserver.Component, payload)
	require.NoError(t, err)
	r := s.TokenReader()
	defer r.Close()
	var got reply
	require.NoError(t, xml.NewTokenDecoder(r).Decode(&got))
	return got
}
