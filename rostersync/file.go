package rostersync

import (
	"bufio"
	"context"
	"encoding/json"
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
		var changes []plan.Change // not yet stored
		var saved *Summary
		loser := ""
		flush := func() error {
			r.Summary.countChanges(changes, &loser)
			err := s.store.AddChanges(ctx, r.Run, changes)
			changes = nil
			return err
		}
		for line := 0; lines.Scan() && saved == nil; line++ {
			c, end, err := readLine(o.Host, line, lines.Bytes())
			if err != nil {
				return &InputError{Text: fmt.Sprintf("plan:%d: %v", line+1, err), Err: err}
			}
			if saved = end; c != nil {
				changes = append(changes, *c)
			}
			if len(changes) == storePart {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		switch {
		case lines.Err() != nil:
			return lines.Err()
		case saved == nil:
			return &InputError{Text: "the plan is cut off: its last line, the summary, is missing"}
		}
		if err := flush(); err != nil {
			return err
		}
		r.Summary.Managed, r.Summary.Incomplete = saved.Managed, saved.Incomplete
		r.Summary.Emptied = saved.Emptied
		r.Summary.hold(o)
		return nil
	})
}

// readLine reads a line of a plan: a change, or the summary of the last line, or neither for a
// line that changes nothing.
func readLine(host string, line int, text []byte) (*plan.Change, *Summary, error) {
	if line == 0 {
		var h Header
		if err := json.Unmarshal(text, &h); err != nil || h.Format != Format {
			return nil, nil, fmt.Errorf("it is not a plan of the format %s", Format)
		}
		if h.Host != host {
			return nil, nil, fmt.Errorf("the plan is for %s, and not for %s", h.Host, host)
		}
		return nil, nil, nil
	}
	var end End
	if err := json.Unmarshal(text, &end); err == nil && end.Summary != nil {
		return nil, end.Summary, nil
	}
	var c plan.Change
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, nil, fmt.Errorf("it is not a change: %w", err)
	}
	if c.Action == plan.Leave {
		return nil, nil, nil
	}
	return &c, nil, c.Check(host)
}
