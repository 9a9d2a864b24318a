//go:build faults

package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// faultRounds is the number of rounds of each fault.
const faultRounds = 20

// faultRow are the reports of all rounds of one fault.
type faultRow struct {
	name    string
	reports []faultReport
}

// TestFaultRounds has each fault strike many times, under load, and prints a table. The
// faults of one family strike the same server one after the other; the families run at
// once.
func TestFaultRounds(t *testing.T) {
	var mu sync.Mutex
	var rows []faultRow
	t.Run("families", func(t *testing.T) {
		for family, faults := range faultFamilies() {
			t.Run(family, func(t *testing.T) {
				t.Parallel()
				rig := newFaultRig(t)
				for i, f := range faults {
					t.Run(f.name, func(t *testing.T) {
						row := faultRow{name: f.name}
						for n := range faultRounds {
							report := rig.round(t, f, fmt.Sprintf("%s-%d-%d", family, i, n))
							row.reports = append(row.reports, report)
							t.Logf("%+v", report)
						}
						mu.Lock()
						defer mu.Unlock()
						rows = append(rows, row)
						if half, lost, wrong := row.failures(); half+lost+wrong > 0 {
							t.Errorf("%d half, %d lost, %d told wrongly", half, lost, wrong)
						}
					})
				}
			})
		}
	})
	slices.SortFunc(rows, func(a, b faultRow) int { return strings.Compare(a.name, b.name) })
	fmt.Println("| fault | rounds | requests | told after, at most | recovery: median, longest | no answer | half | lost | told wrongly |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for _, r := range rows {
		fmt.Println(r)
	}
}

// failures counts what must not happen.
func (r faultRow) failures() (half, lost, wrong int) {
	for _, one := range r.reports {
		half, lost, wrong = half+len(one.half), lost+len(one.lost), wrong+len(one.wrong)
	}
	return half, lost, wrong
}

// String returns the row of the table.
func (r faultRow) String() string {
	var slowest time.Duration
	var recoveries []time.Duration
	answers := make(map[string]int)
	requests := 0
	for _, one := range r.reports {
		slowest, requests = max(slowest, one.slowest), requests+one.requests
		recoveries = append(recoveries, one.recovery)
		for what, n := range one.told {
			answers[what] += n
		}
	}
	slices.Sort(recoveries)
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(answers)) {
		if what != "no answer" {
			parts = append(parts, fmt.Sprintf("%d %s", answers[what], what))
		}
	}
	half, lost, wrong := r.failures()
	return fmt.Sprintf("| %s | %d | %d: %s | %.1f s | %.1f s, %.1f s | %d | %d | %d | %d |",
		r.name, len(r.reports), requests, strings.Join(parts, ", "), slowest.Seconds(),
		recoveries[len(recoveries)/2].Seconds(), recoveries[len(recoveries)-1].Seconds(), answers["no answer"], half, lost, wrong)
}
