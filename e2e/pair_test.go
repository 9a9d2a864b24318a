package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
	"emanagement/rosterpush"
	"emanagement/server/ejabberd"
	"emanagement/server/stanzas"
)

// former is what stood on one side of a pair before: a subscription, "" for
// no item, whether the user's request to the other is unanswered, and whether
// the other's request is approved in advance.
type former struct {
	subscription string
	asks         bool
	approves     bool
}

// formers are all that RFC 6121 appendix A knows, as one side sees them.
func formers() []former {
	var all []former
	for _, s := range []string{"", "none", "to", "from", "both"} {
		all = append(all, former{s, false, false})
		if s == "none" || s == "from" { // asking makes an item of none
			all = append(all, former{s, true, false})
		}
		if s == "none" || s == "to" {
			all = append(all, former{s, false, true})
		}
	}
	return all
}

// byClient says whether only a client can bring that about.
func (f former) byClient() bool { return f.asks || f.approves }

// pairOfUsers are two users. Registered, they are online and each looks at its
// own roster; those whom the server does not know it tells about itself.
// Either is another way than the component's.
type pairOfUsers struct {
	server *testserver.Server
	jids   [2]jid.JID
	client [2]*xmppclient.Client
}

func newPairOfUsers(t *testing.T, s *testserver.Server, number int, registered [2]bool) *pairOfUsers {
	p := &pairOfUsers{server: s}
	for i, name := range []string{"a", "b"} {
		p.jids[i] = jid.MustParse(fmt.Sprintf("%s%d@localhost", name, number))
		if registered[i] {
			require.NoError(t, s.Register(t.Context(), p.jids[i].Localpart(), "localhost", "pw"))
			p.client[i] = loginTo(t, s, p.jids[i].String())
		}
	}
	return p
}

// prepare brings both sides into their former states.
func (p *pairOfUsers) prepare(t *testing.T, states [2]former) {
	for i, state := range states {
		if state.subscription != "" {
			put(t, p.server, p.jids[i].String(), entry{p.jids[1-i].String(), fmt.Sprint("old ", i), state.subscription, []string{"Old"}})
		}
	}
	for i, state := range states {
		for typ, sends := range map[string]bool{"subscribe": state.asks, "subscribed": state.approves} {
			if !sends {
				continue
			}
			require.NoError(t, p.client[i].Send(t.Context(), fmt.Sprintf("<presence type='%s' to='%s'/>", typ, p.jids[1-i])))
			_, err := p.client[i].Roster(patience(t))
			require.NoError(t, err)
		}
	}
}

func (p *pairOfUsers) rosters(t *testing.T) (sides [2][]xmppclient.RosterItem) {
	for i, c := range p.client {
		if c != nil {
			items, err := c.Roster(patience(t))
			require.NoError(t, err)
			sides[i] = items
			continue
		}
		for _, e := range stored(t, p.server, p.jids[i].String()) {
			sides[i] = append(sides[i], xmppclient.RosterItem{JID: e.JID, Name: e.Nick, Subscription: e.Subscription, Groups: e.Groups})
		}
	}
	return sides
}

// failing is a real server of which one write fails: the n-th, counted from
// one, after it was carried out or instead.
type failing struct {
	rosterpush.Server
	n     int
	after bool
	err   error
}

func (f *failing) write(do func() error) error {
	f.n--
	if f.n != 0 {
		return do()
	}
	if f.after {
		if err := do(); err != nil {
			return err
		}
	}
	return f.err
}

func (f *failing) Put(ctx context.Context, user jid.JID, item rosterpush.Item, was *rosterpush.Item) error {
	return f.write(func() error { return f.Server.Put(ctx, user, item, was) })
}

func (f *failing) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	return f.write(func() error { return f.Server.Remove(ctx, user, was) })
}

// TestPairFromEveryState sets and unsets a pair from every combination of what
// the two sides had of each other before, and has every write of it fail in
// turn. The end state is exactly what the verb says, or exactly what was.
func TestPairFromEveryState(t *testing.T) {
	t.Parallel()
	for _, kind := range []testserver.Kind{testserver.AdHoc, testserver.Debian13} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			pairFromEveryState(t, kind.Run(t, nil))
		})
	}
}

func pairFromEveryState(t *testing.T, s *testserver.Server) {
	c := testserver.NewComponent(t, s, nil)
	api := ejabberd.New(c)
	if s.Kind() != testserver.AdHoc {
		api = ejabberd.NewWithHTTP(c, ejabberd.Endpoint{URL: s.APIURL()})
	}
	t.Cleanup(api.Close)
	real := stanzas.New(c, api, slog.New(slog.DiscardHandler))
	testserver.RunComponent(t, c)
	require.NoError(t, c.Ready(patience(t), "localhost"))

	number := 0
	for _, a := range formers() {
		for _, b := range formers() {
			for _, registered := range [][2]bool{{true, true}, {true, false}, {false, true}, {false, false}} {
				if a.byClient() && !registered[0] || b.byClient() && !registered[1] {
					continue
				}
				number++
				if s.Kind() != testserver.AdHoc && number%3 != 0 {
					continue // only the way that subscriptions are written differs
				}
				own := number
				t.Run(fmt.Sprintf("%v-%v-registered=%t", a, b, registered), func(t *testing.T) {
					t.Parallel()
					p := newPairOfUsers(t, s, own, registered)
					p.prepare(t, [2]former{a, b})
					p.try(t, real)
				})
			}
		}
	}
}

// approved is what a side says of an approval in advance. (It is none any more
// where it met a request.)
func approved(side []xmppclient.RosterItem) string {
	if len(side) == 0 {
		return ""
	}
	return side[0].Approved
}

func (p *pairOfUsers) try(t *testing.T, real rosterpush.Server) {
	before := p.rosters(t)
	halves := [2]rosterpush.Half{
		{User: p.jids[0], Name: "new B", Groups: []string{"New"}},
		{User: p.jids[1], Name: "new A", Groups: []string{"New", "Newer"}},
	}
	set := func(s rosterpush.Server) error {
		_, err := rosterpush.New(s).SetPair(patience(t), halves[0], halves[1])
		return err
	}
	p.failEveryWrite(t, real, 2, set)
	require.NoError(t, set(real))
	want := [2][]xmppclient.RosterItem{
		{{JID: p.jids[1].String(), Name: "new B", Subscription: "both", Approved: approved(before[0]), Groups: []string{"New"}}},
		{{JID: p.jids[0].String(), Name: "new A", Subscription: "both", Approved: approved(before[1]), Groups: []string{"New", "Newer"}}},
	}
	require.Equal(t, want, p.rosters(t))
	p.nobodyIsAsked(t)

	unset := func(s rosterpush.Server) error {
		return rosterpush.New(s).UnsetPair(patience(t), rosterpush.Half{User: p.jids[0], Name: "old B", Groups: []string{"Past"}}, p.jids[1])
	}
	p.failEveryWrite(t, real, 3, unset)
	require.NoError(t, unset(real))
	want = [2][]xmppclient.RosterItem{{{JID: p.jids[1].String(), Name: "old B", Subscription: "to", Approved: approved(before[0]), Groups: []string{"Past"}}}, nil}
	got := p.rosters(t)
	assert.Equal(t, want[0], got[0])
	assert.Empty(t, got[1])
	assert.ErrorIs(t, unset(real), rosterpush.ErrNotBidirectional)
}

// failEveryWrite has the first write of a change fail, then the second, and so
// on up to the number given, each before it is carried out and after. Every
// time both sides are as they were. (Writes beyond those end old requests,
// which nobody can make again in a user's place.)
func (p *pairOfUsers) failEveryWrite(t *testing.T, real rosterpush.Server, writes int, change func(rosterpush.Server) error) {
	before := p.rosters(t)
	for _, after := range []bool{false, true} {
		for n := 1; n <= writes; n++ {
			cause := errors.New("made to fail")
			f := &failing{Server: real, n: n, after: after, err: cause}
			err := change(f)
			if f.n > 0 {
				t.Fatalf("write %d was never made, and the change is done: %v", n, err)
			}
			var failure *rosterpush.ChangeError
			require.ErrorAs(t, err, &failure)
			require.ErrorIs(t, err, cause)
			for _, side := range failure.Sides {
				assert.True(t, side.Restored, side.String())
			}
			require.Equal(t, before, p.rosters(t), "write %d failed, carried out: %t", n, after)
		}
	}
}

// nobodyIsAsked logs both in anew and sees that no old request is presented.
func (p *pairOfUsers) nobodyIsAsked(t *testing.T) {
	for i := range p.jids {
		if p.client[i] == nil {
			continue
		}
		fresh := loginTo(t, p.server, p.jids[i].String()+"/fresh")
		require.NoError(t, fresh.Send(t.Context(), "<presence/>"))
		_, err := fresh.Next(patience(t), func(e xmppclient.Element) bool {
			return e.Name.Local == "presence" && e.Attr("from") == fresh.JID().String()
		})
		require.NoError(t, err)
		_, err = fresh.Roster(patience(t))
		require.NoError(t, err)
		assert.False(t, slices.ContainsFunc(fresh.Seen(), func(e xmppclient.Element) bool { return e.Attr("type") == "subscribe" }), fresh.Seen())
	}
}
