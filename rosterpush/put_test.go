package rosterpush_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/memory"
	"emanagement/rosterpush"
)

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
			server := memory.New()
			server.ReadError = errors.New("nothing may be asked")
			changed, err := rosterpush.New(server).Put(t.Context(), alice, item, fields)
			var invalid *rosterpush.InvalidError
			require.ErrorAs(t, err, &invalid)
			assert.Equal(t, field, invalid.Field)
			assert.False(t, changed)
			assert.Zero(t, server.Writes)
		})
	}
}

func TestIllegalCharacters(t *testing.T) {
	for text, legal := range map[string]bool{
		"":              true,
		"tab\tnl\ncr\r": true,
		"\u0085\u00a0":  true,
		"\U0010ffff😀":   true,
		"\ufffd":        true, // a character like any other, if it really is in the text
		"\x01":          false,
		"\x1f":          false,
		"\x7f":          true,
		"\ufffe":        false,
		"\uffff":        false,
		"\xff":          false, // not UTF-8
		"\xed\xa0\x80":  false, // a surrogate
	} {
		t.Run(fmt.Sprintf("%q", text), func(t *testing.T) {
			_, err := rosterpush.New(memory.New()).Put(t.Context(), alice, rosterpush.Item{JID: bob, Name: text, Subscription: rosterpush.To}, fields)
			assert.Equal(t, legal, err == nil, err)
		})
	}
}

func TestPutWritesOnlyWhatDiffers(t *testing.T) {
	want := rosterpush.Item{JID: bob, Name: "Bob", Subscription: rosterpush.Both, Groups: []string{"A", "B"}}
	const rewritten = 4 // writes: the item, then none, the removal, the item again
	for name, test := range map[string]struct {
		change func(*rosterpush.Item) // makes what stands before, from what is wanted
		writes int
	}{
		"as wanted":                          {func(*rosterpush.Item) {}, 0},
		"approved in advance":                {func(i *rosterpush.Item) { i.Approved = true }, 0},
		"another name":                       {func(i *rosterpush.Item) { i.Name = "B" }, 1},
		"another group":                      {func(i *rosterpush.Item) { i.Groups = []string{"A"} }, 1},
		"another subscription":               {func(i *rosterpush.Item) { i.Subscription = rosterpush.From }, 1},
		"one that may hide a request":        {func(i *rosterpush.Item) { i.Subscription = rosterpush.To }, rewritten},
		"a request that has become moot":     {func(i *rosterpush.Item) { i.Pending = true }, rewritten},
		"a moot request, other subscription": {func(i *rosterpush.Item) { i.Pending, i.Subscription = true, rosterpush.From }, rewritten},
	} {
		t.Run(name, func(t *testing.T) {
			server := memory.New()
			item := want
			test.change(&item)
			server.Store("alice@localhost", item)
			asked := want
			asked.JID, _ = bob.WithResource("phone")
			asked.Groups = []string{"B", "", "A", "B"}
			changed, err := rosterpush.New(server).Put(t.Context(), alice, asked, fields)
			require.NoError(t, err)
			assert.Equal(t, test.writes > 0, changed)
			assert.Equal(t, test.writes, server.Writes)
			got := server.Rosters["alice@localhost"]["bob@localhost"]
			got.Approved = false
			assert.Equal(t, want, got)
		})
	}
}

// TestPutRestores lets each of the writes that end a moot request fail in turn: once
// before the server carried it out, and once after. Put restores everything but the
// request, which is lost once the server has removed it.
func TestPutRestores(t *testing.T) {
	was := rosterpush.Item{JID: bob, Name: "Old", Subscription: rosterpush.From, Groups: []string{"Past"}, Pending: true}
	want := rosterpush.Item{JID: bob, Name: "New", Subscription: rosterpush.Both}
	const writes = 4 // the item; none, the removal, the item again
	for write := 2; write <= writes; write++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d carried out %t", write, after), func(t *testing.T) {
				cause := errors.New("made to fail")
				server := &failingWrite{Server: memory.New(), n: write, after: after, err: cause}
				server.Store("alice@localhost", was)
				changed, err := rosterpush.New(server).Put(t.Context(), alice, want, fields)
				assert.True(t, changed)
				assert.ErrorIs(t, err, cause)
				var failure *rosterpush.ChangeError
				require.ErrorAs(t, err, &failure)
				require.Len(t, failure.Sides, 1)

				stands := server.Rosters["alice@localhost"]["bob@localhost"]
				restored := was
				restored.Pending = write < 3 || write == 3 && !after // the third write removes the item
				assert.Equal(t, restored, stands)
				side := failure.Sides[0]
				assert.Equal(t, alice, side.User)
				assert.Equal(t, restored.Pending, side.Restored)
				assert.NoError(t, side.Err)
				assert.Equal(t, &stands, side.Now)
			})
		}
	}
}

// failingWrite is a server on which one write fails: the n-th, counted from one. It
// fails after the server carried it out, or instead.
type failingWrite struct {
	*memory.Server
	n     int
	after bool
	err   error
}

func (f *failingWrite) write(do func() error) error {
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

func (f *failingWrite) Put(ctx context.Context, user jid.JID, item rosterpush.Item, was *rosterpush.Item) error {
	return f.write(func() error { return f.Server.Put(ctx, user, item, was) })
}

func (f *failingWrite) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	return f.write(func() error { return f.Server.Remove(ctx, user, was) })
}

// TestPutKeepsARequestThatIsNotMoot: with the subscriptions none and from, the user
// may still be waiting for the contact's answer (RFC 6121 §A.1).
func TestPutKeepsARequestThatIsNotMoot(t *testing.T) {
	for _, s := range []rosterpush.Subscription{rosterpush.None, rosterpush.From} {
		server := memory.New()
		server.Store("alice@localhost", rosterpush.Item{JID: bob, Subscription: rosterpush.None, Pending: true})
		_, err := rosterpush.New(server).Put(t.Context(), alice, rosterpush.Item{JID: bob, Name: "Bob", Subscription: s}, fields)
		require.NoError(t, err)
		assert.Equal(t, rosterpush.Item{JID: bob, Name: "Bob", Subscription: s, Pending: true}, server.Rosters["alice@localhost"]["bob@localhost"])
	}
}

// TestPutOverASharedItem: Put returns ErrSharedItem if the server shows the item
// otherwise than it was written.
func TestPutOverASharedItem(t *testing.T) {
	server := sharedGroup{memory.New(), "bob@localhost", rosterpush.Both, []string{"Team"}}
	server.Shares = true
	server.Store("alice@localhost", rosterpush.Item{JID: bob, Subscription: rosterpush.Both})
	server.Store("alice@localhost", rosterpush.Item{JID: jid.MustParse("carol@localhost"), Subscription: rosterpush.Both, Groups: []string{"Team"}})
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

// sharedGroup shows the items of one contact with what a shared roster group says of
// it.
type sharedGroup struct {
	*memory.Server
	contact      string
	subscription rosterpush.Subscription
	groups       []string
}

func (s sharedGroup) Roster(ctx context.Context, user jid.JID, _ *rosterpush.Roster) (*rosterpush.Roster, error) {
	own, err := s.Server.Roster(ctx, user, nil)
	items := slices.Clone(own.Items())
	for n, i := range items {
		if i.JID.String() == s.contact {
			items[n].Subscription = s.subscription
			items[n].Groups = append(slices.Clone(i.Groups), s.groups...)
		}
	}
	return rosterpush.NewRoster("", items), err
}
