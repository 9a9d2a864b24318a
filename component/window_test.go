package component

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// claim is one call of acquire: it waits, holds a slot or has given up.
type claim struct {
	host   string
	cancel context.CancelCauseFunc
	slot   chan *lease // closed when given up
	lease  *lease      // once it has come
	late   bool
}

var errGivenUp = errors.New("given up")

// claims calls acquire in the background. It works only in a synctest bubble.
func claims(t *testing.T, w *window, host, requester string) *claim {
	ctx, cancel := context.WithCancelCause(t.Context())
	c := &claim{host: host, cancel: cancel, slot: make(chan *lease, 1)}
	go func() {
		defer close(c.slot)
		if l, err := w.acquire(ctx, host, requester); err == nil {
			c.slot <- l
		}
	}()
	synctest.Wait()
	return c
}

// served reports whether the claim has its slot.
func (c *claim) served() bool {
	synctest.Wait()
	select {
	case l, ok := <-c.slot:
		if ok {
			c.lease = l
		}
	default:
	}
	return c.lease != nil
}

// giveUp ends a waiting claim.
func (c *claim) giveUp() {
	c.cancel(errGivenUp)
	synctest.Wait()
}

// order frees the only slot of a window, ends each claim as soon as it is served, and
// returns their names in the order of their turns.
func order(t *testing.T, named map[string]*claim, held *lease) (names []string) {
	held.done(true)
	for len(names) < len(named) {
		before := len(names)
		for name, c := range named {
			if c.lease == nil && c.served() {
				names = append(names, name)
				c.lease.done(true)
			}
		}
		require.Greater(t, len(names), before, "no claim is served after %v", names)
	}
	return names
}

func TestWindowTurns(t *testing.T) {
	type claimant struct{ name, host, requester string }
	for name, test := range map[string]struct {
		come []claimant
		want []string
	}{
		"first come, first served": {
			[]claimant{{"1", "a", "x"}, {"2", "a", "x"}, {"3", "a", "x"}},
			[]string{"1", "2", "3"},
		},
		"requesters of a host in turns": {
			[]claimant{{"x1", "a", "x"}, {"x2", "a", "x"}, {"x3", "a", "x"}, {"y1", "a", "y"}, {"z1", "a", "z"}, {"y2", "a", "y"}},
			[]string{"x1", "y1", "z1", "x2", "y2", "x3"},
		},
		"hosts in turns": {
			[]claimant{{"a1", "a", "x"}, {"a2", "a", "x"}, {"a3", "a", "y"}, {"b1", "b", "x"}, {"b2", "b", "x"}, {"c1", "c", "x"}},
			[]string{"a1", "b1", "c1", "a3", "b2", "a2"},
		},
		"one requester at two hosts counts as two": {
			[]claimant{{"a1", "a", "x"}, {"b1", "b", "x"}, {"a2", "a", "y"}, {"b2", "b", "y"}},
			[]string{"a1", "b1", "a2", "b2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWindow(1)
				held, err := w.acquire(t.Context(), "held", "")
				require.NoError(t, err)
				named := make(map[string]*claim)
				for _, c := range test.come {
					named[c.name] = claims(t, w, c.host, c.requester)
				}
				assert.Equal(t, test.want, order(t, named, held))
			})
		})
	}
}

// TestWindowCrowd: a thousand requests of one requester wait when the only request of
// another requester arrives, for the same host or for another one.
func TestWindowCrowd(t *testing.T) {
	for _, host := range []string{"crowded", "other"} {
		t.Run(host, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWindow(1)
				held, err := w.acquire(t.Context(), "crowded", "crowd")
				require.NoError(t, err)
				crowd := make([]*claim, 1000)
				for i := range crowd {
					crowd[i] = claims(t, w, "crowded", "crowd")
				}
				single := claims(t, w, host, "single")
				held.done(true)
				// The turn goes on to the next one only after it was used.
				require.True(t, crowd[0].served())
				crowd[0].lease.done(true)
				require.True(t, single.served())
				require.False(t, crowd[1].served())
				for _, c := range crowd[1:] {
					c.giveUp()
				}
				single.lease.done(true)
				requireUntouched(t, w, 1)
			})
		})
	}
}

// TestWindowSilentHost: a host that holds all slots falls silent.
func TestWindowSilentHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 4
		w := newWindow(size)
		var held, mute, fine []*claim
		for range size {
			held = append(held, claims(t, w, "mute", ""))
		}
		for range 10 {
			mute = append(mute, claims(t, w, "mute", ""))
			fine = append(fine, claims(t, w, "fine", ""))
		}
		served := func(list []*claim) (n int) {
			for _, c := range list {
				if c.served() {
					n++
				}
			}
			return n
		}
		require.Equal(t, size, served(held))
		for i, c := range held {
			c.lease.overdue()
			require.Zero(t, served(mute), "as many of its requests are unanswered as the window has slots")
			require.Equal(t, i+1, served(fine), "the slots of the silent host go to others")
		}
		// Two of them end without an answer, and one request takes their place.
		held[0].lease.done(false)
		held[1].lease.done(false)
		fine[0].lease.done(true)
		require.Equal(t, []int{1, size}, []int{served(mute), served(fine)})
		fine[1].lease.done(true)
		require.Equal(t, []int{1, size + 1}, []int{served(mute), served(fine)}, "one at a time while it is silent")
		// A late answer counts as an answer.
		held[2].lease.done(true)
		fine[2].lease.done(true)
		require.Equal(t, []int{2, size + 1}, []int{served(mute), served(fine)})
		w.reset()
		require.Equal(t, []int{2, size + 1}, []int{served(mute), served(fine)}, "no slot is free")
	})
}

// TestWindowAcquireCancelled: the slot and the end of the context come at the same
// moment. The slot is lost in neither case.
func TestWindowAcquireCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errGivenUp)
	w := newWindow(1)
	won, lost := 0, 0
	for range 1000 {
		l, err := w.acquire(ctx, "a", "x")
		if err == nil {
			won++
			l.done(true)
		} else {
			lost++
			require.ErrorIs(t, err, errGivenUp)
		}
		requireUntouched(t, w, 1)
	}
	assert.NotZero(t, won)
	assert.NotZero(t, lost)
}

// requireUntouched checks that a window without requests equals a new one.
func requireUntouched(t *testing.T, w *window, size int) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Equal(t, size, w.free)
	require.Empty(t, w.turns)
	require.Empty(t, w.hosts)
}

// TestWindowRandom performs random operations. After each of them it checks that the
// window's state is right and that no slot is free while a request could have it. At the
// end no state must be left.
func TestWindowRandom(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { randomWindow(t, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
}

func randomWindow(t *testing.T, r *rand.Rand) {
	size := 1 + r.IntN(5)
	w := newWindow(size)
	var all []*claim
	pick := func(which func(*claim) bool) *claim {
		var list []*claim
		for _, c := range all {
			if which(c) {
				list = append(list, c)
			}
		}
		if len(list) == 0 {
			return nil
		}
		return list[r.IntN(len(list))]
	}
	waits := func(c *claim) bool { return c.lease == nil }
	holds := func(c *claim) bool { return c.lease != nil }
	collect := func() { // takes the slots that have come
		for _, c := range all {
			if waits(c) {
				c.served()
			}
		}
	}
	drop := func(c *claim) { all = slices.DeleteFunc(all, func(d *claim) bool { return d == c }) }
	for range 200 {
		switch r.IntN(6) {
		case 0, 1, 2:
			all = append(all, claims(t, w, string(rune('a'+r.IntN(3))), string(rune('x'+r.IntN(3)))))
		case 3:
			if c := pick(waits); c != nil {
				c.giveUp()
				drop(c)
			}
		case 4:
			if c := pick(func(c *claim) bool { return holds(c) && !c.late }); c != nil {
				c.lease.overdue()
				c.late = true
			}
		case 5:
			if c := pick(holds); c != nil {
				c.lease.done(r.IntN(2) == 0)
				drop(c)
			}
		}
		collect()
		requireConsistent(t, w, size, all)
	}
	for len(all) > 0 {
		if c := pick(holds); c != nil {
			c.lease.done(r.IntN(2) == 0)
			drop(c)
		} else {
			c := pick(waits)
			c.giveUp()
			drop(c)
		}
		collect()
	}
	synctest.Wait()
	for host, h := range w.hosts {
		require.True(t, h.silent, host)
	}
	requireConsistent(t, w, size, nil)
	require.Equal(t, size, w.free)
}

// requireConsistent compares the window's state with the claims.
func requireConsistent(t *testing.T, w *window, size int, all []*claim) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	taken, late, waiting := make(map[string]int), make(map[string]int), make(map[string]int)
	for _, c := range all {
		switch {
		case c.lease == nil:
			waiting[c.host]++
		case c.late:
			late[c.host]++
		default:
			taken[c.host]++
		}
	}
	sum := 0
	for host, h := range w.hosts {
		require.Equal(t, taken[host], h.taken, host)
		require.Equal(t, late[host], h.late, host)
		require.LessOrEqual(t, h.taken+h.late, size)
		sum += h.taken
		n := 0
		for requester, list := range h.waiting {
			require.NotEmpty(t, list)
			require.Contains(t, h.turns, requester)
			n += len(list)
		}
		require.Len(t, h.turns, len(h.waiting))
		require.Equal(t, waiting[host], n, host)
		require.Equal(t, n > 0, slices.Contains(w.turns, host), host)
		if w.free > 0 && n > 0 {
			require.True(t, h.silent && h.taken > 0 || h.taken+h.late == size, "%s waits although %d slots are free", host, w.free)
		}
		delete(taken, host)
		delete(waiting, host)
	}
	require.Equal(t, size, w.free+sum)
	require.GreaterOrEqual(t, w.free, 0)
	require.Empty(t, taken)
	require.Empty(t, waiting)
	require.Len(t, w.turns, len(slices.Compact(slices.Sorted(slices.Values(w.turns)))))
}

// TestWindowStress uses a window from many goroutines: no more requests are in flight
// than there are slots, and all slots are free at the end.
func TestWindowStress(t *testing.T) {
	const size, workers, rounds = 3, 16, 300
	w := newWindow(size)
	var inFlight atomic.Int32
	var all sync.WaitGroup
	for n := range workers {
		all.Go(func() {
			for i := range rounds {
				ctx, cancel := context.WithCancelCause(t.Context())
				if i%3 == 0 {
					go cancel(errGivenUp)
				}
				l, err := w.acquire(ctx, fmt.Sprint(i%2), fmt.Sprint(n%4))
				if err == nil {
					assert.LessOrEqual(t, inFlight.Add(1), int32(size))
					inFlight.Add(-1)
					l.done(true)
				}
				cancel(nil)
			}
		})
	}
	all.Wait()
	requireUntouched(t, w, size)
}
