package e2e_test

import (
	"encoding/xml"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	xep0114 "mellium.im/xmpp/component"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
	"emanagement/rosterpush"
	"emanagement/server/ejabberd"
	"emanagement/server/stanzas"
)

// TestTLS runs the program, for which certificates it trusts is a matter of
// its environment.
func TestTLS(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	p, err := testserver.StartProgram(t.Context(), binary, s, testserver.Settings{
		Access: access, Address: s.TLSAddr(), Env: []string{"SSL_CERT_FILE=" + s.CertFile()},
	})
	require.NoError(t, err)
	assert.NoError(t, p.Stop(), p.Log())
}

// TestServerRestartsUnderLoad stops and starts the server while pairs are
// made, all the time. Every request ends well, those that met the loss of the
// stream too, for each may be asked again; and what the server then stores is
// what was asked.
func TestServerRestartsUnderLoad(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	p := newProxy(t, s.ComponentAddr())
	c := testserver.NewComponent(t, s, func(c *component.Config) { c.Address = p.address })
	rosters := rosterpush.New(stanzas.New(c, ejabberd.New(c), slog.New(slog.DiscardHandler)))
	testserver.RunComponent(t, c)
	ctx := patience(t)

	user := func(i int64) string { return fmt.Sprintf("user%d@localhost", i) }
	half := func(i int64) rosterpush.Half {
		return rosterpush.Half{User: jid.MustParse(user(i)), Name: fmt.Sprint("peer of ", i)}
	}
	var pairs atomic.Int64
	another := func() error {
		n := pairs.Add(1)
		_, err := rosters.SetPair(ctx, half(2*n), half(2*n+1))
		return err
	}
	require.NoError(t, another())
	var load sync.WaitGroup
	defer load.Wait()
	over := make(chan struct{})
	end := sync.OnceFunc(func() { close(over) })
	defer end()
	for range 16 {
		load.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if !assert.NoError(t, another()) {
					return
				}
			}
		})
	}
	lost := func() int { return p.count(func() int { return p.lost }) }
	for lost() == 0 { // until some request has met the loss, which is mostly the first time
		require.NoError(t, s.Stop(ctx))
		require.NoError(t, s.Start(ctx))
		require.NoError(t, another(), "the server has granted access again")
	}
	end()
	load.Wait()
	t.Logf("%d pairs; %d requests were under way when the server went", pairs.Load(), lost())
	for n := range pairs.Load() {
		a, b := 2*n+2, 2*n+3
		require.Equal(t, []entry{{user(b), fmt.Sprint("peer of ", a), "both", []string{}}}, stored(t, s, user(a)))
		require.Equal(t, []entry{{user(a), fmt.Sprint("peer of ", b), "both", []string{}}}, stored(t, s, user(b)))
	}
}

// TestThousandAtOnce has one asker ask a thousand things at once, each of which
// has the component ask the server something new to it, and then another asker
// a single one. All are answered, no more than sixteen requests of the
// component's own are ever unanswered, and the single one does not wait for
// the thousand.
func TestThousandAtOnce(t *testing.T) {
	s := testserver.Run(t, nil)
	p := newProxy(t, s.ComponentAddr())
	runProgram(t, s, testserver.Settings{Address: p.address})
	const many = 1000
	user := func(n int) string { return fmt.Sprintf("user%d@localhost", n) }
	for n := range many + 1 {
		put(t, s, user(n), entry{fmt.Sprintf("contact%d@localhost", n), "C", "both", nil})
	}
	busy, other := loginTo(t, s, "admin@localhost/busy"), loginTo(t, s, "reader@localhost/other")
	ctx := patience(t)

	release := p.hold(t)
	before := p.count(func() int { return len(p.answered) })
	var asked sync.WaitGroup
	ask := func(c *xmppclient.Client, n int) {
		asked.Go(func() {
			got, err := c.Ask(ctx, stanza.SetIQ, service, commandOf("getRoster", "userJid", user(n)))
			if assert.NoError(t, err) {
				assert.Contains(t, got.String(), fmt.Sprintf("contact%d@localhost&#x9;C&#x9;both", n))
			}
		})
	}
	defer asked.Wait()
	for n := range many {
		ask(busy, n)
	}
	require.NoError(t, p.await(ctx, func() bool { return p.asked == many && p.open["localhost"] >= windowSize }))
	ask(other, many)
	require.NoError(t, p.await(ctx, func() bool { return p.asked == many+1 }))
	release()
	asked.Wait()

	most := p.count(func() int { return p.most["localhost"] })
	answers := p.count(func() int { return len(p.answered) }) - before
	turn := p.count(func() int { return slices.Index(p.answered[before:], other.JID().String()) })
	t.Logf("at most %d unanswered; the other asker's was answer %d", most, turn+1)
	// The look at a host that has been silent for a while goes past the window.
	assert.LessOrEqual(t, most, windowSize+1)
	assert.Equal(t, many+1, answers)
	assert.Less(t, turn, many/5, "behind the sixteen before it, and whoever was quicker meanwhile")
}

// windowSize is how many requests the component has under way at once.
const windowSize = 16

// TestTwoClientsChangeOneUser has two clients make, make otherwise and unmake
// one pair, many times at once, the one from its one end and the other from
// the other. At every end the two sides agree, and are as one of the requests
// has asked.
func TestTwoClientsChangeOneUser(t *testing.T) {
	both(t, func(t *testing.T, p *place, people func(...string) []string) {
		clients := [2]*xmppclient.Client{p.login(t, "admin@localhost"), p.login(t, "admin@localhost")}
		jids := people("a", "b")
		a, b := jids[0], jids[1]
		for round := range 15 {
			var ended sync.WaitGroup
			for i := range 2 * len(clients) {
				client, own, peer, nick := clients[i%2], jids[i%2], jids[1-i%2], fmt.Sprintf("%d.%d", round, i)
				change := func(verb string, pairs ...string) {
					ended.Go(func() {
						r, err := client.Run(patience(t), service, verb, args(pairs...))
						assert.NoError(t, err, r.Raw.String())
					})
				}
				change("setBidireccionalBuddys", "userAJid", own, "userBJid", peer, "userANick", nick, "userBNick", nick)
				change("unsetBidireccionalBuddys", "userJid", own, "oldFriendJid", peer, "oldFriendNick", nick)
			}
			ended.Wait()
			require.Contains(t, pairStates(round, 2*len(clients), a, b), [2][]entry{p.stored(t, a), p.stored(t, b)})
		}
	})
}

// pairStates are those that any of a round's requests asks for: each has the
// other, or only the one who unmade the pair the other.
func pairStates(round, requests int, a, b string) (states [][2][]entry) {
	for i := range requests {
		nick := fmt.Sprintf("%d.%d", round, i)
		states = append(states, [2][]entry{{{b, nick, "both", []string{}}}, {{a, nick, "both", []string{}}}})
		if i%2 == 0 {
			states = append(states, [2][]entry{{{b, nick, "to", []string{}}}, {}})
		} else {
			states = append(states, [2][]entry{{}, {{a, nick, "to", []string{}}}})
		}
	}
	return states
}

// TestTwoClientsWriteOneItem: where an item is written in two ways, by stanza
// and by command, what stands in the end is what one request asked for.
func TestTwoClientsWriteOneItem(t *testing.T) {
	both(t, func(t *testing.T, p *place, people func(...string) []string) {
		clients := [2]*xmppclient.Client{p.login(t, "admin@localhost"), p.login(t, "admin@localhost")}
		jids := people("user", "contact")
		user, contact := jids[0], jids[1]
		for range 15 {
			var ended sync.WaitGroup
			var asked []entry
			for i, subscription := range []string{"both", "both", "to", "to", "both", "from"} {
				e := entry{contact, fmt.Sprint(i), subscription, []string{}}
				asked = append(asked, e)
				ended.Go(func() {
					r, err := clients[i%2].Run(patience(t), service, "addBuddyToRoster",
						args("userJid", user, "buddyJid", contact, "buddyNick", e.Nick, "subscription_type", e.Subscription))
					assert.NoError(t, err, r.Raw.String())
				})
			}
			ended.Wait()
			got := p.stored(t, user)
			require.Len(t, got, 1)
			require.Contains(t, asked, got[0])
		}
	})
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
		// First a request is ended that no roster would show.
		for _, subscription := range []string{"remove", "both"} {
			push, err := side.client.Next(patience(t), isPush)
			require.NoError(t, err)
			assert.Contains(t, push.String(), side.peer)
			assert.Contains(t, push.String(), fmt.Sprintf("subscription=%q", subscription))
		}
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
