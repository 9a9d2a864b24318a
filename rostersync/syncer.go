package rostersync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
	"emanagement/rostersync/graph"
	"emanagement/store"
)

// Syncer makes the rosters of hosts follow a graph. Its methods block until they are done or
// the context ends, and may be used concurrently; of two runs on one host, the second one gets
// a *BusyError.
//
// Besides the errors that a method lists, it returns those of the store, of
// rosterpush.Rosters and of hosts.Rosters, and the cause of the context's end.
type Syncer struct {
	store   *store.Syncs
	rosters *rosterpush.Rosters
	hosts   *hosts.Rosters

	mu   sync.Mutex
	busy map[string]bool // by host
}

// New returns a syncer.
func New(s *store.Syncs, r *rosterpush.Rosters, h *hosts.Rosters) *Syncer {
	return &Syncer{store: s, rosters: r, hosts: h, busy: make(map[string]bool)}
}

// Progress is how far a run is.
type Progress struct {
	Doing       string // what the numbers count
	Done, Total int    // Total is 0 if it is unknown
}

// Report is what a run did.
type Report struct {
	Run          int64
	Host         string
	Kind         Kind
	State        State
	Requester    string
	Began, Ended time.Time // Ended is zero while it lasts, and if it was interrupted
	Summary      Summary
}

// Kind is what a run is for.
type Kind string

// The kinds.
const (
	KindPlan   Kind = "plan"
	KindCheck  Kind = "check"
	KindUndo   Kind = "undo"
	KindFile   Kind = "plan file"
	KindAdopt  Kind = "adopt"
	KindForget Kind = "forget"
)

// State is how far a run is.
type State string

// The states.
const (
	Planning State = "planning"
	Planned  State = "planned"
	Applying State = "applying"
	Applied  State = "applied"
	Partly   State = "applied in part"
	Failed   State = "failed"
)

// begin makes a host busy until end is called.
func (s *Syncer) begin(host string) (end func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[host] {
		return nil, &BusyError{host}
	}
	s.busy[host] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.busy, host)
	}, nil
}

// newRun stores a new run.
func (s *Syncer) newRun(ctx context.Context, kind Kind, o Options, requester string) (int64, error) {
	options, err := json.Marshal(o)
	if err != nil {
		return 0, err
	}
	return s.store.Begin(ctx, store.Run{Host: o.Host, Kind: string(kind), Requester: requester, Began: time.Now(), State: string(Planning), Options: options})
}

// prepare stores a run, has make plan it, and stores the result.
func (s *Syncer) prepare(ctx context.Context, kind Kind, o Options, requester string, make func(context.Context, *Report) error) (r Report, err error) {
	end, err := s.begin(o.Host)
	if err != nil {
		return Report{}, err
	}
	defer end()
	r = Report{Host: o.Host, Kind: kind, State: Failed, Requester: requester}
	if r.Run, err = s.newRun(ctx, kind, o, requester); err != nil {
		return r, err
	}
	if err = make(ctx, &r); err == nil {
		r.State = Planned
	}
	return r, errors.Join(err, s.endRun(ctx, r.Run, r.State, r.Summary))
}

// note stores the state and the options of a run that lasts.
func (s *Syncer) note(ctx context.Context, run int64, state State, o Options) error {
	options, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return s.store.Note(ctx, run, string(state), options)
}

// endRun stores how a run ended. It does so even if the context has ended.
func (s *Syncer) endRun(ctx context.Context, run int64, state State, summary Summary) error {
	text, err := json.Marshal(summary)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	return s.store.End(ctx, run, string(state), text)
}

// endTimeout limits how long the end of a run may take to be stored.
const endTimeout = 10 * time.Second

// stagePart is how many items one transaction stages. The journal waits for it.
const stagePart = 1000

// stage stores what the input declares. The error is an *InputError if the input has mistakes.
func (s *Syncer) stage(ctx context.Context, run int64, o Options, in graph.Input, read graph.Options, progress func(Progress)) (graph.Summary, error) {
	if in.Stop != nil {
		defer context.AfterFunc(ctx, in.Stop)()
	}
	faults := graph.Faults{Name: in.Name}
	var items []graph.Declared
	var ids []store.ID
	rows := 0
	flush := func() error {
		contradictions, err := s.store.Stage(ctx, run, items)
		if err != nil {
			return err
		}
		for _, c := range contradictions {
			faults.Add(c.Lines[1], 1, "the row contradicts line %d about %s in the roster of %s", c.Lines[0], c.Contact, c.User)
		}
		twice, err := s.store.StageIDs(ctx, run, o.Host, ids)
		for _, id := range twice {
			faults.Add(rows, 1, "the id %q stands for %s and for another account", id.ID, id.JID)
		}
		items, ids = items[:0], ids[:0]
		progress(Progress{Doing: "rows read", Done: rows})
		return err
	}
	summary, err := graph.Read(in, read, func(r graph.Row) error {
		rows++
		items = append(items, r.Items(o.Host)...)
		for _, id := range []store.ID{{ID: r.UserID, JID: r.User}, {ID: r.ContactID, JID: r.Contact}} {
			if id.ID != "" {
				ids = append(ids, id)
			}
		}
		if len(items) < stagePart {
			return ctx.Err()
		}
		return flush()
	})
	if mistakes, ok := errors.AsType[*graph.Faults](err); ok {
		return summary, &InputError{Text: mistakes.Error(), Err: err}
	}
	if ctx.Err() != nil {
		return summary, context.Cause(ctx)
	}
	if _, storing := errors.AsType[*store.SyncError](err); storing {
		return summary, err
	}
	if err != nil {
		return summary, &InputError{Text: "the input cannot be read: " + err.Error(), Err: err}
	}
	if err := flush(); err != nil {
		return summary, err
	}
	if faults.Count > 0 {
		return summary, &InputError{Text: faults.Error(), Err: &faults}
	}
	return summary, nil
}

// checkInput refuses an empty graph, and says whether the input is complete.
func (o Options) checkInput(in graph.Summary) (incomplete string, err error) {
	if in.Rows == 0 && !o.AllowEmpty {
		return "", &InputError{Text: "the input has no rows: every managed item would be removed; --allow-empty allows that"}
	}
	switch {
	case o.ExpectRows == in.Rows && o.ExpectRows > 0:
		return "", nil
	case o.ExpectRows > 0:
		return fmt.Sprintf("%d rows are expected, and there are %d", o.ExpectRows, in.Rows), nil
	}
	return in.Incomplete, nil
}
