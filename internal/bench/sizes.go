package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// sizes compares one requester on a server with few rosters and on one with many. The rounds
// of the two take turns, so whatever slows the machine down for a while slows down both.
type sizes struct {
	rigs   [2]*rig
	rounds int
	count  int // of operations in one round
}

// measureSizes starts both servers and returns the table.
func measureSizes(ctx context.Context, s settings) (table string, err error) {
	m := sizes{rounds: 2*s.rounds - 1, count: s.count / 20}
	for i, users := range []int{smallServer, largeServer} {
		r, err := startRig(ctx, users)
		if err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, r.close()) }()
		m.rigs[i] = r
	}
	// What the first rounds cost is not compared: the servers and programs have just begun.
	if _, err := m.measure(ctx); err != nil {
		return "", err
	}
	return m.measure(ctx)
}

func (m *sizes) measure(ctx context.Context) (table string, err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "| operation | %d items, ms | %d items, ms | ratio |\n|---|---|---|---|\n", smallServer*perUser, largeServer*perUser)
	for _, r := range m.rigs {
		r.runs++
		if err := r.prepareStanding(); err != nil {
			return "", err
		}
	}
	for i, o := range operations(names{}) {
		var small, large, ratio []float64
		for round := range m.rounds {
			var took [2]float64
			for at, r := range m.rigs {
				if took[at], err = m.round(ctx, r, i, round); err != nil {
					return "", err
				}
			}
			small, large, ratio = append(small, took[0]), append(large, took[1]), append(ratio, took[1]/took[0])
		}
		fmt.Fprintf(&b, "| %s | %.2f | %.2f | %.2f |\n", o.name, median(small), median(large), median(ratio))
	}
	return b.String(), nil
}

// round returns the time of one operation, in milliseconds.
func (m *sizes) round(ctx context.Context, r *rig, operation, round int) (float64, error) {
	o := operations(names{r.runs})[operation]
	if o.prepare != nil {
		if err := r.askBare(serverWindow, round*m.count, m.count, o.prepare); err != nil {
			return 0, err
		}
	}
	do := r.byControl(ctx, 1)
	_, took, err := r.time(func() error { return do(o, round*m.count, m.count) })
	if err != nil {
		return 0, fmt.Errorf("%s: %w", o.name, err)
	}
	return took.Seconds() * 1000 / float64(m.count), nil
}
