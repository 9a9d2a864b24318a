package verb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/verb/jobs"
	"emanagement/verb/wire"
)

const (
	// defaultMaxWait is how long a requester waits before a long verb continues as a job.
	// Clients give up after 10 s or later.
	defaultMaxWait = 8 * time.Second
	// defaultReportInterval is the time between two messages about a running job.
	defaultReportInterval = time.Minute
	// notifyTimeout limits the sending of one message.
	notifyTimeout = 30 * time.Second
	// maxMessage limits the text of a message, in bytes. People read it in a chat.
	maxMessage = 16 << 10
)

// runAsJob runs a verb as a job, and waits for its end as long as the requester does. After
// that, messages tell the requester the progress and the end of the job.
func (n *Namespace) runAsJob(ctx context.Context, v *Verb, c *call, q Request, execute func(context.Context) (Result, error)) (Result, error) {
	_, end, err := n.services.Work.Begin(ctx)
	if err != nil {
		return Result{}, ending(err)
	}
	var r Result // r and err belong to the job's goroutine until the job has ended
	job, refusal := n.services.Jobs.Start(identity(c.requester), v.Name, func(ctx context.Context, setProgress func(Progress)) {
		defer end()
		c.progress = func(p Progress) {
			setProgress(p)
			n.reportProgress(c, v, p)
			if q.OnProgress != nil {
				q.OnProgress(p)
			}
		}
		r, err = n.recovering(v, func() (Result, error) { return execute(ctx) })
	})
	if refusal != nil {
		end()
	}
	switch {
	case errors.Is(refusal, jobs.ErrEnding):
		return Result{}, ending(refusal)
	case refusal != nil:
		return refused("%s", tooManyJobs), nil
	}
	if q.OnProgress != nil {
		defer context.AfterFunc(ctx, job.Stop)()
		<-job.Done()
		return r, err
	}
	if job.Await(ctx, cmp.Or(q.MaxWait, n.maxWait), func() { n.reportEnd(c, job, v, r, err) }) {
		return r, err
	}
	c.report.begin(job.Number)
	return started(job.Number, jobStarted, job.Number, v.Name), nil
}

// ending returns the error of a run that is refused because the program is about to stop.
func ending(cause error) *wire.Error {
	return &wire.Error{Kind: wire.Away, NothingDone: true, Text: "the component is about to stop; ask again in a moment", Temporary: true, Err: cause}
}

// recovering runs a verb. A panic ends only that verb, with an error.
func (n *Namespace) recovering(v *Verb, run func() (Result, error)) (r Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			n.log.Error("a verb panicked", "verb", v.Name, "panic", p, "stack", string(debug.Stack()))
			cause := fmt.Errorf("panic: %v", p)
			err = &wire.Error{Kind: wire.Failed, Text: fault.Of(cause).Text, Err: cause}
		}
	}()
	return run()
}

// jobReport holds the latest progress of a long verb, and when the requester was last told
// about its job.
type jobReport struct {
	mu       sync.Mutex
	job      int // the job's number, 0 while the requester still waits for the result
	sent     time.Time
	progress string
}

// begin starts the messages about a job. The requester has just been told its number.
func (r *jobReport) begin(job int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.job, r.sent = job, time.Now()
}

// set stores the progress. due reports whether a message about the job must be sent.
func (r *jobReport) set(progress string, interval time.Duration) (job int, due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress = progress
	due = r.job > 0 && time.Since(r.sent) >= interval
	if due {
		r.sent = time.Now()
	}
	return r.job, due
}

// last returns the progress that was stored last.
func (r *jobReport) last() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.progress
}

// interrupted returns the error of a long verb whose context has ended: the job was stopped,
// or the program ends.
func interrupted(cause error, progress string) error {
	why := "the component was stopped"
	if errors.Is(cause, jobs.ErrStopped) {
		why = "stopped"
	}
	return &wire.Error{Kind: wire.Failed, Text: fmt.Sprintf("%s; what was done until then stays done: %s", why, cmp.Or(progress, "nothing yet")), Err: cause}
}

// reportProgress stores the progress of a job. If a message is due, it sends the progress to
// the requester and to the log.
func (n *Namespace) reportProgress(c *call, v *Verb, p Progress) {
	number, due := c.report.set(p.Text, n.reportInterval)
	if due {
		n.log.Info("job goes on", "job", number, "verb", v.Name, "progress", p.Text)
		n.notify(c, number, v, "goes on: "+p.Text)
	}
}

// reportEnd sends the outcome of a job to its requester and to the log.
func (n *Namespace) reportEnd(c *call, job *jobs.Job, v *Verb, r Result, err error) {
	text := r.Outcome()
	if e, ok := errors.AsType[*wire.Error](err); ok {
		text = e.Text
	}
	n.log.Info("job ended", "job", job.Number, "verb", job.Name, "took", time.Since(job.Began), "outcome", text)
	// A verb that failed may have returned a table of what it did.
	if r.shape == wire.Table && len(r.lines) > 0 {
		text += "\n" + strings.Join(r.failuresFirst(), "\n")
	}
	n.notify(c, job.Number, v, text)
}

// notify sends the requester a message about a job, shortened if it is too long. A requester
// without a JID receives none.
func (n *Namespace) notify(c *call, number int, v *Verb, text string) {
	to, ok := c.requester.(jid.JID)
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
	ctx, cancel := context.WithTimeout(context.Background(), notifyTimeout)
	defer cancel()
	if err := n.services.Notify(ctx, to, fmt.Sprintf("job %d: %s: %s", number, v.Name, text)); err != nil {
		n.log.Warn("a message about a job could not be sent", "job", number, "to", to, "why", err)
	}
}
