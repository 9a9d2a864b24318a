package rostersync

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"emanagement/rostersync/plan"
)

// Format is the version of saved plans.
const Format = "emanagement-plan/1"

// maxPlanLine limits a line of a saved plan, in bytes.
const maxPlanLine = 1 << 20

// Header is the first line of a saved plan.
type Header struct {
	Format string `json:"format"`
	Plan   int64  `json:"plan"` // the number of the run
	Host   string `json:"host"`
}

// End is the last line of a saved plan. Without it, the plan is not complete.
type End struct {
	Summary *Summary `json:"summary"`
}

// ReadFile stores a saved plan as a run that can be applied: Header, changes, End, one JSON
// object a line. The options are those of the limits. The error is an *InputError if it is not
// a whole plan for that host.
func (s *Syncer) ReadFile(ctx context.Context, o Options, requester string, file io.Reader) (Report, error) {
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	return s.prepare(ctx, KindFile, o, requester, func(ctx context.Context, r *Report) error {
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, maxPlanLine)
		var saved *Summary
		loser := ""
		line := 0
		for ; lines.Scan() && saved == nil; line++ {
			end, err := s.readLine(ctx, o.Host, r, &loser, line, lines.Bytes())
			if err != nil {
				return refuseLine(line, err)
			}
			saved = end
		}
		switch {
		case lines.Err() != nil:
			return lines.Err()
		case saved == nil:
			return &InputError{Text: "the plan is cut off: its last line, the summary, is missing"}
		}
		r.Summary.Managed, r.Summary.Incomplete = saved.Managed, saved.Incomplete
		r.Summary.Emptied = saved.Emptied
		r.Summary.hold(o)
		return nil
	})
}

// refuseLine names the line of an error in a plan.
func refuseLine(line int, err error) error {
	var storing interface{ Unwrap() error }
	if errors.As(err, &storing) {
		return err
	}
	return &InputError{Text: fmt.Sprintf("plan:%d: %v", line+1, err), Err: err}
}

// readLine takes a line of a plan. The result is the summary of its last line.
func (s *Syncer) readLine(ctx context.Context, host string, r *Report, loser *string, line int, text []byte) (*Summary, error) {
	if line == 0 {
		var h Header
		if err := json.Unmarshal(text, &h); err != nil || h.Format != Format {
			return nil, fmt.Errorf("it is not a plan of the format %s", Format)
		}
		if h.Host != host {
			return nil, fmt.Errorf("the plan is for %s, and not for %s", h.Host, host)
		}
		return nil, nil
	}
	var end End
	if err := json.Unmarshal(text, &end); err == nil && end.Summary != nil {
		return end.Summary, nil
	}
	var c plan.Change
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("it is not a change: %s", err.Error())
	}
	if c.Action == plan.Leave {
		return nil, nil
	}
	if err := c.Check(host); err != nil {
		return nil, err
	}
	r.Summary.countChanges([]plan.Change{c}, loser)
	return nil, s.store.AddChanges(ctx, r.Run, []plan.Change{c})
}
