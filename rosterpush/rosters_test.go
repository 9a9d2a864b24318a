package rosterpush_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/rosterpush"
)

var (
	alice = jid.MustParse("alice@localhost")
	bob   = jid.MustParse("bob@localhost")
)

var fields = rosterpush.Fields{JID: "buddyJid", Name: "buddyNick", Groups: "buddyGroup", Subscription: "subscription_type"}

func TestPutRefusesBeforeAnythingIsSent(t *testing.T) {
	good := rosterpush.Item{JID: bob, Name: "Bob", Subscription: rosterpush.Both, Groups: []string{"Friends"}}
	for field, spoil := range map[string]func(*rosterpush.Item){
		"buddyJid":          func(i *rosterpush.Item) { i.JID = jid.JID{} },
		"subscription_type": func(i *rosterpush.Item) { i.Subscription = "remove" },
		"buddyNick":         func(i *rosterpush.Item) { i.Name = "a\x00b" },
		"buddyGroup":        func(i *rosterpush.Item) { i.Groups = []string{"fine", "bell\a"} },
	} {
		t.Run(field, func(t *testing.T) {
			item := good
			spoil(&item)
			server := newMemory()
			server.broken = errors.New("nothing may be asked")
			changed, err := rosterpush.New(server).Put(t.Context(), alice, item, fields)
			var invalid *rosterpush.InvalidError
			require.ErrorAs(t, err, &invalid)
			assert.Equal(t, field, invalid.Field)
			assert.False(t, changed)
			assert.Zero(t, server.writes)
		})
	}
}

func TestIllegalCharacters(t *testing.T) {
	for text, legal := range map[string]bool{
		"":              true,
		"tab\tnl\ncr\r": true,
		"\u0085\u00a0":  true,
		"\U0010ffff😀":   true,
		"\ufffd":        true, // a character like others, where it is really there
		"\x01":          false,
		"\x1f":          false,
		"\x7f":          true,
		"\ufffe":        false,
		"\uffff":        false,
		"\xff":          false, // not UTF-8
		"\xed\xa0\x80":  false, // a surrogate
	} {
		t.Run(fmt.Sprintf("%q", text), func(t *testing.T) {
			_, err := rosterpush.New(newMemory()).Put(t.Context(), alice, rosterpush.Item{JID: bob, Name: text, Subscription: rosterpush.To}, fields)
			assert.Equal(t, legal, err == nil, err)
		})
	}
}

func TestPutWritesOnlyWhatDiffers(t *testing.T) {
	stands := rosterpush.Item{JID: bob, Name: "Bob", Subscription: rosterpush.Both, Groups: []string{"A", "B"}}
	for name, test := range map[string]struct {
		change func(*rosterpush.Item) // of what stands
		writes int
	}{
		"as asked":                        {func(*rosterpush.Item) {}, 0},
		"approved in advance":             {func(i *rosterpush.Item) { i.Approved = true }, 0},
		"another name":                    {func(i *rosterpush.Item) { i.Name = "B" }, 1},
		"another group":                   {func(i *rosterpush.Item) { i.Groups = []string{"A"} }, 1},
		"another subscription":            {func(i *rosterpush.Item) { i.Subscription = rosterpush.From }, 1},
		"one that may hide a request":     {func(i *rosterpush.Item) { i.Subscription = rosterpush.To }, 4}, // written; none, gone, written anew
		"a request that has become moot":  {func(i *rosterpush.Item) { i.Pending = true }, 4},               // written; none, gone, written anew
		"the same, with less than wanted": {func(i *rosterpush.Item) { i.Pending, i.Subscription = true, rosterpush.From }, 4},
	} {
		t.Run(name, func(t *testing.T) {
			server := newMemory()
			item := stands
			test.change(&item)
			server.has("alice@localhost", item)
			want := stands
			want.JID, _ = bob.WithResource("phone")
			want.Groups = []string{"B", "", "A", "B"}
			changed, err := rosterpush.New(server).Put(t.Context(), alice, want, fields)
			require.NoError(t, err)
			assert.Equal(t, test.writes > 0, changed)
			assert.Equal(t, test.writes, server.writes)
			got := server.rosters["alice@localhost"]["bob@localhost"]
			got.Approved = false
			assert.Equal(t, stands, got)
		})
	}
}

// TestPutIsPutBack has each write fail in turn of those that end a request
// which has become moot, before it is carried out and after. What can be put
// back is: all but the request itself, once it has gone.
func TestPutIsPutBack(t *testing.T) {
	was := rosterpush.Item{JID: bob, Name: "Old", Subscription: rosterpush.From, Groups: []string{"Past"}, Pending: true}
	want := rosterpush.Item{JID: bob, Name: "New", Subscription: rosterpush.Both}
	const writes = 4 // the item; none, gone, anew
	for write := 2; write <= writes; write++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d carried out %t", write, after), func(t *testing.T) {
				cause := errors.New("made to fail")
				server := &failing{memory: newMemory(), n: write, after: after, err: cause}
				server.has("alice@localhost", was)
				changed, err := rosterpush.New(server).Put(t.Context(), alice, want, fields)
				assert.True(t, changed)
				assert.ErrorIs(t, err, cause)
				var failure *rosterpush.ChangeError
				require.ErrorAs(t, err, &failure)
				require.Len(t, failure.Sides, 1)

				stands := server.rosters["alice@localhost"]["bob@localhost"]
				back := was
				back.Pending = write < 3 || write == 3 && !after // the third removes the item
				assert.Equal(t, back, stands)
				side := failure.Sides[0]
				assert.Equal(t, alice, side.User)
				assert.Equal(t, back.Pending, side.Restored)
				assert.NoError(t, side.Err)
				assert.Equal(t, &stands, side.Now)
			})
		}
	}
}

// failing is a server of which one write fails: the n-th, counted from one,
// after it was carried out or instead.
type failing struct {
	*memory
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
	return f.write(func() error { return f.memory.Put(ctx, user, item, was) })
}

func (f *failing) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	return f.write(func() error { return f.memory.Remove(ctx, user, was) })
}

// TestPutKeepsARequestThatIsNotMoot: with none and from, the user may still be
// waiting for the contact (RFC 6121 §A.1).
func TestPutKeepsARequestThatIsNotMoot(t *testing.T) {
	for _, s := range []rosterpush.Subscription{rosterpush.None, rosterpush.From} {
		server := newMemory()
		server.has("alice@localhost", rosterpush.Item{JID: bob, Subscription: rosterpush.None, Pending: true})
		_, err := rosterpush.New(server).Put(t.Context(), alice, rosterpush.Item{JID: bob, Name: "Bob", Subscription: s}, fields)
		require.NoError(t, err)
		assert.Equal(t, rosterpush.Item{JID: bob, Name: "Bob", Subscription: s, Pending: true}, server.rosters["alice@localhost"]["bob@localhost"])
	}
}

func TestRemove(t *testing.T) {
	server := newMemory()
	rosters := rosterpush.New(server)
	assert.ErrorIs(t, rosters.Remove(t.Context(), alice, bob), rosterpush.ErrNotInRoster)
	server.has("alice@localhost", rosterpush.Item{JID: bob, Subscription: rosterpush.Both})
	require.NoError(t, rosters.Remove(t.Context(), alice, bob))
	assert.Empty(t, server.rosters["alice@localhost"])
}

func TestClearStopsAtAFailure(t *testing.T) {
	server := newMemory()
	for i := range 100 {
		server.has("alice@localhost", rosterpush.Item{JID: jid.MustParse(fmt.Sprintf("c%d@localhost", i)), Subscription: rosterpush.None})
	}
	cause := errors.New("made to fail")
	server.fail = func(write int) error {
		if write == 50 {
			return cause
		}
		return nil
	}
	rosters := rosterpush.New(server)
	removed, _, err := rosters.Clear(t.Context(), alice, func(int, int) {})
	assert.ErrorIs(t, err, cause)
	assert.Equal(t, 100-len(server.rosters["alice@localhost"]), removed, "what it says it removed is gone, the rest is there")

	removed, _, err = rosters.Clear(t.Context(), alice, func(int, int) {})
	require.NoError(t, err)
	assert.Positive(t, removed)
	assert.Empty(t, server.rosters["alice@localhost"])
	_, _, err = rosters.Clear(t.Context(), alice, func(int, int) {})
	assert.ErrorIs(t, err, rosterpush.ErrNoRoster)
}

// sharing shows an item with what a shared roster group says of it.
type sharing struct {
	*memory
	contact      string
	subscription rosterpush.Subscription
	groups       []string
}

func (s sharing) Roster(ctx context.Context, user jid.JID) ([]rosterpush.Item, error) {
	items, err := s.memory.Roster(ctx, user)
	for n, i := range items {
		if i.JID.String() == s.contact {
			items[n].Subscription = s.subscription
			items[n].Groups = append(slices.Clone(i.Groups), s.groups...)
		}
	}
	return items, err
}

// TestPutOverASharedItem: what is not seen as it was asked for is not done.
func TestPutOverASharedItem(t *testing.T) {
	server := sharing{newMemory(), "bob@localhost", rosterpush.Both, []string{"Team"}}
	server.has("alice@localhost", rosterpush.Item{JID: bob, Subscription: rosterpush.Both})
	server.has("alice@localhost", rosterpush.Item{JID: jid.MustParse("carol@localhost"), Subscription: rosterpush.Both, Groups: []string{"Team"}})
	rosters := rosterpush.New(server)
	for _, test := range []struct {
		want rosterpush.Item
		err  error
	}{
		{rosterpush.Item{JID: bob, Subscription: rosterpush.To, Groups: []string{"Team"}}, rosterpush.ErrSharedItem},
		{rosterpush.Item{JID: bob, Subscription: rosterpush.Both, Groups: []string{"Mine"}}, rosterpush.ErrSharedItem},
		{rosterpush.Item{JID: bob, Name: "Bob", Subscription: rosterpush.Both, Groups: []string{"Team"}}, nil},
		{rosterpush.Item{JID: jid.MustParse("carol@localhost"), Subscription: rosterpush.To}, nil},
	} {
		changed, err := rosters.Put(t.Context(), alice, test.want, rosterpush.Fields{})
		assert.ErrorIs(t, err, test.err, test.want)
		assert.True(t, changed)
	}
}

// TestClearGoesPastARefusal: an item that the server will not remove does not
// keep it from the others.
func TestClearGoesPastARefusal(t *testing.T) {
	server := newMemory()
	for i := range 50 {
		server.has("alice@localhost", rosterpush.Item{JID: jid.MustParse(fmt.Sprintf("c%02d@localhost", i)), Subscription: rosterpush.None})
	}
	refusal := stanza.Error{Condition: stanza.BadRequest}
	server.fail = func(write int) error {
		if write == 3 || write == 7 {
			return refusal
		}
		return nil
	}
	var told []int
	removed, _, err := rosterpush.New(server).Clear(t.Context(), alice, func(removed, all int) {
		assert.Equal(t, 50, all)
		told = append(told, removed)
	})
	var failed *rosterpush.ItemsError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, 48, removed)
	assert.Len(t, told, 48)
	assert.True(t, slices.IsSorted(told))
	require.Len(t, failed.Failed, 2)
	for _, f := range failed.Failed {
		assert.ErrorIs(t, f.Err, refusal)
		assert.Contains(t, server.rosters["alice@localhost"], f.JID.String(), "it is the one that stayed")
	}
}

// TestClearDoesNotCountWhatIsNew: the user adds contacts while they are removed.
func TestClearDoesNotCountWhatIsNew(t *testing.T) {
	server := newMemory()
	server.has("alice@localhost", rosterpush.Item{JID: bob, Subscription: rosterpush.None})
	server.fail = func(int) error {
		for i := range 5 {
			server.has("alice@localhost", rosterpush.Item{JID: jid.MustParse(fmt.Sprintf("new%d@localhost", i)), Subscription: rosterpush.None})
		}
		return nil
	}
	removed, kept, err := rosterpush.New(server).Clear(t.Context(), alice, func(int, int) {})
	require.NoError(t, err)
	assert.Equal(t, [2]int{1, 0}, [2]int{removed, kept})
	assert.Len(t, server.rosters["alice@localhost"], 5)
}

// TestClearCountsWhatWasTaken where nobody can look any more.
func TestClearCountsWhatWasTaken(t *testing.T) {
	server := newMemory()
	for i := range 20 {
		server.has("alice@localhost", rosterpush.Item{JID: jid.MustParse(fmt.Sprintf("c%d@localhost", i)), Subscription: rosterpush.None})
	}
	server.fail = func(write int) error {
		server.broken = errors.New("no more reads")
		return nil
	}
	removed, _, err := rosterpush.New(server).Clear(t.Context(), alice, func(int, int) {})
	require.ErrorIs(t, err, server.broken)
	assert.Equal(t, 20, removed)
}

// TestClearFailuresAreEachItsOwn: what is under way when one item fails is not
// said to have failed as that did.
func TestClearFailuresAreEachItsOwn(t *testing.T) {
	server := newMemory()
	cause := errors.New("made to fail")
	server.has("alice@localhost", rosterpush.Item{JID: jid.MustParse("bad@localhost"), Subscription: rosterpush.None})
	server.has("alice@localhost", rosterpush.Item{JID: jid.MustParse("slow@localhost"), Subscription: rosterpush.None})
	late := &late{memory: server, begun: make(chan struct{}), failed: make(chan struct{}), cause: cause}
	removed, _, err := rosterpush.New(late).Clear(t.Context(), alice, func(int, int) {})
	require.EqualError(t, err, "bad@localhost: made to fail")
	assert.Equal(t, 1, removed)
	assert.NoError(t, late.slow)
}

// late removes slow@localhost when bad@localhost has failed meanwhile.
type late struct {
	*memory
	begun, failed chan struct{}
	cause         error // of bad's failure
	slow          error // slow's context then
}

func (l *late) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	if was.JID.Localpart() == "bad" {
		defer close(l.failed)
		<-l.begun
		return l.cause
	}
	close(l.begun)
	<-l.failed
	l.slow = ctx.Err()
	return l.memory.Remove(ctx, user, was)
}

// TestPairsWithOneself and the like are refused before anything is sent.
func TestPairRefusals(t *testing.T) {
	half := func(user jid.JID, name string) rosterpush.Half {
		return rosterpush.Half{User: user, Name: name, Fields: rosterpush.Fields{JID: "jid of " + user.String(), Name: "name"}}
	}
	phone, err := alice.WithResource("phone")
	require.NoError(t, err)
	for name, test := range map[string]struct {
		a, b  rosterpush.Half
		field string
	}{
		"with oneself":     {half(alice, ""), half(phone, ""), "jid of alice@localhost/phone"},
		"an illegal name":  {half(alice, "\x00"), half(bob, ""), "name"},
		"one on the other": {half(alice, ""), half(bob, "\x00"), "name"},
	} {
		t.Run(name, func(t *testing.T) {
			server := newMemory()
			server.broken = errors.New("nothing may be asked")
			_, err := rosterpush.New(server).SetPair(t.Context(), test.a, test.b)
			var invalid *rosterpush.InvalidError
			require.ErrorAs(t, err, &invalid)
			assert.Equal(t, test.field, invalid.Field)
		})
	}
}

// TestChangeErrorSaysWhatStands has the server fail for good in the middle.
func TestChangeErrorSaysWhatStands(t *testing.T) {
	server := newMemory()
	server.has("bob@localhost", rosterpush.Item{JID: alice, Subscription: rosterpush.From})
	cause := errors.New("made to fail")
	server.fail = func(write int) error {
		if write > 1 {
			return cause
		}
		return nil
	}
	_, err := rosterpush.New(server).SetPair(t.Context(), rosterpush.Half{User: alice}, rosterpush.Half{User: bob})
	var failure *rosterpush.ChangeError
	require.ErrorAs(t, err, &failure)
	assert.ErrorIs(t, err, cause)
	assert.False(t, failure.Sides[0].Restored)
	assert.True(t, failure.Sides[1].Restored)
	assert.Equal(t, "made to fail (alice@localhost: unknown (made to fail); bob@localhost: as before)", err.Error())
}

// TestNoTwoAtOnce runs changes of few users from many goroutines. None meets
// another one at the same user, none waits in a circle, and each has the last
// word where it was last.
func TestNoTwoAtOnce(t *testing.T) {
	server := &exclusive{memory: newMemory(), busy: make(map[string]*atomic.Int32)}
	var users []jid.JID
	for i := range 5 {
		u := jid.MustParse(fmt.Sprintf("u%d@localhost", i))
		users = append(users, u)
		server.busy[u.String()] = new(atomic.Int32)
	}
	rosters := rosterpush.New(server)
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			pick := rand.Perm(len(users))
			a, b := users[pick[0]], users[pick[1]]
			var err error
			switch rand.IntN(4) {
			case 0:
				_, err = rosters.SetPair(t.Context(), rosterpush.Half{User: a}, rosterpush.Half{User: b})
			case 1:
				err = rosters.UnsetPair(t.Context(), rosterpush.Half{User: a}, b)
			case 2:
				_, err = rosters.Put(t.Context(), a, rosterpush.Item{JID: b, Subscription: rosterpush.Subscriptions()[rand.IntN(4)]}, fields)
			default:
				err = rosters.Remove(t.Context(), a, b)
			}
			if !errors.Is(err, rosterpush.ErrNotBidirectional) && !errors.Is(err, rosterpush.ErrNotInRoster) {
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
	assert.False(t, server.met.Load())
}

// exclusive notices writes of one user's roster that meet.
type exclusive struct {
	*memory
	busy map[string]*atomic.Int32
	met  atomic.Bool
}

func (e *exclusive) Put(ctx context.Context, user jid.JID, item rosterpush.Item, was *rosterpush.Item) error {
	defer e.enter(user)()
	return e.memory.Put(ctx, user, item, was)
}

func (e *exclusive) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	defer e.enter(user)()
	return e.memory.Remove(ctx, user, was)
}

func (e *exclusive) enter(user jid.JID) (leave func()) {
	b := e.busy[user.String()]
	if b.Add(1) > 1 {
		e.met.Store(true)
	}
	return func() { b.Add(-1) }
}

// TestWaitingEndsWithItsContext has one request hold a user while another one
// waits and gives up; a third then gets its turn.
func TestWaitingEndsWithItsContext(t *testing.T) {
	server := newMemory()
	held, release := make(chan struct{}), make(chan struct{})
	server.fail = func(write int) error {
		if write == 1 {
			close(held)
			<-release
		}
		return nil
	}
	rosters := rosterpush.New(server)
	item := rosterpush.Item{JID: bob, Subscription: rosterpush.Both}
	var first sync.WaitGroup
	first.Go(func() {
		_, err := rosters.Put(t.Context(), alice, item, fields)
		assert.NoError(t, err)
	})
	<-held
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := rosters.Put(gone, alice, item, fields)
	assert.ErrorIs(t, err, context.Canceled)
	close(release)
	first.Wait()
	changed, err := rosters.Put(t.Context(), alice, item, fields)
	require.NoError(t, err)
	assert.False(t, changed)
}

func TestGetIsSorted(t *testing.T) {
	server := newMemory()
	for _, c := range []string{"c@localhost", "a@localhost", "b@example.org"} {
		server.has("alice@localhost", rosterpush.Item{JID: jid.MustParse(c), Subscription: rosterpush.None})
	}
	items, err := rosterpush.New(server).Get(t.Context(), alice)
	require.NoError(t, err)
	assert.True(t, slices.IsSortedFunc(items, func(a, b rosterpush.Item) int {
		return slices.Compare([]byte(a.JID.String()), []byte(b.JID.String()))
	}))
	assert.Len(t, items, 3)
}
