package emanagement_test

import (
	"crypto/x509"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	xep0114 "mellium.im/xmpp/component"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/internal/serverapi"
	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
	"emanagement/rosterpush"
	"emanagement/rosterpush/remote"
)

func TestHandshake(t *testing.T) {
	s := testserver.Run(t, nil)
	for name, address := range map[string]string{"tcp": s.ComponentAddr(), "unix": socketTo(t, s.ComponentAddr())} {
		t.Run(name, func(t *testing.T) {
			c := newComponent(t, s, func(c *component.Config) { c.Address = address })
			runComponent(t, c)
			for _, h := range testserver.Hosts() {
				require.NoError(t, c.Ready(patience(t), h))
			}
			assert.Equal(t, testserver.Hosts(), c.Served())
		})
	}
	refused := map[string]struct {
		change func(*component.Config)
		want   error
	}{
		"wrong secret":        {func(c *component.Config) { c.Secret = []byte("wrong") }, component.ErrNotAuthorized},
		"unknown domain":      {func(c *component.Config) { c.JID = jid.MustParse("unknown.localhost") }, component.ErrNotAuthorized},
		"unknown certificate": {func(c *component.Config) { c.Address = s.TLSAddr() }, x509.UnknownAuthorityError{}},
		"a host's name":       {func(c *component.Config) { c.JID = jid.MustParse("localhost") }, component.ErrConflict},
	}
	for name, test := range refused {
		t.Run(name, func(t *testing.T) {
			err := newComponent(t, s, test.change).Run(patience(t))
			if _, ok := test.want.(x509.UnknownAuthorityError); ok {
				assert.ErrorAs(t, err, new(x509.UnknownAuthorityError))
				return
			}
			assert.ErrorIs(t, err, test.want)
		})
	}
}

// socketTo is a Unix socket behind which the server's port is found. Its own
// Unix sockets would do as well, but ejabberd 26.07 crashes at about every
// tenth start that has one.
func socketTo(t *testing.T, address string) string {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	var served sync.WaitGroup
	t.Cleanup(served.Wait)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	served.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", address)
			if !assert.NoError(t, err) {
				return
			}
			for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
				served.Go(func() {
					io.Copy(way[0], way[1])
					way[0].Close()
				})
			}
		}
	})
	return "unix:" + path
}

// TestTLS runs the program, for which certificates it trusts is a matter of
// its environment.
func TestTLS(t *testing.T) {
	s := testserver.Run(t, nil)
	p, err := testserver.StartProgram(t.Context(), binary, s, testserver.Settings{
		Access: access, Address: s.TLSAddr(), Env: []string{"SSL_CERT_FILE=" + s.CertFile()},
	})
	require.NoError(t, err)
	assert.NoError(t, p.Stop(), p.Log())
}

func TestConfiguredHosts(t *testing.T) {
	s := testserver.Run(t, nil)
	c := newComponent(t, s, func(c *component.Config) { c.Hosts = []string{"localhost"} })
	runComponent(t, c)
	require.NoError(t, c.Ready(patience(t), "localhost"))
	var refusal *component.NotGrantedError
	require.ErrorAs(t, c.Ready(patience(t), "example.org"), &refusal)
	assert.Equal(t, "example.org: not a host served here (served: localhost)", refusal.Error())
}

func TestServerNotUpYet(t *testing.T) {
	s, err := testserver.New(nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	c := newComponent(t, s, nil)
	runComponent(t, c)
	require.NoError(t, s.Start(t.Context()))
	assert.NoError(t, c.Ready(patience(t), "localhost"))
}

// TestServerRestartsUnderLoad stops and starts the server while pairs are
// made. Every request ends well, for each may be asked again, and what the
// server then stores is what was asked.
func TestServerRestartsUnderLoad(t *testing.T) {
	s := testserver.Run(t, nil)
	c := newComponent(t, s, nil)
	runComponent(t, c)
	rosters := rosterpush.New(remote.New(c, serverapi.New(c), slog.New(slog.DiscardHandler)))
	ctx := patience(t)
	require.NoError(t, c.Ready(ctx, "localhost"))

	const users = 200
	half := func(i int) rosterpush.Half {
		return rosterpush.Half{User: jid.MustParse(fmt.Sprintf("user%d@localhost", i)), Name: fmt.Sprint("peer of ", i)}
	}
	restart := make(chan struct{})
	var load sync.WaitGroup
	for i := range users {
		load.Go(func() {
			if i == users/2 {
				close(restart)
			}
			_, err := rosters.SetPair(ctx, half(2*i), half(2*i+1))
			assert.NoError(t, err)
		})
	}
	<-restart
	require.NoError(t, s.Stop(ctx))
	require.NoError(t, s.Start(ctx))
	load.Wait()
	for i := range users {
		a, b := fmt.Sprintf("user%d@localhost", 2*i), fmt.Sprintf("user%d@localhost", 2*i+1)
		require.Equal(t, []entry{{b, fmt.Sprint("peer of ", 2*i), "both", []string{}}}, stored(t, s, a))
		require.Equal(t, []entry{{a, fmt.Sprint("peer of ", 2*i+1), "both", []string{}}}, stored(t, s, b))
	}
}

// TestThousandAtOnce has two clients ask five hundred things each before
// either looks at an answer; each asks the server something in turn.
func TestThousandAtOnce(t *testing.T) {
	user := people(t, "localhost", "user")[0]
	put(t, server, user, entry{"contact@localhost", "C", "both", nil})
	var asked sync.WaitGroup
	for n := range 2 {
		client := login(t, fmt.Sprintf("admin@localhost/many%d", n))
		for range 500 {
			asked.Go(func() {
				payload := `<command xmlns='http://jabber.org/protocol/commands' node='getRoster'><x xmlns='jabber:x:data' type='submit'><field var='userJid'><value>` + user + `</value></field></x></command>`
				got, err := client.Ask(patience(t), stanza.SetIQ, service, payload)
				if assert.NoError(t, err) {
					assert.Contains(t, got.String(), "contact@localhost&#x9;C&#x9;both")
				}
			})
		}
	}
	asked.Wait()
}

func TestTwoClientsChangeOneUser(t *testing.T) {
	user := people(t, "localhost", "user")[0]
	var clients sync.WaitGroup
	for n := range 2 {
		client := login(t, fmt.Sprintf("admin@localhost/two%d", n))
		clients.Go(func() {
			for i := range 20 {
				r, err := client.Run(patience(t), service, "addBuddyToRoster", args("userJid", user,
					"buddyJid", fmt.Sprintf("c%d.%d@localhost", n, i), "subscription_type", "both"))
				assert.NoError(t, err, r.Raw.String())
			}
		})
	}
	clients.Wait()
	assert.Len(t, stored(t, server, user), 40)
}

// TestSecondComponent is the web application that is a component itself and
// has no privileges: from and at a full JID it is served, and from its bare
// domain, where the server would drop the answer, it is told so.
func TestSecondComponent(t *testing.T) {
	conn, err := net.Dial("tcp", server.OtherAddr())
	require.NoError(t, err)
	defer conn.Close()
	rails := jid.MustParse(testserver.OtherComponent)
	session, err := xep0114.NewSession(patience(t), rails, []byte(testserver.OtherSecret), conn)
	require.NoError(t, err)
	user := people(t, "localhost", "user")[0]
	put(t, server, user, entry{"contact@localhost", "C", "both", nil})

	web := testserver.OtherComponent + "/web1"
	for name, test := range map[string]struct{ from, to, want string }{
		"full to full": {web, testserver.Component + "/any", "contact@localhost\tC\tboth\tnone\t"},
		"bare to full": {rails.String(), testserver.Component + "/any", "ask from a full JID"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
			_, err := fmt.Fprintf(conn, `<iq type='set' id='x' from='%s' to='%s'><command xmlns='http://jabber.org/protocol/commands' node='getRoster'><x xmlns='jabber:x:data' type='submit'><field var='userJid'><value>%s</value></field></x></command></iq>`, test.from, test.to, user)
			require.NoError(t, err)
			r := session.TokenReader()
			defer r.Close()
			var text strings.Builder
			for depth := 0; ; {
				tok, err := r.Token()
				require.NoError(t, err)
				switch tok := tok.(type) {
				case xml.StartElement:
					depth++
				case xml.EndElement:
					depth--
				case xml.CharData:
					text.Write(tok)
				}
				if depth == 0 {
					assert.Contains(t, text.String(), test.want)
					return
				}
			}
		})
	}
}

// TestClientsSee has the two users of a pair online: they see their rosters
// change and each other come, without logging in again, and nothing at all
// when what stands is asked for again.
func TestClientsSee(t *testing.T) {
	admin := login(t, "admin@localhost")
	jids := people(t, "localhost", "a", "b")
	register(t, jids...)
	a, b := login(t, jids[0]+"/one"), login(t, jids[1]+"/two")
	for _, c := range []*xmppclient.Client{a, b} {
		_, err := c.Roster(patience(t))
		require.NoError(t, err)
		require.NoError(t, c.Send(t.Context(), "<presence><show>away</show></presence>"))
	}
	pair := []string{"userAJid", jids[0], "userBJid", jids[1], "userANick", "A", "userBNick", "B", "groupForA", "Friends", "groupForB", "Friends"}
	done(t, admin, "setBidireccionalBuddys", pair...)
	for _, side := range []struct {
		client     *xmppclient.Client
		peer, nick string
	}{{a, jids[1], "B"}, {b, jids[0], "A"}} {
		push, err := side.client.Next(patience(t), isPush)
		require.NoError(t, err)
		assert.Contains(t, push.String(), side.peer)
		assert.Contains(t, push.String(), `subscription="both"`)
		presence, err := side.client.Next(patience(t), func(e xmppclient.Element) bool {
			return e.Name.Local == "presence" && jid.MustParse(e.Attr("from")).Bare().String() == side.peer
		})
		require.NoError(t, err)
		show, _ := presence.Child("", "show")
		assert.Equal(t, "away", show.Text)
		items, err := side.client.Roster(patience(t))
		require.NoError(t, err)
		assert.Equal(t, []xmppclient.RosterItem{{JID: side.peer, Name: side.nick, Subscription: "both", Groups: []string{"Friends"}}}, items)
	}

	done(t, admin, "setBidireccionalBuddys", pair...)
	_, err := a.Roster(patience(t)) // whatever had been sent would have arrived before
	require.NoError(t, err)
	for _, e := range a.Seen() {
		assert.False(t, isPush(e), e.String())
	}
}

func isPush(e xmppclient.Element) bool {
	_, ok := e.Child("jabber:iq:roster", "query")
	return e.Name.Local == "iq" && e.Attr("type") == "set" && ok
}
