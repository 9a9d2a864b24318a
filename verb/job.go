package verb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/verb/jobs"
	"emanagement/verb/wire"
)

const (
	// defaultPatience is how long an asker is kept waiting before a verb goes
	// on as a job: clients give up after 10 s or later.
	defaultPatience = 8 * time.Second
	// defaultNews is how often an asker hears of a job that goes on.
	defaultNews = time.Minute
	// tellTimeout bounds a message to an asker.
	tellTimeout = 30 * time.Second
	// maxMessage bounds a message's text, in bytes: people read it in a chat.
	maxMessage = 16 << 10
)

// runAsJob runs a verb as a job and waits for its end as long as the asker
// does. After that, messages tell the asker how far it is and how it ended.
func (n *Namespace) runAsJob(ctx context.Context, v *Verb, c *call, q Request, carryOut func(context.Context) (Result, error)) (Result, error) {
	var r Result // both are the job's until it has ended
	var err error
	job, refusal := n.services.Jobs.Start(identity(c.asker), v.Name, func(ctx context.Context, say func(Progress)) {
		c.say = func(p Progress) {
			say(p)
			if number, due := c.reports.note(p.Text, n.news); due {
				n.log.Info("job goes on", "job", number, "verb", v.Name, "progress", p.Text)
				n.tell(c, number, v, "goes on: "+p.Text)
			}
			if q.Attend != nil {
				q.Attend(p)
			}
		}
		r, err = n.guarded(v, func() (Result, error) { return carryOut(ctx) })
	})
	switch {
	case errors.Is(refusal, jobs.ErrEnding):
		return Result{}, &wire.Error{Kind: wire.Away, Text: "the component is about to stop; ask again in a moment", Temporary: true, Err: refusal}
	case refusal != nil:
		return refused("you have too many verbs under way; wait for one to end, or stop one (listJobs, stopJob)"), nil
	}
	if q.Attend != nil {
		defer context.AfterFunc(ctx, job.Stop)()
		<-job.Done()
		return r, err
	}
	if job.Await(ctx, cmp.Or(q.Patience, n.patience), func() { n.tellEnd(c, job, v, r, err) }) {
		return r, err
	}
	c.reports.begin(job.Number)
	return accepted(job.Number, "job %d: %s goes on; messages will tell how far it is and how it ends, and so does listJobs", job.Number, v.Name), nil
}

// guarded runs a verb so that its panic ends that verb alone.
func (n *Namespace) guarded(v *Verb, run func() (Result, error)) (r Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			n.log.Error("a verb panicked", "verb", v.Name, "panic", p, "stack", string(debug.Stack()))
			err = &wire.Error{Kind: wire.Failed, Text: fault.Of(nil).Text, Err: fmt.Errorf("panic: %v", p)}
		}
	}()
	return run()
}

// reports are what an asker hears of a job that goes on. There is none while
// the asker still waits.
type reports struct {
	mu       sync.Mutex
	job      int // its number, once the asker waits no more
	told     time.Time
	progress string
}

func (s *reports) begin(job int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.job, s.told = job, time.Now()
}

// note notes how far the job is, and says whether it is time to tell.
func (s *reports) note(progress string, every time.Duration) (job int, due bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress = progress
	due = s.job > 0 && time.Since(s.told) >= every
	if due {
		s.told = time.Now()
	}
	return s.job, due
}

func (s *reports) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.progress
}

// cutShort is the failure of a job whose context has ended: that happens only
// when it is stopped, or with the program.
func cutShort(cause error, progress string) error {
	who := "the component was stopped"
	if errors.Is(cause, jobs.ErrStopped) {
		who = "stopped"
	}
	return &wire.Error{Kind: wire.Failed, Text: fmt.Sprintf("%s; what was done until then stays done: %s", who, cmp.Or(progress, "nothing yet")), Err: cause}
}

// tellEnd tells the one who asked for a job of its end.
func (n *Namespace) tellEnd(c *call, job *jobs.Job, v *Verb, r Result, err error) {
	text := r.Outcome()
	if e, ok := errors.AsType[*wire.Error](err); ok {
		text = e.Text
	}
	n.log.Info("job ended", "job", job.Number, "verb", job.Name, "took", time.Since(job.Began), "outcome", text)
	// A verb that was not carried out to its end may say what it has done.
	if r.shape == wire.Table && len(r.lines) > 0 {
		text += "\n" + strings.Join(r.worstFirst(), "\n")
	}
	n.tell(c, job.Number, v, text)
}

// worstFirst is Readable, but recipients who were not reached come before the
// others: a message may not have room for all.
func (r Result) worstFirst() []string {
	lines := r.Readable()
	if r.missed > 0 {
		slices.SortStableFunc(lines, func(a, b string) int {
			return cmp.Compare(strings.Count(a, dash+reached), strings.Count(b, dash+reached))
		})
	}
	return lines
}

// tell sends a message about a job, cut where it is too long. Only whoever has
// a JID can be sent one.
func (n *Namespace) tell(c *call, number int, v *Verb, text string) {
	asker, ok := c.asker.(jid.JID)
	if !ok {
		return
	}
	if len(text) > maxMessage {
		shown := text[:strings.LastIndex(text[:maxMessage], "\n")+1]
		advice := "ask again for less at once"
		if v.Once {
			advice = "the audit log has all of it"
		}
		text = fmt.Sprintf("%s(%s left out; %s)", shown, wire.Count(strings.Count(text[len(shown):], "\n")+1, "line"), advice)
	}
	ctx, cancel := context.WithTimeout(context.Background(), tellTimeout)
	defer cancel()
	if err := n.services.Tell(ctx, asker, fmt.Sprintf("job %d: %s: %s", number, v.Name, text)); err != nil {
		n.log.Warn("an asker could not be told of a job", "job", number, "to", asker, "why", err)
	}
}

// jobVerbs is the part of the table that looks after verbs that take long.
func jobVerbs() []*Verb {
	return []*Verb{
		{
			Name:     "listJobs",
			Title:    "Show jobs",
			Summary:  "show the verbs that are under way",
			Help:     "Those that take longer than a client waits. One line each: number, verb, who asked, since when, how far. The columns are separated by tabs.",
			Role:     Read,
			Hostless: true,
			run:      listJobs,
		},
		{
			Name:     "stopJob",
			Title:    "Stop job",
			Summary:  "stop a verb that is under way",
			Help:     "What it has done until then stays done. Only who asked for it may stop it, and who has the role admin on every host.",
			Role:     Read,
			Recorded: true,
			Hostless: true,
			Params:   []Param{{Name: "job", Label: "Number, as listJobs shows it", Kind: Number, Required: true}},
			run:      stopJob,
		},
	}
}

type jobItem struct {
	Job      int    `json:"job"`
	Verb     string `json:"verb"`
	Asker    string `json:"asker"`
	Began    string `json:"began"`
	Progress string `json:"progress"`
	Done     int    `json:"done"`
	Total    int    `json:"total"` // 0: nobody knows
}

func listJobs(_ context.Context, c *call) (Result, error) {
	r := Result{shape: wire.Table, counted: "job"}
	for _, j := range c.Jobs.Running() {
		began := j.Began.UTC().Format(time.RFC3339)
		p := j.Progress()
		r.add(jobItem{j.Number, j.Name, j.Owner, began, p.Text, p.Done, p.Total}, fmt.Sprint(j.Number), j.Name, j.Owner, began, p.Text)
	}
	return r, nil
}

func stopJob(_ context.Context, c *call) (Result, error) {
	number, _ := c.num("job")
	for _, j := range c.Jobs.Running() {
		if j.Number != number {
			continue
		}
		if j.Owner != identity(c.asker) && !c.admin {
			return refused("job %d is not yours", number), nil
		}
		j.Stop()
		return Result{}, nil
	}
	return refused("job %d not found", number), nil
}
