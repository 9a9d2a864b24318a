package rosterpush_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/internal/memory"
	"emanagement/rosterpush"
)

// TestApply makes random rosters as random targets say, and checks what the server has then.
// It reads once, and a second time does not write.
func TestApply(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		server := memory.New()
		randomItem := func(contact string) rosterpush.Item {
			i := newItem(contact, rosterpush.Subscriptions()[random.IntN(4)])
			i.Name = []string{"", "A", "B"}[random.IntN(3)]
			i.Groups = [][]string{nil, {"G"}, {"G", "H"}}[random.IntN(3)]
			return i
		}
		want := make(map[string]rosterpush.Item)
		var targets []rosterpush.Target
		for n := range 20 {
			contact := fmt.Sprintf("c%d@localhost", n)
			if random.IntN(2) == 0 {
				server.Store("alice@localhost", randomItem(contact))
				want[contact] = server.Rosters["alice@localhost"][contact]
			}
			switch random.IntN(4) {
			case 0: // not concerned
			case 1:
				targets = append(targets, rosterpush.Target{Contact: jid.MustParse(contact)})
				delete(want, contact)
			default:
				item := randomItem(contact)
				targets = append(targets, rosterpush.Target{Contact: item.JID, Item: &item})
				want[contact] = item
			}
		}
		before := maps.Clone(server.Rosters["alice@localhost"])
		rosters := rosterpush.New(server)
		applied, err := rosters.Apply(t.Context(), alice, targets...)
		require.NoError(t, err)
		require.Len(t, applied, len(targets))
		for n, a := range applied {
			require.NoError(t, a.Err)
			contact := targets[n].Contact.String()
			was, stood := before[contact]
			now, stands := want[contact]
			require.Equal(t, stood != stands || !assert.ObjectsAreEqual(was, now), a.Changed, "seed %d: %s: %v -> %v", seed, contact, was, now)
		}
		require.Len(t, server.Rosters["alice@localhost"], len(want))
		for contact, item := range want {
			require.Equal(t, item, server.Rosters["alice@localhost"][contact])
		}
		reads, _ := server.CountReads("alice@localhost")
		require.Equal(t, min(1, len(targets)), reads)

		writes := server.Writes
		_, err = rosters.Apply(t.Context(), alice, targets...)
		require.NoError(t, err)
		require.Equal(t, writes, server.Writes)
	}
}

// TestApplyGoesOn: a target that is wrong, or that cannot be written, stops no other one.
func TestApplyGoesOn(t *testing.T) {
	cause := errors.New("made to fail")
	server := &oneWrite{Server: memory.New(), user: alice, cause: cause}
	targets := []rosterpush.Target{
		{Contact: jid.MustParse("a@localhost"), Item: &rosterpush.Item{Subscription: "frob"}, Fields: rosterpush.Fields{Subscription: "type"}},
		{Contact: jid.MustParse("b@localhost"), Item: &rosterpush.Item{Subscription: rosterpush.Both}},
		{Contact: jid.MustParse("c@localhost"), Item: &rosterpush.Item{Subscription: rosterpush.Both}},
	}
	applied, err := rosterpush.New(server).Apply(t.Context(), alice, targets...)
	require.NoError(t, err)
	assert.EqualError(t, applied[0].Err, "type: \"frob\" is not a subscription (none, to, from, both)")
	assert.False(t, applied[0].Changed)
	failed := 0
	for _, a := range applied[1:] {
		if a.Err != nil {
			assert.ErrorIs(t, a.Err, cause)
			failed++
		}
	}
	assert.Equal(t, 1, failed)
	assert.Len(t, server.Rosters["alice@localhost"], 1)

	server.ReadError = cause
	_, err = rosterpush.New(server).Apply(t.Context(), alice, targets...)
	assert.ErrorIs(t, err, cause)
	applied, err = rosterpush.New(server).Apply(t.Context(), alice, targets[0])
	require.NoError(t, err, "nothing is asked for a target that is wrong")
	assert.Error(t, applied[0].Err)
}

// TestRefusedInTheMiddle: a change may take several writes. If one of them is refused, the item
// is put back as it was.
func TestRefusedInTheMiddle(t *testing.T) {
	refusal := &fault.Error{Code: fault.Refused, Text: "made to fail"}
	for name, change := range map[string]func(*rosterpush.Rosters) error{
		"an item": func(r *rosterpush.Rosters) error {
			_, err := r.Put(t.Context(), alice, newItem("bob@localhost", rosterpush.Both), fields)
			return err
		},
		"a removal": func(r *rosterpush.Rosters) error { return r.Remove(t.Context(), alice, bob) },
	} {
		t.Run(name, func(t *testing.T) {
			server := memory.New()
			server.Store("alice@localhost", rosterpush.Item{JID: bob, Name: "Bob", Pending: true, Subscription: rosterpush.From})
			before := server.Copy()
			server.FailAnswer = func(number int) error {
				if number == 1 { // carried out in part
					return refusal
				}
				return nil
			}
			assert.Equal(t, error(refusal), change(rosterpush.New(server)))
			assert.Equal(t, before, server.Copy())
		})
	}
}

// mute is a server that cannot send rosters.
type mute struct{ *memory.Server }

func (mute) Roster(_ context.Context, user jid.JID, _ *rosterpush.Roster) (*rosterpush.Roster, error) {
	return nil, &rosterpush.UnreadableError{User: user}
}

// TestApplyToAnUnreadableRoster: an item is written, because it may be the one that makes the
// roster unreadable. Of an item that must not be there, nobody knows whether it is.
func TestApplyToAnUnreadableRoster(t *testing.T) {
	server := memory.New()
	item := newItem("bob@localhost", rosterpush.Both)
	applied, err := rosterpush.New(mute{server}).Apply(t.Context(), alice,
		rosterpush.Target{Contact: jid.MustParse("carol@localhost")}, rosterpush.Target{Contact: bob, Item: &item})
	require.NoError(t, err)
	assert.ErrorAs(t, applied[0].Err, new(*rosterpush.UnreadableError))
	assert.Equal(t, rosterpush.Applied{Changed: true}, applied[1])
	assert.Equal(t, item, server.Rosters["alice@localhost"]["bob@localhost"])
}
