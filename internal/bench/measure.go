package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// figures are what one way costs, a round each.
type figures struct {
	rates, ratios   []float64 // operations a second, and compared with the bare way of the same round
	program, server []float64 // the CPU time of one operation, in milliseconds
}

// table has the figures of each operation and way.
type table struct {
	inFlight   int
	operations []operation
	ways       []way
	figures    map[[2]string]*figures // by operation and way
}

// measureOperations measures every operation by every way.
func (r *rig) measureOperations(ctx context.Context, s settings, inFlight int) (*table, error) {
	r.runs++
	t := &table{inFlight: inFlight, operations: operations(names{r.runs}), ways: r.ways(ctx, inFlight), figures: make(map[[2]string]*figures)}
	r.floor.serve(t.operations)
	if err := r.prepareStanding(); err != nil {
		return nil, err
	}
	count := s.count
	if inFlight == 1 {
		count /= 4
	}
	for _, o := range t.operations {
		if err := t.measure(ctx, r, o, s.rounds, count); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// prepareStanding writes the rosters that stand during the run.
func (r *rig) prepareStanding() error {
	err := r.askBare(serverWindow, 0, standing*perUser, func(n int) []stanza {
		return []stanza{add(stood(n), fmt.Sprintf("c%d", n/standing))}
	})
	if err != nil {
		return err
	}
	return r.askBare(1, 0, 1, func(int) []stanza { return []stanza{add(pairA, pairB), add(pairB, pairA)} })
}

// measure measures one operation, by all ways in turn in each round.
func (t *table) measure(ctx context.Context, r *rig, o operation, rounds, count int) error {
	if o.writes {
		count /= 4
	}
	for round, base := 0, 0; round < rounds; round++ {
		bare := 0.0
		for _, w := range t.ways {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			fmt.Fprintf(os.Stderr, "\rbench: %d in flight, %s, round %d of %d, %s\033[K", t.inFlight, o.name, round+1, rounds, w.name)
			if o.prepare != nil {
				if err := r.askBare(serverWindow, base, count, o.prepare); err != nil {
					return err
				}
			}
			f := t.of(o, w)
			used, took, err := r.time(func() error { return w.do(o, base, count) })
			if err != nil {
				return fmt.Errorf("%s, %s: %w", o.name, w.name, err)
			}
			rate := float64(count) / took.Seconds()
			if w.name == "bare" {
				bare = rate
			}
			f.rates, f.ratios = append(f.rates, rate), append(f.ratios, rate/bare)
			f.program, f.server = append(f.program, used[0]/float64(count)), append(f.server, used[1]/float64(count))
			base += count
		}
	}
	fmt.Fprint(os.Stderr, "\r\033[K")
	return nil
}

// of returns the figures of an operation by a way.
func (t *table) of(o operation, w way) *figures {
	key := [2]string{o.name, w.name}
	if t.figures[key] == nil {
		t.figures[key] = new(figures)
	}
	return t.figures[key]
}

// time runs work, and returns the CPU time that program and server have used meanwhile, in
// milliseconds, and the time that it took.
func (r *rig) time(work func() error) (used [2]float64, took time.Duration, err error) {
	pids := [2]int{r.program.PID(), r.beam}
	for n, pid := range pids {
		if used[n], err = cpuOf(pid); err != nil {
			return used, 0, err
		}
	}
	began := time.Now()
	if err := work(); err != nil {
		return used, 0, err
	}
	took = time.Since(began)
	for n, pid := range pids {
		after, err := cpuOf(pid)
		if err != nil {
			return used, 0, err
		}
		used[n] = after - used[n]
	}
	return used, took, nil
}

// cpuOf returns the CPU time of a process, in milliseconds. The kernel counts in steps of
// ten.
func cpuOf(pid int) (ms float64, err error) {
	const user, system, perTick = 11, 12, 10
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	for _, n := range []int{user, system} {
		ticks, err := strconv.Atoi(fields[n])
		if err != nil {
			return 0, err
		}
		ms += float64(ticks * perTick)
	}
	return ms, nil
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
