package rosterpush_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/internal/memory"
	"emanagement/rosterpush"
)

type allRosters = map[string]map[string]rosterpush.Item

// bench is a server, a journal and the settlements that were reported.
type bench struct {
	server  *memory.Server
	journal *memory.Journal
	rosters *rosterpush.Rosters
	mu      sync.Mutex // guards settled: several users are settled at once
	settled []rosterpush.Outcome
}

// newBench returns a bench with some rosters.
func newBench() *bench {
	b := &bench{server: memory.New(), journal: new(memory.Journal)}
	b.server.Store("alice@localhost", rosterpush.Item{JID: bob, Name: "Bob", Subscription: rosterpush.From})
	b.server.Store("bob@localhost", rosterpush.Item{JID: alice, Subscription: rosterpush.To})
	for _, c := range []string{"carol@localhost", "dave@localhost"} {
		b.server.Store("alice@localhost", rosterpush.Item{JID: jid.MustParse(c), Name: "C", Groups: []string{"G"}, Subscription: rosterpush.Both})
		b.server.Store(c, rosterpush.Item{JID: alice, Subscription: rosterpush.Both})
	}
	b.start()
	return b
}

// start makes a process anew, with the same journal.
func (b *bench) start() {
	asOrigin := func(ctx context.Context, _ rosterpush.Origin) context.Context { return ctx }
	b.rosters = rosterpush.NewJournaled(b.server, b.journal, asOrigin, func(_ context.Context, s rosterpush.Settled) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.settled = append(b.settled, s.Outcome)
	})
}

// changes are requests that change rosters.
var changes = map[string]func(context.Context, *rosterpush.Rosters) error{
	"a pair": func(ctx context.Context, r *rosterpush.Rosters) error {
		_, err := r.SetPair(ctx, rosterpush.Half{User: alice, Name: "Bobby", Groups: []string{"Friends"}}, rosterpush.Half{User: bob, Name: "Ally"})
		return err
	},
	"a new pair": func(ctx context.Context, r *rosterpush.Rosters) error {
		_, err := r.SetPair(ctx, rosterpush.Half{User: bob, Name: "Carol"}, rosterpush.Half{User: jid.MustParse("carol@localhost"), Name: "Bob"})
		return err
	},
	"no pair": func(ctx context.Context, r *rosterpush.Rosters) error {
		return r.UnsetPair(ctx, rosterpush.Half{User: alice, Name: "Once"}, jid.MustParse("carol@localhost"))
	},
	"a removal": func(ctx context.Context, r *rosterpush.Rosters) error {
		return r.Remove(ctx, alice, jid.MustParse("carol@localhost"))
	},
	"all items": func(ctx context.Context, r *rosterpush.Rosters) error {
		_, _, err := r.Clear(ctx, alice, func([]rosterpush.Item) error { return nil }, nil)
		return err
	},
	"an item": func(ctx context.Context, r *rosterpush.Rosters) error {
		_, err := r.Put(ctx, alice, rosterpush.Item{JID: bob, Name: "Robert", Groups: []string{"New"}, Subscription: rosterpush.Both}, fields)
		return err
	},
}

// removes reports whether a change is a removal, which is completed and not put back.
func removes(name string) bool { return name == "a removal" || name == "all items" }

// complete makes a change on a bench of its own. It returns the rosters before and after,
// and the number of writes.
func complete(t *testing.T, name string) (before, after allRosters, writes int) {
	t.Helper()
	b := newBench()
	before = b.server.Copy()
	require.NoError(t, changes[name](t.Context(), b.rosters))
	return before, b.server.Copy(), b.server.Writes
}

// settle settles the backlog of the host.
func (b *bench) settle(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		b.rosters.Settle(ctx, "localhost")
		close(done)
	}()
	synctest.Wait()
	stop()
	<-done
}

// TestKilledAtEveryWrite kills the process at each write of each change: before the write,
// or before its answer. The next process puts back what was begun, or completes it.
func TestKilledAtEveryWrite(t *testing.T) {
	for name, change := range changes {
		before, after, writes := complete(t, name)
		for n := 1; n <= writes; n++ {
			for _, carriedOut := range []bool{false, true} {
				t.Run(fmt.Sprint(name, " ", n, " ", carriedOut), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						b := newBench()
						die := func(number int) error {
							if number < n {
								return nil
							}
							b.journal.Dead = true
							return fault.ErrNoAnswer
						}
						b.server.FailWrite = die
						if carriedOut {
							b.server.FailWrite = func(number int) error {
								if number > n {
									return fault.ErrNoAnswer
								}
								return nil
							}
							b.server.FailAnswer = die
						}
						require.Error(t, change(t.Context(), b.rosters))

						b.server.FailWrite, b.server.FailAnswer = func(int) error { return nil }, nil
						b.journal.Dead = false
						b.start()
						require.NoError(t, b.rosters.Recover(t.Context()))
						b.settle(t)
						now := b.server.Copy()
						switch {
						case removes(name):
							assert.Equal(t, after, now)
						case carriedOut && n == writes:
							assert.Contains(t, []allRosters{before, after}, now)
						default:
							assert.Equal(t, before, now)
						}
						left, err := b.journal.Open(t.Context())
						require.NoError(t, err)
						assert.Empty(t, left)
					})
				})
			}
		}
	}
}

// TestServerLosesWrites has the server lose the last writes of each change, which it has
// answered. They are written again.
func TestServerLosesWrites(t *testing.T) {
	for name, change := range changes {
		_, after, writes := complete(t, name)
		for kept := range writes {
			t.Run(fmt.Sprint(name, " ", kept), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newBench()
					saved := b.server.Copy()
					b.server.FailAnswer = func(number int) error {
						if number == kept {
							saved = b.server.Rosters
							saved = (&memory.Server{Rosters: saved}).Copy()
						}
						return nil
					}
					require.NoError(t, change(t.Context(), b.rosters))
					b.server.Rosters = saved
					require.NoError(t, b.rosters.Suspect(t.Context()))
					b.settle(t)
					assert.Equal(t, after, b.server.Copy())
					assert.NotEmpty(t, b.settled)
				})
			})
		}
	}
}

// TestNobodyElsesChange: what somebody has changed since is left, whatever the journal
// says, and recorded.
func TestNobodyElsesChange(t *testing.T) {
	theirs := rosterpush.Item{JID: bob, Name: "Theirs", Subscription: rosterpush.None}
	for name, killed := range map[string]bool{"the process was killed": true, "the server was killed": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				if killed {
					b.server.FailAnswer = func(int) error {
						b.journal.Dead = true
						return fault.ErrNoAnswer
					}
				}
				err := changes["a pair"](t.Context(), b.rosters)
				assert.Equal(t, killed, err != nil)
				b.server.FailAnswer, b.journal.Dead = nil, false
				b.server.Store("alice@localhost", theirs)
				b.start()
				require.NoError(t, b.rosters.Recover(t.Context()))
				writes := b.server.Writes
				b.settle(t)
				assert.Equal(t, writes, b.server.Writes)
				assert.Equal(t, theirs, b.server.Rosters["alice@localhost"]["bob@localhost"])
				assert.Equal(t, []rosterpush.Outcome{rosterpush.Left}, b.settled)
			})
		})
	}
}

// TestNobodyWaitsForOthers: a request waits until its own users are settled, and for nobody
// else's settling.
func TestNobodyWaitsForOthers(t *testing.T) {
	b := newBench()
	b.server.FailAnswer = func(int) error {
		b.journal.Dead = true
		return fault.ErrNoAnswer
	}
	require.Error(t, changes["a pair"](t.Context(), b.rosters))
	b.server.FailAnswer, b.journal.Dead = nil, false
	b.start()
	require.NoError(t, b.rosters.Recover(t.Context()))

	writes := b.server.Writes
	_, err := b.rosters.Get(t.Context(), jid.MustParse("carol@localhost"))
	require.NoError(t, err)
	assert.Equal(t, writes, b.server.Writes, "that of carol settles nobody")
	items, err := b.rosters.Get(t.Context(), bob)
	require.NoError(t, err)
	assert.Equal(t, rosterpush.To, items[0].Subscription, "as it was before the pair")
	assert.Equal(t, []rosterpush.Outcome{rosterpush.PutBack}, b.settled)
}

// TestPutWaitsForARemoval: a removal whose outcome is unknown is completed before a request of
// the contact is carried out, because it changes the contact's item too.
func TestPutWaitsForARemoval(t *testing.T) {
	b := newBench()
	b.server.FailWrite = func(int) error { return fault.ErrNoAnswer }
	require.ErrorIs(t, changes["a removal"](t.Context(), b.rosters), fault.ErrNoAnswer)
	b.server.FailWrite = func(int) error { return nil }
	carol := jid.MustParse("carol@localhost")
	_, err := b.rosters.Put(t.Context(), carol, rosterpush.Item{JID: alice, Name: "Al", Subscription: rosterpush.Both}, fields)
	require.NoError(t, err)
	assert.Equal(t, []rosterpush.Outcome{rosterpush.Completed}, b.settled)
	assert.NotContains(t, b.server.Rosters["alice@localhost"], "carol@localhost")
	assert.Equal(t, rosterpush.Both, b.server.Rosters["carol@localhost"]["alice@localhost"].Subscription)
}
