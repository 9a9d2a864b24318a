package e2e_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"emanagement/internal/testserver"
)

// faultRig is a server, the component, and the link between them, all of which may fail.
type faultRig struct {
	*testserver.Server
	program *testserver.Program
	link    *faultyLink
}

// newFaultRig starts a rig.
func newFaultRig(t *testing.T) *faultRig {
	t.Helper()
	s := testserver.Run(t, nil)
	link := newFaultyLink(t, s.ComponentAddr())
	folder := t.TempDir()
	program := runProgram(t, s, testserver.Settings{
		Address: link.address,
		More:    fmt.Sprintf("state: %s\naudit: %s\n", filepath.Join(folder, "state"), filepath.Join(folder, "audit.log")),
	})
	return &faultRig{s, program, link}
}

// faultReport is what a fault did.
type faultReport struct {
	requests int
	told     map[string]int // how many requesters were told what
	slowest  time.Duration  // the longest time that a requester waited for an answer
	recovery time.Duration  // from the end of the fault to the first pair that was made
	settled  time.Duration  // from the end of the load until no pair was half or lost
	half     []string       // pairs of which one side stands
	lost     []string       // pairs that do not stand although the requester was told Done
	wrong    []string       // what requesters were told wrongly
}

// Limits of one round.
const (
	doneBefore   = 100             // pairs before the fault
	doneAfter    = 50              // pairs after it
	maxPairs     = 4000            // of a round
	recoverLimit = 2 * time.Minute // until pairs are made again
	settleLimit  = time.Minute
)

// round makes pairs, has a fault strike meanwhile, and compares what the server stores on
// both sides of each pair with what its requester was told.
func (r *faultRig) round(t *testing.T, f faultCase, prefix string) (report faultReport) {
	t.Helper()
	ask := askByControl(controlClient(t, r.program), pairVerb)
	if f.byCommands {
		ask = askByCommands(loginTo(t, r.Server, "admin@localhost"))
	}
	load := startLoad(t.Context(), ask, prefix, maxPairs)
	defer load.stopLoad()
	began := time.Now()
	r.await(t, f, func() bool { return load.doneSince(began) >= doneBefore })
	require.NoError(t, f.strike(t.Context(), r), r.program.Log())
	righted := time.Now()
	r.await(t, f, func() bool { return load.doneSince(righted) > 0 })
	report.recovery = time.Since(righted)
	r.await(t, f, func() bool { return load.doneSince(righted) >= doneAfter })
	requests := load.stopLoad()
	report.requests, report.told = len(requests), told(requests)
	for _, one := range requests {
		if one.done || one.failed != nil {
			report.slowest = max(report.slowest, one.took)
		}
		if one.toldWrongly() {
			report.wrong = append(report.wrong, one.failed.Text)
		}
	}
	ended := time.Now()
	for suspects := requests; ; {
		suspects, report.half, report.lost = r.compare(t, suspects)
		report.settled = time.Since(ended)
		if len(suspects) == 0 || report.settled > settleLimit {
			return report
		}
	}
}

// compare returns the requests whose pairs are half or lost, and the names of these.
func (r *faultRig) compare(t *testing.T, requests []pairRequest) (bad []pairRequest, half, lost []string) {
	t.Helper()
	sides := make([][2]bool, len(requests))
	var reading errgroup.Group
	reading.SetLimit(8)
	for i, one := range requests {
		for side, users := range [2][2]string{{one.a, one.b}, {one.b, one.a}} {
			reading.Go(func() (err error) {
				sides[i][side], err = r.has(t.Context(), users[0], users[1])
				return err
			})
		}
	}
	require.NoError(t, reading.Wait())
	for i, one := range requests {
		both, one0 := sides[i][0] && sides[i][1], sides[i][0] != sides[i][1]
		if one0 {
			half = append(half, one.a)
		}
		if one.done && !both {
			lost = append(lost, one.a)
		}
		if one0 || one.done && !both {
			bad = append(bad, one)
		}
	}
	return bad, half, lost
}

// has reports whether the server stores a contact with the subscription both in a user's
// roster.
func (r *faultRig) has(ctx context.Context, user, contact string) (bool, error) {
	var items []storedItem
	name, host := splitJID(user)
	err := r.API(ctx, "get_roster", map[string]string{"user": name, "host": host}, &items)
	for _, i := range items {
		if i.JID == contact && i.Subscription == "both" {
			return true, err
		}
	}
	return false, err
}

func splitJID(j string) (local, host string) {
	for i := range j {
		if j[i] == '@' {
			return j[:i], j[i+1:]
		}
	}
	return "", j
}

// await waits until a condition holds. If it does not, the test ends, and shows the end
// of the program's log.
func (r *faultRig) await(t *testing.T, f faultCase, condition func() bool) {
	t.Helper()
	limit := time.After(recoverLimit)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-limit:
			log := r.program.Log()
			t.Fatalf("%s: no pairs within %s; the end of the log:\n%s", f.name, recoverLimit, log[max(0, len(log)-6000):])
		}
	}
}

// TestFaults has each fault strike once, under load.
func TestFaults(t *testing.T) {
	t.Parallel()
	for family, faults := range faultFamilies() {
		t.Run(family, func(t *testing.T) {
			t.Parallel()
			rig := newFaultRig(t)
			for i, f := range faults {
				t.Run(f.name, func(t *testing.T) {
					report := rig.round(t, f, fmt.Sprintf("%s-%d", family, i))
					t.Logf("%+v", report)
					assert.Empty(t, report.half)
					assert.Empty(t, report.lost)
					assert.Empty(t, report.wrong)
				})
			}
		})
	}
}
