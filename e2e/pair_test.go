package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
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

// priorState is the state of one side of a pair before a verb runs.
type priorState struct {
	subscription string // "" for no item
	requested    bool   // the user has requested the other's presence, without an answer so far
	preApproved  bool   // the user has approved a request of the other in advance
}

// priorStates returns all states of RFC 6121 appendix A, as one side sees them.
func priorStates() []priorState {
	var all []priorState
	for _, s := range []string{"", "none", "to", "from", "both"} {
		all = append(all, priorState{s, false, false})
		if s == "none" || s == "from" { // a request creates an item with the subscription none
			all = append(all, priorState{s, true, false})
		}
		if s == "none" || s == "to" {
			all = append(all, priorState{s, false, true})
		}
	}
	return all
}

// needsClient reports whether only a client can bring about the state.
func (f priorState) needsClient() bool { return f.requested || f.preApproved }

// pairOfUsers are two users. A registered one is online, and its client reads
// its own roster. For an unregistered one the server's own API command reads
// the roster. Neither way uses the component.
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

// prepare brings both sides into their prior states.
func (p *pairOfUsers) prepare(t *testing.T, states [2]priorState) {
	for i, state := range states {
		if state.subscription != "" {
			storeItems(t, p.server, p.jids[i].String(), storedItem{p.jids[1-i].String(), fmt.Sprint("old ", i), state.subscription, []string{"Old"}})
		}
	}
	for i, state := range states {
		for typ, sends := range map[string]bool{"subscribe": state.requested, "subscribed": state.preApproved} {
			if !sends {
				continue
			}
			require.NoError(t, p.client[i].Send(t.Context(), fmt.Sprintf("<presence type='%s' to='%s'/>", typ, p.jids[1-i])))
			_, err := p.client[i].Roster(shortContext(t))
			require.NoError(t, err)
		}
	}
}

func (p *pairOfUsers) rosters(t *testing.T) (sides [2][]xmppclient.RosterItem) {
	for i, c := range p.client {
		if c != nil {
			items, err := c.Roster(shortContext(t))
			require.NoError(t, err)
			sides[i] = items
			continue
		}
		for _, e := range storedRoster(t, p.server, p.jids[i].String()) {
			sides[i] = append(sides[i], xmppclient.RosterItem{JID: e.JID, Name: e.Nick, Subscription: e.Subscription, Groups: e.Groups})
		}
	}
	return sides
}

// failingServer is a real server on which one write fails: the n-th, counted
// from one. With after the server carries out that write, and the answer is
// still the error.
type failingServer struct {
	rosterpush.Server
	n      int32
	after  bool
	err    error
	writes atomic.Int32
}

func (f *failingServer) write(do func() error) error {
	if f.writes.Add(1) != f.n {
		return do()
	}
	if f.after {
		if err := do(); err != nil {
			return err
		}
	}
	return f.err
}

func (f *failingServer) Put(ctx context.Context, user jid.JID, item rosterpush.Item, was *rosterpush.Item) error {
	return f.write(func() error { return f.Server.Put(ctx, user, item, was) })
}

func (f *failingServer) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	return f.write(func() error { return f.Server.Remove(ctx, user, was) })
}

// TestPairFromEveryState sets and unsets a pair from every combination of prior
// states, and makes each write fail in turn. Both rosters must end exactly as
// the verb promises, or exactly as they were.
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
	server := stanzas.New(c, api, slog.New(slog.DiscardHandler))
	testserver.RunComponent(t, c)
	require.NoError(t, c.Ready(shortContext(t), "localhost"))

	number := 0
	for _, a := range priorStates() {
		for _, b := range priorStates() {
			for _, registered := range [][2]bool{{true, true}, {true, false}, {false, true}, {false, false}} {
				if a.needsClient() && !registered[0] || b.needsClient() && !registered[1] {
					continue
				}
				number++
				if s.Kind() != testserver.AdHoc && number%3 != 0 {
					continue // only the route of subscription writes differs on this kind of server
				}
				own := number
				t.Run(fmt.Sprintf("%v-%v-registered=%t", a, b, registered), func(t *testing.T) {
					t.Parallel()
					p := newPairOfUsers(t, s, own, registered)
					p.prepare(t, [2]priorState{a, b})
					p.checkSetAndUnset(t, server)
				})
			}
		}
	}
}

// approvalOf returns the approved attribute of a side's item. (A pre-approval
// that met a request is gone.)
func approvalOf(side []xmppclient.RosterItem) string {
	if len(side) == 0 {
		return ""
	}
	return side[0].Approved
}

// checkSetAndUnset sets the pair and unsets it, and makes each write fail in
// turn before.
func (p *pairOfUsers) checkSetAndUnset(t *testing.T, server rosterpush.Server) {
	before := p.rosters(t)
	halves := [2]rosterpush.Half{
		{User: p.jids[0], Name: "new B", Groups: []string{"New"}},
		{User: p.jids[1], Name: "new A", Groups: []string{"New", "Newer"}},
	}
	set := func(s rosterpush.Server) error {
		_, err := rosterpush.New(s).SetPair(shortContext(t), halves[0], halves[1])
		return err
	}
	p.failEveryWrite(t, server, 2, set)
	require.NoError(t, set(server))
	want := [2][]xmppclient.RosterItem{
		{{JID: p.jids[1].String(), Name: "new B", Subscription: "both", Approved: approvalOf(before[0]), Groups: []string{"New"}}},
		{{JID: p.jids[0].String(), Name: "new A", Subscription: "both", Approved: approvalOf(before[1]), Groups: []string{"New", "Newer"}}},
	}
	require.Equal(t, want, p.rosters(t))
	p.requireNoRequests(t)

	unset := func(s rosterpush.Server) error {
		return rosterpush.New(s).UnsetPair(shortContext(t), rosterpush.Half{User: p.jids[0], Name: "old B", Groups: []string{"Past"}}, p.jids[1])
	}
	p.failEveryWrite(t, server, 3, unset)
	require.NoError(t, unset(server))
	want = [2][]xmppclient.RosterItem{{{JID: p.jids[1].String(), Name: "old B", Subscription: "to", Approved: approvalOf(before[0]), Groups: []string{"Past"}}}, nil}
	got := p.rosters(t)
	assert.Equal(t, want[0], got[0])
	assert.Empty(t, got[1])
	assert.ErrorIs(t, unset(server), rosterpush.ErrNotBidirectional)
}

// failEveryWrite makes the first write of a change fail, then the second, and
// so on up to the given number: each once before it is carried out, and once
// after. Both sides must end as they were. (Later writes only remove old
// requests, which no other program can restore.)
func (p *pairOfUsers) failEveryWrite(t *testing.T, server rosterpush.Server, writes int32, change func(rosterpush.Server) error) {
	before := p.rosters(t)
	for _, after := range []bool{false, true} {
		for n := int32(1); n <= writes; n++ {
			cause := errors.New("made to fail")
			f := &failingServer{Server: server, n: n, after: after, err: cause}
			err := change(f)
			if f.writes.Load() < n {
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

// requireNoRequests logs both users in again, and checks that the server does
// not present an old request.
func (p *pairOfUsers) requireNoRequests(t *testing.T) {
	for i := range p.jids {
		if p.client[i] == nil {
			continue
		}
		fresh := loginTo(t, p.server, p.jids[i].String()+"/fresh")
		require.NoError(t, fresh.Send(t.Context(), "<presence/>"))
		_, err := fresh.Next(shortContext(t), func(e xmppclient.Element) bool {
			return e.Name.Local == "presence" && e.Attr("from") == fresh.JID().String()
		})
		require.NoError(t, err)
		_, err = fresh.Roster(shortContext(t))
		require.NoError(t, err)
		assert.False(t, slices.ContainsFunc(fresh.Seen(), func(e xmppclient.Element) bool { return e.Attr("type") == "subscribe" }), fresh.Seen())
	}
}
