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

// grant lists the hosts on whose users an account may run verbs, by role.
type grant struct {
	account                           string
	readHosts, writeHosts, adminHosts []string
}

// grants returns the grants of the program that the tests share, and some
// accounts without one.
func grants() []grant {
	all, here, there := testserver.Hosts(), []string{"localhost"}, []string{"example.org"}
	return []grant{
		{"reader@localhost", all, nil, nil},
		{"herereader@localhost", here, nil, nil},
		{"anywriter@localhost", all, all, nil},
		{"writer@localhost", here, here, nil},
		{"admin@localhost", all, all, all},
		{"thereadmin@localhost", there, there, there},
		{"twofold@localhost", all, here, nil}, // has two grants

		{"stranger@localhost", nil, nil, nil},
		{"admin@example.org", nil, nil, nil}, // has none: the grants of admin@localhost and of the domain example.org do not cover it
	}
}

// may reports whether the account may run verbs that require this role on users
// of the host.
func (g grant) may(role, host string) bool {
	hosts := map[string][]string{"read": g.readHosts, "write": g.writeHosts, "admin": g.adminHosts}[role]
	return slices.Contains(hosts, host)
}

// allHostVerbs are the verbs that always concern every host.
var allHostVerbs = []string{"removeAllRosters", "printAllRosters", "getConnectedJids", "destroyAllRooms", "printAllRooms"}

// listedVerbs returns the verbs that the account may run on at least one host,
// in the order of verbForms.
func (g grant) listedVerbs() []string {
	var verbs []string
	for _, f := range verbForms {
		hosts := slices.DeleteFunc(testserver.Hosts(), func(host string) bool { return !g.may(f.role, host) })
		if len(hosts) == len(testserver.Hosts()) || len(hosts) > 0 && !slices.Contains(allHostVerbs, f.verb) {
			verbs = append(verbs, f.verb)
		}
	}
	return verbs
}

// TestAccess has every account run every verb on users of every host. The
// account logs in once with a resource of the server's choice, and once with a
// resource that looks like a host.
func TestAccess(t *testing.T) {
	register(t, "admin@example.org")
	for _, g := range grants() {
		for _, resource := range []string{"", "/example.org"} {
			t.Run(g.account+resource, func(t *testing.T) {
				t.Parallel()
				c := login(t, g.account+resource)
				assert.Equal(t, g.listedVerbs(), listedVerbs(t, c))
				for _, f := range verbForms {
					assertFormAccess(t, c, g, f.verb)
					if _, ok := submissions("", "")[f.verb]; !ok {
						continue // covered by the tests of those verbs
					}
					for _, host := range testserver.Hosts() {
						t.Run(f.verb+" on "+host, func(t *testing.T) { tryVerb(t, c, g, f.verb, f.role, host) })
					}
				}
			})
		}
	}
}

// listedVerbs returns the commands that the component lists to a client.
func listedVerbs(t testing.TB, c *xmppclient.Client) []string {
	t.Helper()
	list, err := c.Commands(shortContext(t), service)
	require.NoError(t, err)
	var verbs []string
	for _, c := range list {
		verbs = append(verbs, c.Node)
	}
	return verbs
}

// assertFormAccess checks that the verb's form and its disco#info are available
// if, and only if, the verb is listed to the account.
func assertFormAccess(t testing.TB, c *xmppclient.Client, g grant, verb string) {
	t.Helper()
	_, form := c.Execute(shortContext(t), service, verb)
	_, info := c.Ask(shortContext(t), stanza.GetIQ, service, fmt.Sprintf(`<query xmlns='http://jabber.org/protocol/disco#info' node='%s'/>`, verb))
	for _, err := range []error{form, info} {
		if slices.Contains(g.listedVerbs(), verb) {
			assert.NoError(t, err)
		} else {
			assert.Equal(t, stanza.Forbidden, requireStanzaError(t, err).Condition)
		}
	}
}

// tryVerb submits a verb's form in one step, because the component may refuse
// to send the form. A refused verb must not change anything.
func tryVerb(t *testing.T, c *xmppclient.Client, g grant, verb, role, host string) {
	jids := uniqueJIDs(t, host, "a", "b")
	test := submissions(jids[0], jids[1])[verb]
	test.prepare(t)
	before := [][]storedItem{storedRoster(t, server, jids[0]), storedRoster(t, server, jids[1])}
	got, err := c.Submit(shortContext(t), service, xmppclient.Response{Node: verb}, "", test.values)
	if g.may(role, host) {
		require.NoError(t, err)
		assert.Equal(t, []xmppclient.Note{{Type: test.note, Text: test.text}}, got.Notes)
		return
	}
	refusal := requireStanzaError(t, err)
	assert.Equal(t, stanza.Forbidden, refusal.Condition)
	assert.Equal(t, stanza.Auth, refusal.Type)
	assert.Contains(t, refusal.Text[""], g.account+" may not run ")
	assert.Equal(t, before, [][]storedItem{storedRoster(t, server, jids[0]), storedRoster(t, server, jids[1])})
}

// TestAccessAcrossHosts checks that a grant limited to hosts must cover every
// user and every contact that a verb names: the verb may change the roster of
// each.
func TestAccessAcrossHosts(t *testing.T) {
	limited, unlimited := login(t, "writer@localhost"), login(t, "anywriter@localhost")
	for _, verb := range []string{"addBuddyToRoster", "removeBuddyFromRoster", "setBidireccionalBuddys", "unsetBidireccionalBuddys", "checkBidirecctionalBuddys"} {
		for _, hosts := range [][2]string{{"localhost", "example.org"}, {"example.org", "localhost"}} {
			t.Run(verb+" from "+hosts[0], func(t *testing.T) {
				t.Parallel()
				a, b := uniqueJIDs(t, hosts[0], "a")[0], uniqueJIDs(t, hosts[1], "b")[0]
				test := submissions(a, b)[verb]
				test.prepare(t)
				before := [][]storedItem{storedRoster(t, server, a), storedRoster(t, server, b)}
				_, err := limited.Submit(shortContext(t), service, xmppclient.Response{Node: verb}, "", test.values)
				assert.Equal(t, stanza.Forbidden, requireStanzaError(t, err).Condition)
				assert.Equal(t, before, [][]storedItem{storedRoster(t, server, a), storedRoster(t, server, b)})

				got, err := unlimited.Submit(shortContext(t), service, xmppclient.Response{Node: verb}, "", test.values)
				require.NoError(t, err)
				assert.Equal(t, []xmppclient.Note{{Type: test.note, Text: test.text}}, got.Notes)
			})
		}
	}
}

// TestAccessOfComponent checks that the grant of a domain covers the component
// of that name with any resource, and does not cover its users.
func TestAccessOfComponent(t *testing.T) {
	conn, err := net.Dial("tcp", server.OtherAddr())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	session, err := xep0114.NewSession(shortContext(t), jid.MustParse(testserver.OtherComponent), []byte(testserver.OtherSecret), conn)
	require.NoError(t, err)
	user := uniqueJIDs(t, "example.org", "user")[0]
	storeItems(t, server, user, storedItem{"contact@localhost", "", "both", nil})

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
			writer := grant{readHosts: testserver.Hosts(), writeHosts: testserver.Hosts()}
			assert.Len(t, list.Items, len(writer.listedVerbs()))
			assert.Equal(t, "1 item", run.Note)
		})
	}
}

// componentReply holds the parts of a reply that the second component reads.
type componentReply struct {
	Items     []struct{} `xml:"query>item"`
	Note      string     `xml:"command>note"`
	Forbidden *struct{}  `xml:"error>forbidden"`
	Why       string     `xml:"error>text"`
}

// askFrom sends a request in the name of another component, from an address at
// its domain, and reads the reply.
func askFrom(t *testing.T, s *xmpp.Session, conn net.Conn, from, typ, payload string) componentReply {
	t.Helper()
	_, err := fmt.Fprintf(conn, "<iq type='%s' id='x' from='%s' to='%s/any'>%s</iq>", typ, from, testserver.Component, payload)
	require.NoError(t, err)
	r := s.TokenReader()
	defer r.Close()
	var got componentReply
	require.NoError(t, xml.NewTokenDecoder(r).Decode(&got))
	return got
}
